/** English words of "sent and not sent". */
import type { Dictionary } from "./dictionary.js";
import { grouped, pluralEn } from "./grammar.js";

const n = (value: number): string => grouped(value, ",");

export const sent: Dictionary["sent"] = {
  title: "Sent and not sent",
  now: "Try now",
  running: "Exchanging…",
  fed: (count, more) => `${n(count)} ${pluralEn(count, "record read", "records read")}${more ? ", more follow" : ""}`,
  failed: (when) => `Last try at ${when}:`,
  byItself: "The app tries again by itself as soon as the hub answers.",
  notSent: "To send or to follow",
  allSent: "Everything that you recorded is confirmed.",
  sentAlready: "Confirmed",
  more: (count) => `Show ${n(count)} more`,
  courier: {
    title: "Send with a person",
    text: "No network for long? This file holds everything unconfirmed, sealed for the hub alone. Copy it to a stick and give it to the convoy. This phone keeps everything.",
    make: "Prepare the file",
    ready: (parcels, size) => `${n(parcels)} ${pluralEn(parcels, "parcel", "parcels")}, ${size}`,
    nothing: "Nothing to send: everything is confirmed.",
    save: "Save the file",
    back: "Has the convoy brought a return file? Choose it: this phone will know what the hub has, without a network.",
    choose: "Choose the return file",
    taken: (confirmed, held, read) =>
      [
        confirmed === 0 ? "The hub confirms nothing new" : `${n(confirmed)} ${pluralEn(confirmed, "entry", "entries")} confirmed`,
        held > 0 ? `${n(held)} held for a supervisor` : "",
        read > 0 ? `${n(read)} ${pluralEn(read, "record", "records")} read` : "",
      ].filter((part) => part !== "").join(", ") + ".",
    missing: (count) =>
      `${n(count)} ${pluralEn(count, "file has", "files have")} never come to the hub. What was in it went again with those after.`,
  },
  slip: {
    title: "End of shift",
    text: "To be read out or texted to your supervisor.",
    make: "Make the slip",
    head: (site, when) => `Segin ${site} ${when}`,
    counts: (phone, hub, two) => `Phone ${phone}, hub ${hub}, two places ${two}`,
    held: (held, refused) => `Held ${held}, refused ${refused}`,
    last: (code) => `Last code ${code}`,
    lastNone: "No code given",
    checksum: (sum) => `Check ${sum}`,
    copy: "Copy the text",
    copied: "Copied.",
  },
  storage: {
    title: "Space and data",
    used: "Space used",
    of: (used, quota) => `${used} of ${quota}`,
    reserved: "Kept free for new records",
    reservedNone: "The reserve is being used. Find a network: what is confirmed frees space.",
    persistent: "The browser has promised to erase nothing.",
    notPersistent: "The browser could erase if space runs out: install the app and find a network.",
    traffic: "Data exchanged",
    upDown: (up, down) => `${up} sent, ${down} received`,
  },
};
