/**
 * What the state machine reports, as things to say. Owns which reports are said, how urgently, and in which words; what
 * stands in each record's state anyway (receipts, counts), or on the screens while a device is pending or revoked, is
 * not said again.
 */
import type { Report } from "@segin/sync-protocol";
import { both, heldWords, refusedWords, sentence } from "./sentences.js";
import type { Notices } from "./notices.js";

/** Why things are held that every screen, or the first one, says of the device itself. */
const SAID_OF_DEVICE: ReadonlySet<string> = new Set(["held-who-pending", "held-who-revoked"]);

/** Says what a report means, if it is to be said. */
export function sayReport(report: Report, notices: Notices): void {
  if (typeof report === "string") {
    saySimple(report, notices);
  } else if ("Held" in report) {
    if (!SAID_OF_DEVICE.has(report.Held.code)) notices.add(heldWords(report.Held.code), "calm", report.Held.document);
  } else if ("Refused" in report) {
    notices.add(refusedWords(report.Refused.code, report.Refused.sentence), "urgent", report.Refused.document);
  } else if ("Decided" in report) {
    const { document, applied, rejected, sentence } = report.Decided;
    if (applied > 0) notices.add(both("Un responsable a accepté ce qui attendait.", "A supervisor accepted what was waiting."), "good", document);
    if (rejected > 0) notices.add(refusedWords("decided-rejected", sentence ?? ""), "urgent", document);
  } else if ("Replayed" in report) {
    const words = both("Votre saisie a été réécrite sur la version du serveur.", "What you entered was written again on the hub's version.");
    notices.add(words, "calm", report.Replayed.document);
  } else if ("Erased" in report) {
    notices.add(both("Un dossier a été effacé sur décision.", "A case was erased by decision."), "calm");
  } else if ("Conflict" in report) {
    const words = both("Deux valeurs existent: choisissez la bonne.", "There are two values: choose the right one.");
    notices.add(words, "urgent", report.Conflict.document);
  } else if ("Unreadable" in report) {
    const words = sentence("document-damaged");
    notices.add(words, "calm", report.Unreadable.document);
  } else if ("GivingBack" in report) {
    const words = both(
      "Le serveur avait perdu une partie du travail: cet appareil la lui rend.",
      "The hub had lost a part of the work: this device gives it back.",
    );
    notices.add(words, "calm");
  } else if ("Standing" in report) {
    if (report.Standing.standing === "active") notices.add(both("Votre appareil est confirmé.", "Your device is confirmed."), "good");
  } else if ("Differs" in report) {
    const words = both(
      "Le serveur et cet appareil ne gardent pas la même chose. Rien n'est perdu: prévenez l'administrateur.",
      "The hub and this device do not hold the same. Nothing is lost: tell the administrator.",
    );
    notices.add(words, "urgent");
  }
}

function saySimple(report: Extract<Report, string>, notices: Notices): void {
  switch (report) {
    case "CloneSeen":
      notices.add(
        both(
          "Une copie de cet appareil existe. Les deux continuent et rien n'est perdu: prévenez l'administrateur.",
          "A copy of this device exists. Both go on and nothing is lost: tell the administrator.",
        ),
        "urgent",
      );
      return;
    case "WipeOrdered":
      notices.add(
        both(
          "Le serveur demande d'effacer cet appareil. Ce sera fait quand tout sera envoyé.",
          "The hub asks to erase this device. That is done once everything is sent.",
        ),
        "urgent",
      );
      return;
    case "WipeCalledOff":
      notices.add(both("L'effacement est annulé.", "The erasing was called off."), "good");
      return;
    case "PushOnly":
    case "Busy":
      return;
  }
}
