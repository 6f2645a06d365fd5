/**
 * The link to the hub: one POST at a time to `/v1/enrol` and `/v1/exchange` of the origin that served the app, and
 * nowhere else. Owns measuring what the link carries in about four seconds, counting bytes, and the sentences for what
 * goes wrong. Refuses to conclude anything from `navigator.onLine`.
 */
import {
  ANSWER_BYTES_MAX,
  ANSWER_MILLIS_MAX,
  BATCH_MILLIS,
  ERROR_BYTES_MAX,
  FIRST_BUDGET_BYTES,
  HEADER_BYTES_DOWN,
  HEADER_BYTES_UP,
  MEASURED_FROM_BYTES,
  TIMEOUT_SHRINKS,
} from "../limits.js";
import { plainBytes } from "../vault/bytes.js";
import type { Words } from "./contract.js";
import { members, text } from "../store/shapes.js";
import { linkWords } from "./sentences.js";

/** Bytes of the smallest and of the largest batch; as `BATCH_BYTES_MIN` and `BATCH_BYTES_MAX` of the sync protocol. */
export const BUDGET_MIN = 2 * 1024;
export const BUDGET_MAX = 4 * 1024 * 1024;

/** Where a request goes. */
export type To = "enrol" | "exchange";

/** No answer came, or the hub answered with an error. */
export class LinkError extends Error {
  constructor(
    /** The hub's stable code, or `link-cut`, `link-timeout`, `link-stopped`. */
    readonly code: string,
    readonly words: Words,
  ) {
    super(code);
    this.name = "LinkError";
  }
}

/** What the link carries in four seconds, after it carried so many bytes in so many milliseconds. In bytes. */
export function measured(budget: number, bytes: number, millis: number): number {
  const time = Math.max(1, millis);
  let carries = budget;
  if (bytes >= MEASURED_FROM_BYTES) carries = Math.floor((bytes * BATCH_MILLIS) / time);
  // Too little to measure, but quick: try more.
  else if (time < BATCH_MILLIS / 4) carries = budget * 2;
  return Math.min(BUDGET_MAX, Math.max(BUDGET_MIN, carries));
}

/** The link of this device. */
export class Link {
  #budget = FIRST_BUDGET_BYTES;
  #under: AbortController | null = null;

  constructor(
    private readonly fetch: typeof globalThis.fetch,
    private readonly now: () => number,
    /** Told what each request carried. */
    private readonly carried: (up: number, down: number) => void,
  ) {}

  /** Bytes that the link is reckoned to carry in four seconds. */
  get budget(): number {
    return this.#budget;
  }

  /** Ends the request under way: its answer, if it still comes, is asked for again. */
  stop(): void {
    this.#under?.abort("stopped");
  }

  /** Posts a frame and reads the answer's. Throws {@link LinkError}. */
  async post(to: To, frame: Uint8Array): Promise<Uint8Array> {
    const abort = new AbortController();
    this.#under = abort;
    const timer = setTimeout(() => abort.abort("timeout"), ANSWER_MILLIS_MAX);
    const started = this.now();
    try {
      const response = await this.fetch(`/v1/${to}`, {
        method: "POST",
        headers: { "content-type": "application/cbor" },
        body: plainBytes(frame),
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: abort.signal,
      });
      const answer = new Uint8Array(await response.arrayBuffer());
      this.carried(frame.length + HEADER_BYTES_UP, answer.length + HEADER_BYTES_DOWN);
      if (!response.ok) throw hubError(response.status, answer);
      if (answer.length > ANSWER_BYTES_MAX) throw new LinkError("link-answer", linkWords("link-answer", null));
      this.#budget = measured(this.#budget, Math.max(frame.length, answer.length), this.now() - started);
      return answer;
    } catch (error) {
      if (error instanceof LinkError) throw error;
      const stopped = abort.signal.aborted && abort.signal.reason === "stopped";
      const code = stopped ? "link-stopped" : abort.signal.aborted ? "link-timeout" : "link-cut";
      const shrinks = code === "link-timeout" ? TIMEOUT_SHRINKS : 2;
      if (!stopped) this.#budget = Math.max(BUDGET_MIN, Math.floor(this.#budget / shrinks));
      throw new LinkError(code, linkWords(code, null));
    } finally {
      clearTimeout(timer);
      this.#under = null;
    }
  }
}

function hubError(status: number, body: Uint8Array): LinkError {
  let row: ReadonlyMap<string, unknown> | null = null;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body.subarray(0, ERROR_BYTES_MAX)));
    row = members(parsed);
  } catch {
    // A proxy's page, or nothing: the status is told.
  }
  const code = text(row?.get("code")) ?? `status-${status}`;
  return new LinkError(code, linkWords(code, text(row?.get("message"))));
}
