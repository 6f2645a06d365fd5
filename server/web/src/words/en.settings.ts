/** English words of settings and help. */
import type { Dictionary } from "./dictionary.js";

export const settings: Dictionary["settings"] = {
  title: "Settings and help",
  language: "Language",
  theme: "Colours of the screen",
  themes: { device: "As the phone", light: "Light, for the sun", dark: "Dark, for the night" },
  device: "This device",
  who: "Caseworker",
  site: "Site",
  letters: "Letters on codes",
  fingerprint: "Fingerprint",
  standing: "Standing",
  standings: {
    active: "confirmed by your supervisor",
    pending: "waits for your supervisor's confirmation",
    revoked: "revoked",
  },
  configuration: "Lists and places",
  configurationVersion: (version) => `version ${version}`,
  version: "Version of the app",
  pin: "PIN",
  pinSet: "Change the PIN",
  help: "Help",
  helpItems: [
    { q: "No network: do I go on?", a: "Yes. Everything is recorded on this phone, even switched off and on again. Sending happens by itself when the hub answers." },
    { q: "How do I know that it arrived?", a: "Look at “In two places”: what is counted there is at the hub and in a second copy. What is not proved stays counted lower." },
    { q: "I hand the phone to a colleague.", a: "Tap “Lock”; the colleague chooses their name and opens with their passphrase or PIN. You will find your screen at the same field." },
    { q: "The person does not know or will not say.", a: "Tap “No answer?” under the field. That is a true answer: nothing forces you to invent." },
    { q: "The phone is lost or taken.", a: "Tell your supervisor at once: the device is revoked. Without your passphrase nothing on it can be read." },
  ],
};
