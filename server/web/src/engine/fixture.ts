/**
 * The contract in memory, with invented people: for developing screens (`npm run dev` with `?fixture`) and for their
 * pictures. Never part of a built app. `?fixture=<phase>` begins at a door, `&people=<count>` sets how many there are,
 * `&full` adds what is rare: held work, a failure, a waiting version. Passphrase and PIN of everybody: anything but `0…`.
 */
import type { Answer, Configuration, Edit, Kind } from "@segin/sync-protocol";
import { EngineError, type Editing, type Engine, type EngineState, type Ladder, type Opened, type Phase, type Row, type User, type UserCard } from "./contract.js";
import { writeCard } from "../flow/card.js";
import { withEdit } from "../flow/pending.js";
import configuration from "./fixture.configuration.json";
import { answerOf, apply, blank, entriesOf, fieldsOf, type Paper, projectionOf, textOf, type Writer } from "./fixture.documents.js";
import { documentId, inventedPapers } from "./fixture.people.js";

const WRITER: Writer = { prefix: "0123456789abcdef", name: "Awa Coulibaly", site: "GOG" };
const USER: User = {
  id: "u-awa", name: WRITER.name, site: "GOG", siteName: "Gogui", letters: "K7", prefix: WRITER.prefix, fingerprint: "7K3Q-M2XP",
  standing: "active", readingLocked: false,
};
const USERS: readonly UserCard[] = [
  { id: "u-awa", name: "Awa Coulibaly", site: "Gogui", pin: true, pinTriesLeft: 5, unsent: 3 },
  { id: "u-bakary", name: "Bakary Keïta", site: "Gogui", pin: false, pinTriesLeft: 5, unsent: 0 },
  { id: "u-rokia", name: "Rokia Sangaré", site: "Gogui", pin: true, pinTriesLeft: 2, unsent: 12 },
];
const LISTS: Configuration = configuration;

const WRONG = { fr: "Ce n'est pas la bonne phrase ou le bon code. Réessayez.", en: "That is not the right passphrase or PIN. Try again." };
const HELD = { fr: "Cette personne est suivie par un autre site ; son responsable décide.", en: "Another site follows this person; its supervisor decides." };
const REFUSED = { fr: "Le serveur n'a pas pu lire ce changement. Montrez cet écran à votre responsable.", en: "The hub could not read this change. Show this screen to your supervisor." };

/** An engine in memory as the address asks. */
export function createFixture(search: URLSearchParams): Engine {
  const now = Date.now();
  const papers = new Map<string, Paper>();
  for (const paper of inventedPapers(WRITER, Number(search.get("people") ?? "40"), now)) papers.set(paper.document, paper);
  const pendings = new Map<string, { readonly kind: Kind; edits: Edit[] }>();
  const listeners = new Set<(state: EngineState) => void>();
  let nextPerson = 1_000;
  let nextEntry = 1;

  let state: EngineState = {
    phase: { is: "starting" },
    users: USERS,
    ladder: { onPhone: 0, atHub: 0, inTwo: 0, held: 0, refused: 0 },
    sync: {
      running: false, contactAt: now - 37 * 60_000, triedAt: now - 4 * 60_000,
      failure: search.has("full") ? { fr: "Pas de réponse du serveur. Rien n'est perdu.", en: "No answer from the hub. Nothing is lost." } : null,
      fed: 0, more: false, bytesUp: 184_000, bytesDown: 1_240_000,
    },
    rows: [],
    configuration: LISTS,
    notices: search.has("full") ? [{ id: 1, words: { fr: "Kayes a aussi ouvert le dossier GOG-26-K7-0001-C.", en: "Kayes opened the case GOG-26-K7-0001-C too." }, documents: [documentId(1)], tone: "calm" }] : [],
    updateWaiting: search.has("full"),
  };

  function show(part: Partial<EngineState>): void {
    const rows = [...papers.values()].map(rowOf);
    state = { ...state, ...part, rows, ladder: ladderOf(rows) };
    for (const listener of listeners) listener(state);
  }

  function find(document: string): Paper {
    const paper = papers.get(document);
    if (!paper) throw new EngineError("document-unknown", { fr: "Ce dossier n'est pas sur cet appareil.", en: "This case is not on this device." });
    return paper;
  }

  function opened(document: string): Opened {
    const paper = find(document);
    const code = textOf(paper, "card.code") || null;
    return {
      document, kind: paper.kind, heads: [`${document}-${paper.heads}`], projection: projectionOf(paper), conflicts: paper.conflicts,
      history: paper.history, step: paper.step, why: paper.step === "held" ? HELD : paper.step === "refused" ? REFUSED : null,
      code, card: code === null ? null : writeCard({ code, document, token: "00112233445566778899aabb" }),
    };
  }

  function editing(kind: Kind, document: string, isNew: boolean, before: Opened | null): Editing {
    const draft = pendings.get(document) ?? { kind, edits: [] };
    pendings.set(document, draft);
    return {
      document, kind, isNew, opened: before,
      get pending() {
        return draft.edits;
      },
      answer(path: string): Answer | undefined {
        const edit = draft.edits.findLast((candidate) => candidate.edit === "set" && candidate.field === path);
        if (edit?.edit === "set") return edit.value;
        const paper = papers.get(document);
        return paper ? answerOf(paper, path) : undefined;
      },
      async edit(edit: Edit) {
        draft.edits = withEdit(draft.edits, edit);
        show({});
      },
      entry: () => `e${String((nextEntry += 1)).padStart(10, "0")}`,
      async leave() {
        pendings.delete(document);
        if (draft.edits.length === 0) return { code: null };
        const paper = papers.get(document) ?? blank(document, kind, Date.now());
        const fresh = kind === "case" && textOf(paper, "card.code") === "";
        const code = fresh ? `GOG-26-K7-${String(nextPerson).padStart(4, "0")}-T` : null;
        const given: Edit[] = code === null ? [] : [{ edit: "set", field: "card.code", value: code }];
        apply(paper, [...given, ...draft.edits], WRITER, Date.now());
        papers.set(document, paper);
        show({});
        return { code };
      },
      async drop() {
        pendings.delete(document);
        show({});
      },
    };
  }

  const open = () => show({ phase: { is: "open", user: { ...USER, standing: search.has("pending") ? "pending" : "active" } } });
  async function unlock(secret: string): Promise<void> {
    if (secret.startsWith("0")) throw new EngineError("passphrase-wrong", WRONG);
    open();
  }

  return {
    get state() {
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async start() {
      const phase = doorOf(search.get("fixture") ?? "", now);
      if (phase.is === "new") papers.clear();
      if (search.has("full")) pendings.set(documentId(5), { kind: "case", edits: [] });
      if (phase.is === "open") open();
      else show({ phase, users: phase.is === "new" ? [] : USERS });
    },
    async enrol() {
      show({ phase: { is: "open", user: { ...USER, standing: "pending" } } });
    },
    unlock: (_user, passphrase) => unlock(passphrase),
    unlockWithPin: (_user, pin) => unlock(pin),
    async setPin() {
      show({ users: state.users.map((card) => (card.id === USER.id ? { ...card, pin: true } : card)) });
    },
    async lock() {
      show({ phase: { is: "locked" } });
    },
    open: async (document) => opened(document),
    async edit({ kind, document, shown }) {
      const isNew = document === undefined;
      const id = document ?? documentId((nextPerson += 1));
      return editing(kind, id, isNew, shown ?? (papers.has(id) ? opened(id) : null));
    },
    drafts: () => [...pendings].map(([document, draft]) => ({ document, kind: draft.kind })),
    async syncNow() {
      for (const paper of papers.values()) if (paper.step === "phone" || paper.step === "sending") paper.step = "hub";
      show({ sync: { ...state.sync, failure: null, contactAt: Date.now(), triedAt: Date.now() } });
    },
    courierFile: async () => ({ name: "segin-courrier-1.segin", bytes: new Uint8Array(4_096), parcels: 3 }),
    takeReturn: async () => ({ confirmed: 3, held: 0, read: 2, missing: [[2, 2]] }),
    storage: async () => ({ usedBytes: 34_000_000, quotaBytes: 1_200_000_000, reservedBytes: 6_000_000, persistent: !search.has("full") }),
    slip: async () => ({ counts: state.ladder, lastCode: "GOG-26-K7-0040-F", checksum: "4T9K" }),
    dismiss(notice) {
      show({ notices: state.notices.filter((candidate) => candidate.id !== notice) });
    },
    async update() {
      show({ updateWaiting: false });
    },
  };
}

function doorOf(name: string, now: number): Phase {
  switch (name) {
    case "new": case "locked": case "elsewhere": case "starting":
      return { is: name };
    case "wiped":
      return { is: "wiped", at: now, all: true };
    case "broken":
      return { is: "broken", reason: { fr: "L'appareil n'a plus de place pour ouvrir l'application. Libérez de la place (photos, vidéos), puis réessayez.", en: "The device has no space left to open the app. Free some space (photos, videos), then try again." } };
    default:
      return { is: "open", user: USER };
  }
}

function rowOf(paper: Paper): Row {
  const given = textOf(paper, "identity.given");
  const family = textOf(paper, "identity.family");
  const sex = answerOf(paper, "identity.sex");
  const born = answerOf(paper, "birth.date");
  const urgent = Object.keys(fieldsOf(paper, "urgent"));
  const movement = [textOf(paper, "trip.vehicle"), textOf(paper, "trip.from")].filter(Boolean).join(", ");
  const name = [given, family].filter(Boolean).join(" ") || textOf(paper, "identity.called");
  const alone = urgent.includes("child_alone");
  const movements = entriesOf(paper, "arrivals").map((entry) => entry.fields["movement"]?.value).filter((value) => typeof value === "string");
  return {
    document: paper.document, kind: paper.kind, code: textOf(paper, "card.code") || null,
    name: paper.kind === "movement" ? movement : name,
    names: [given, family, textOf(paper, "identity.called"), textOf(paper, "identity.father"), textOf(paper, "identity.mother")].filter(Boolean),
    sex: sex === "f" || sex === "m" || sex === "unknown" ? sex : null,
    age: typeof born === "object" && "precision" in born && born.precision === "age_only" ? Number(born.value) : null,
    site: textOf(paper, "card.site") || null, movements, urgent, about: [...Object.keys(fieldsOf(paper, "members")), textOf(paper, "annex.case")].filter(Boolean),
    childAlone: alone && entriesOf(paper, "told").length === 0,
    status: "present", firstAt: paper.firstAt, lastAt: paper.lastAt, conflicts: paper.conflicts.length, step: paper.step,
  };
}

function ladderOf(rows: readonly Row[]): Ladder {
  const count = (...steps: readonly string[]) => rows.filter((row) => steps.includes(row.step)).length;
  return { onPhone: count("draft", "phone", "sending"), atHub: count("hub", "held"), inTwo: count("two"), held: count("held"), refused: count("refused") };
}
