/** All that is behind the door, as one file: it compresses better than many, and is there whole or not at all. */
export { createEngine } from "../engine/browser.js";
export { SCREENS } from "./screens.js";
