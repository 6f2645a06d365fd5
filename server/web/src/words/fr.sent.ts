/** French words of "sent and not sent": each record's state, trying now, the courier file, storage, the slip. */
import { FRENCH_GAP, grouped, pluralFr } from "./grammar.js";

const n = (value: number): string => grouped(value, FRENCH_GAP);

export const sent = {
  title: "Envoyé et non envoyé",
  now: "Essayer maintenant",
  running: "Échange en cours…",
  fed: (count: number, more: boolean) =>
    `${n(count)} ${pluralFr(count, "fiche lue", "fiches lues")}${more ? ", d'autres suivent" : ""}`,
  failed: (when: string) => `Dernier essai à ${when} :`,
  byItself: "L'application réessaie d'elle-même dès que le serveur répond.",
  notSent: "À envoyer ou à suivre",
  allSent: "Tout ce que vous avez enregistré est confirmé.",
  sentAlready: "Confirmé",
  more: (count: number) => `Montrer ${n(count)} de plus`,
  courier: {
    title: "Envoyer par une personne",
    text: "Pas de réseau pour longtemps ? Ce fichier contient tout ce qui n'est pas confirmé, chiffré pour le serveur seul. Copiez-le sur une clé et confiez-la au convoi. Ce téléphone garde tout.",
    make: "Préparer le fichier",
    ready: (parcels: number, size: string) => `${n(parcels)} ${pluralFr(parcels, "envoi", "envois")}, ${size}`,
    nothing: "Rien à envoyer : tout est confirmé.",
    save: "Enregistrer le fichier",
    back: "Le convoi rapporte un fichier de retour ? Choisissez-le : ce téléphone saura ce que le serveur a reçu, sans réseau.",
    choose: "Choisir le fichier de retour",
    taken: (confirmed: number, held: number, read: number) =>
      [
        confirmed === 0 ? "Le serveur ne confirme rien de nouveau" : `${n(confirmed)} ${pluralFr(confirmed, "saisie confirmée", "saisies confirmées")}`,
        held > 0 ? `${n(held)} ${pluralFr(held, "retenue", "retenues")} pour un responsable` : "",
        read > 0 ? `${n(read)} ${pluralFr(read, "fiche lue", "fiches lues")}` : "",
      ].filter((part) => part !== "").join(", ") + ".",
    missing: (count: number) =>
      `${n(count)} ${pluralFr(count, "fichier n'est jamais arrivé", "fichiers ne sont jamais arrivés")} au serveur. Ce qu'il contenait est reparti avec les suivants.`,
  },
  slip: {
    title: "Fin de service",
    text: "À lire au téléphone ou à envoyer par SMS à votre responsable.",
    make: "Faire le bulletin",
    head: (site: string, when: string) => `Segin ${site} ${when}`,
    counts: (phone: number, hub: number, two: number) => `Téléphone ${phone}, serveur ${hub}, deux lieux ${two}`,
    held: (held: number, refused: number) => `Retenues ${held}, refusées ${refused}`,
    last: (code: string) => `Dernier code ${code}`,
    lastNone: "Aucun code donné",
    checksum: (sum: string) => `Contrôle ${sum}`,
    copy: "Copier le texte",
    copied: "Copié.",
  },
  storage: {
    title: "Place et données",
    used: "Place utilisée",
    of: (used: string, quota: string) => `${used} sur ${quota}`,
    reserved: "Gardé libre pour de nouvelles fiches",
    reservedNone: "La réserve est entamée. Trouvez du réseau : ce qui est confirmé libère de la place.",
    persistent: "Le navigateur a promis de ne rien effacer.",
    notPersistent: "Le navigateur pourrait effacer si la place manque : installez l'application et trouvez du réseau.",
    traffic: "Données échangées",
    upDown: (up: string, down: string) => `${up} envoyés, ${down} reçus`,
  },
} as const;
