/** The app's entry: draws the first screen at once, and only then loads the engine with its wasm. */
import { mount } from "svelte";
import App from "./App.svelte";
import { breakDown, connect } from "./app/engine.svelte.js";
import { loadEngine } from "./app/load.js";
import { applyTheme, keptTheme } from "./style/theme.js";
import "./style/index.css";
import { keptLanguage, speak } from "./words/index.svelte.js";

async function begin(): Promise<void> {
  applyTheme(keptTheme());
  await speak(keptLanguage());
  const target = document.getElementById("app");
  if (!target) return;
  target.replaceChildren();
  mount(App, { target });
  try {
    await connect(await loadEngine());
  } catch {
    breakDown();
  }
}

void begin();
