/** The app's entry: draws the first screen before the engine and its wasm are there. */
import { mount } from "svelte";
import App from "./App.svelte";

const target = document.getElementById("app");
if (target) mount(App, { target });
