/** French words of finding. */
import { FRENCH_GAP, grouped, pluralFr } from "./grammar.js";

const n = (value: number): string => grouped(value, FRENCH_GAP);

export const find = {
  title: "Chercher",
  text: "Nom, ou code de la carte",
  hint: "L'orthographe ne compte pas. Le prénom du père aide.",
  scan: "Scanner ou taper une carte",
  movement: "Arrivée",
  allMovements: "Toutes",
  day: "Jour",
  dayHint: "hier, 30/4, 30 avril 2024",
  dayWrong: "Ce jour n'est pas compris. Essayez 30/4.",
  narrow: "Par arrivée ou par jour",
  found: (count: number, more: boolean) => `${n(count)}${more ? "+" : ""} ${pluralFr(count, "fiche", "fiches")}`,
  none: "Personne ne ressemble à cela sur cet appareil.",
  noneHint: "Essayez le nom de famille seul, ou une autre orthographe. La personne peut être connue ailleurs.",
  begin: "Commencer une nouvelle fiche",
  lately: "Travaillé en dernier",
  children: "Enfants seuls : qui a été prévenu ?",
  more: (count: number) => `${n(count)} de plus`,
} as const;
