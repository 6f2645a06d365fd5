/**
 * What the engine says to people, French first. Owns the sentences for errors and reasons, by their stable codes.
 * Refuses to name a registered person, and never says that something is safe which is not.
 */
import { PASSPHRASE_CHARACTERS_MIN, PIN_DIGITS } from "../limits.js";
import { StoreError } from "../store/errors.js";
import { EngineError } from "./contract.js";
import type { Words } from "./contract.js";

/** A sentence in both languages. */
export function both(fr: string, en: string): Words {
  return { fr, en };
}

const STAYS = both("Tout reste ici et repart tout seul.", "Everything stays here and goes by itself.");

const LINK: Readonly<Record<string, Words>> = {
  "link-cut": both(`Pas de connexion avec le serveur. ${STAYS.fr}`, `No connection to the hub. ${STAYS.en}`),
  "link-timeout": both(`Le serveur n'a pas répondu à temps. ${STAYS.fr}`, `The hub did not answer in time. ${STAYS.en}`),
  "link-stopped": both(`L'échange a été arrêté. ${STAYS.fr}`, `The exchange was stopped. ${STAYS.en}`),
  "link-answer": both(
    `La réponse du serveur ne peut pas être lue. ${STAYS.fr}`,
    `The hub's answer cannot be read. ${STAYS.en}`,
  ),
  "lease-unknown": both(
    "Ce serveur ne connaît pas cet appareil. Rien n'est perdu: prévenez l'administrateur.",
    "This hub does not know this device. Nothing is lost: tell the administrator.",
  ),
};

/** Why a request had no useful answer. */
export function linkWords(code: string, message: string | null): Words {
  const known = LINK[code];
  if (known !== undefined) return known;
  if (code === "status-502" || code === "status-503" || code === "status-504" || code === "status-404") {
    return both(`Le serveur n'est pas prêt. ${STAYS.fr}`, `The hub is not ready. ${STAYS.en}`);
  }
  return both(
    `Le serveur a refusé l'échange (${code}). ${STAYS.fr}`,
    `The hub refused the exchange: ${message ?? code}. ${STAYS.en}`,
  );
}

/** Why an exchange that reached the hub ended early, in the state machine's words. */
export function exchangeWords(reason: string): Words {
  return both(`Tout n'a pas été échangé. ${STAYS.fr}`, `Not everything was exchanged: ${reason}. ${STAYS.en}`);
}

/** Why a courier file was not made or a return file not taken, in the state machine's words. Nothing was changed. */
export function courierWords(reason: string): Words {
  if (reason.includes("another device")) {
    return both(
      "Ce fichier de retour est pour un autre appareil, ou pour un envoi ancien. Rien n'a changé ici.",
      "This return file is for another device, or for an old file. Nothing was changed here.",
    );
  }
  if (reason.includes("busy")) return both("Un échange est en cours. Réessayez dans un instant.", "An exchange is under way. Try again in a moment.");
  if (reason.includes("not begin with")) {
    return both("Ce n'est pas un fichier de retour. Rien n'a changé ici.", "This is no return file. Nothing was changed here.");
  }
  if (reason.includes("cut or changed")) {
    return both(
      "Ce fichier a été coupé ou modifié en route. Recopiez-le. Rien n'a changé ici.",
      "This file was cut or changed on its way. Copy it again. Nothing was changed here.",
    );
  }
  return both("Ce fichier ne peut pas servir. Rien n'a changé ici.", `This file is of no use: ${reason}. Nothing was changed here.`);
}

/** The same as an error. */
export function refusal(reason: string): EngineError {
  return new EngineError("courier", courierWords(reason));
}

const ENROL: Readonly<Record<string, Words>> = {
  "invitation-unknown": both(
    "Cette invitation n'est pas connue, a déjà servi ou n'est plus valable. Demandez-en une autre.",
    "This invitation is unknown, was used already or has expired. Ask for another one.",
  ),
};

/** Why an enrolment did not work. */
export function enrolWords(code: string, reason: string): Words {
  if (code.startsWith("invitation") || code === "status-403") {
    return ENROL[code] ?? ENROL["invitation-unknown"] ?? both(reason, reason);
  }
  if (code.startsWith("link-")) {
    return both(
      "Pas de connexion avec le serveur. L'invitation reste valable: réessayez là où il y a du réseau.",
      "No connection to the hub. The invitation stays valid: try again where there is a network.",
    );
  }
  return both(
    `L'appareil n'a pas été inscrit (${code}). Montrez cet écran à votre responsable.`,
    `The device was not enrolled: ${reason}. Show this screen to your supervisor.`,
  );
}

const HELD: Readonly<Record<string, Words>> = {
  "held-who-scope": both(
    "Reçu par le serveur; un responsable doit l'accepter, car ce dossier est d'un autre site.",
    "The hub has it; a supervisor must accept it, because this case is another site's.",
  ),
  "held-who-behind": both(
    "Reçu par le serveur; attend la décision sur ce qui a été noté avant.",
    "The hub has it; it waits for the decision on what was recorded before.",
  ),
  "held-who-pending": both(
    "Reçu par le serveur; attend que votre appareil soit confirmé.",
    "The hub has it; it waits until your device is confirmed.",
  ),
  "held-who-revoked": both(
    "Reçu par le serveur; cet appareil a été retiré, un responsable décide.",
    "The hub has it; this device was revoked, a supervisor decides.",
  ),
  "held-who-restored": both(
    "Reçu par le serveur, qui revient d'une copie plus ancienne; un administrateur doit d'abord le confirmer.",
    "The hub has it; it was brought back from an older copy, and an administrator must confirm that first.",
  ),
  "held-who-inactive": both(
    "Reçu par le serveur; votre compte n'est pas actif, un responsable décide.",
    "The hub has it; your account is not active, a supervisor decides.",
  ),
};

/** Why something waits at the hub. */
export function heldWords(code: string): Words {
  const known = HELD[code];
  if (known !== undefined) return known;
  return both(`Reçu par le serveur; un responsable doit décider (${code}).`, `The hub has it; a person must decide (${code}).`);
}

/** Why something was not accepted. */
export function refusedWords(code: string, sentence: string): Words {
  if (code === "decided-rejected") {
    const why = sentence === "" ? "" : ` « ${sentence} »`;
    return both(`Un responsable ne l'a pas accepté.${why} Le texte est gardé ici.`, `A supervisor did not accept it.${why} It is kept here.`);
  }
  return both(
    `Le serveur ne l'a pas accepté (${code}). Le texte est gardé ici: montrez-le à votre responsable.`,
    `The hub did not accept it: ${sentence} (${code}). It is kept here: show it to your supervisor.`,
  );
}

const ERRORS = {
  "passphrase-short": both(
    `La phrase secrète doit avoir au moins ${PASSPHRASE_CHARACTERS_MIN} caractères.`,
    `The passphrase must have at least ${PASSPHRASE_CHARACTERS_MIN} characters.`,
  ),
  "passphrase-long": both("La phrase secrète est trop longue.", "The passphrase is too long."),
  "passphrase-wrong": both("Ce n'est pas la bonne phrase secrète.", "This is not the right passphrase."),
  "passphrase-first": both(
    "Une inscription a été commencée avec une autre phrase secrète. Tapez celle du premier essai, ou demandez une nouvelle invitation.",
    "An enrolment was begun with another passphrase. Type the one of the first try, or ask for a new invitation.",
  ),
  "pin-form": both(`Le code a ${PIN_DIGITS} chiffres.`, `The PIN has ${PIN_DIGITS} digits.`),
  "pin-wrong": both("Ce n'est pas le bon code.", "This is not the right PIN."),
  "pin-gone": both("Tapez la phrase secrète: le code n'est plus accepté.", "Type the passphrase: the PIN is no longer accepted."),
  "user-unknown": both("Cette personne n'est pas inscrite sur cet appareil.", "This person is not enrolled on this device."),
  "not-open": both("L'application est verrouillée.", "The app is locked."),
  "invitation-form": both(
    "Une invitation a douze lettres et chiffres, par exemple 7K3Q-M2XP-9WTA.",
    "An invitation has twelve letters and digits, such as 7K3Q-M2XP-9WTA.",
  ),
  "document-unknown": both("Ce dossier n'est pas sur cet appareil.", "This case is not on this device."),
  "document-away": both(
    "Ce dossier n'est plus sur cet appareil, faute de place. Il revient au prochain échange.",
    "This case is no longer on this device, for want of room. It comes back with the next exchange.",
  ),
  "document-damaged": both(
    "Ce dossier ne peut plus être lu ici. Il est redemandé au serveur; ce qui n'était pas envoyé est gardé et part.",
    "This case can no longer be read here. It is asked for again; what was unsent is kept and goes.",
  ),
  "reading-locked": both(
    "Sans contact avec le serveur depuis plus de deux semaines, les anciens dossiers ne s'ouvrent pas. Enregistrer reste possible.",
    "Without contact with the hub for more than two weeks, old cases do not open. Recording is still possible.",
  ),
  "card-form": both("Ce n'est pas une carte Segin.", "This is not a Segin card."),
  "rows-damaged": both(
    "Vos données ici ne peuvent plus être lues. Ce qui était scellé part quand même. Demandez une nouvelle invitation.",
    "Your data here can no longer be read. What was sealed still goes. Ask for a new invitation.",
  ),
  "row-aside": both(
    "Une ligne stockée ici ne peut pas être lue et a été mise de côté. Le reste continue.",
    "A row stored here cannot be read and was set aside. The rest goes on.",
  ),
  busy: both("Un instant: l'appareil finit autre chose. Réessayez.", "One moment: the device is finishing something. Try again."),
  "no-browser": both(
    "Ce navigateur ne peut pas garder les données en sécurité. Ouvrez l'adresse en https avec Chrome ou Firefox à jour.",
    "This browser cannot keep data safely. Open the https address with an up-to-date Chrome or Firefox.",
  ),
} as const;

/** An error that people are told. */
export function problem(code: keyof typeof ERRORS): EngineError {
  return new EngineError(code, ERRORS[code]);
}

/** Its sentence alone. */
export function sentence(code: keyof typeof ERRORS): Words {
  return ERRORS[code];
}

/** What was entered was not taken; it stays a draft. */
export function editRefused(reason: string): EngineError {
  const words = both(
    `Cette saisie n'a pas été acceptée et reste en brouillon: ${reason}`,
    `What was entered was not accepted and stays a draft: ${reason}`,
  );
  return new EngineError("edit-refused", words);
}

const STORE: Readonly<Record<StoreError["code"], Words>> = {
  "store-full": both(
    "La mémoire de l'appareil est pleine. Rien n'est perdu, mais ceci n'a pas été enregistré: effacez des photos ou des vidéos, puis réessayez.",
    "The device's storage is full. Nothing is lost, but this was not stored: delete photos or videos, then try again.",
  ),
  "store-newer": both(
    "Une version plus récente de l'application a été utilisée ici. Fermez-la et rouvrez-la.",
    "A newer version of the app was used here. Close it and open it again.",
  ),
  "store-missing": both(
    "Ce navigateur ne garde pas de données. N'utilisez pas la navigation privée.",
    "This browser keeps no data. Do not use private browsing.",
  ),
  "store-failed": both(
    "L'appareil n'a pas pu lire ou écrire ses données. Fermez et rouvrez l'application; si cela revient, montrez cet écran à votre responsable.",
    "The device could not read or write its data. Close and open the app; if it comes back, show this screen to your supervisor.",
  ),
  "store-locked": both("L'application est verrouillée.", "The app is locked."),
};

/** Anything thrown, as an error for people. */
export function engineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (error instanceof StoreError) return new EngineError(error.code, STORE[error.code]);
  return new EngineError("unexpected", STORE["store-failed"]);
}
