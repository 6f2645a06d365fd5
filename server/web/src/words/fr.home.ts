/** French words of the home screen. */
import { FRENCH_GAP, grouped, pluralFr } from "./grammar.js";

const n = (value: number): string => grouped(value, FRENCH_GAP);

export const home = {
  title: "Accueil",
  arrival: "Nouvelle arrivée",
  arrivalHint: "un camion, un bus, un vol",
  person: "Nouvelle personne",
  personHint: "sans groupe, ou une de plus",
  find: "Chercher",
  findHint: "nom, code, carte, jour",
  sent: "Envoyé et non envoyé",
  settings: "Réglages et aide",
  children: (count: number) => `${n(count)} ${pluralFr(count, "enfant seul", "enfants seuls")} : qui a été prévenu ?`,
  childrenMore: (count: number) => `${n(count)} de plus`,
  drafts: (count: number) => `${n(count)} ${pluralFr(count, "brouillon à finir", "brouillons à finir")}`,
  goOn: "Continuer",
  kind: {
    case: "Personne",
    movement: "Arrivée",
    household: "Famille",
    annex: "Fiche confidentielle",
    link: "Rapprochement",
    referral: "Orientation",
  },
  nameless: "Sans nom",
  tonight: "Enregistré récemment",
  nobody: "Rien encore. La première personne enregistrée apparaîtra ici.",
  conflicts: (count: number) => `${n(count)} ${pluralFr(count, "champ a deux valeurs", "champs ont deux valeurs")}`,
} as const;
