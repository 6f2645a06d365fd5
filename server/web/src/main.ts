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
    // What exactly failed may name things of the device: the person is told what to do, nothing else is written anywhere.
    breakDown({
      fr: "Une partie de l'application n'a pas pu être chargée. Fermez et rouvrez-la. Si cela revient, montrez cet écran à votre responsable.",
      en: "A part of the app could not be loaded. Close it and open it again. If it comes back, show this screen to your supervisor.",
    });
  }
}

void begin();
