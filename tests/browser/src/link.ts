/**
 * The link between a browser and the hub: an HTTP proxy that can be slow, far, cut in the middle, lose answers, send
 * requests twice, or be gone. It is an origin of its own: an app opened through it keeps it for ever, as a phone knows
 * one address of its hub. Counts what passes.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { PACKET_BYTES } from "./limits.ts";

/** How it is. */
export interface Weather {
  /** Whether there is a link at all. */
  readonly up: boolean;
  /** Bytes a second, each way; null: as many as the machine carries. */
  readonly bytesPerSecond: number | null;
  /** Milliseconds that a request takes before the hub hears it. */
  readonly delayMs: number;
}

/** Up is to the hub. */
export type Way = "up" | "down";

/** One request that ended; its bytes are those of bodies. */
export interface Passed {
  readonly path: string;
  readonly method: string;
  up: number;
  down: number;
  /** As the hub answered; null: it did not, or the answer did not arrive whole. */
  status: number | null;
}

interface Cut {
  readonly way: Way;
  readonly path: string;
  left: number;
}

/** Something that is done to requests whose path begins so. */
interface Prank {
  readonly path: string;
  left: number;
}

/** Requests that wait. */
interface Hold {
  readonly ending: string;
  readonly released: Promise<void>;
}

/** A link. */
export class Link {
  /** What passed, in order of its end. */
  readonly passed: Passed[] = [];
  /** How often a cut that was asked for took place. */
  cuts = 0;
  readonly #hub: () => string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #weather: Weather = { up: true, bytesPerSecond: null, delayMs: 0 };
  #cuts: Cut[] = [];
  #hold: Hold | null = null;
  readonly #instead = new Map<string, string>();
  #lose: Prank = { path: "", left: 0 };
  #double: Prank = { path: "", left: 0 };
  /** When each way is free again, by this process's clock in milliseconds. */
  readonly #free = { up: 0, down: 0 };
  #port = 0;

  /** Leads to what the function says at that moment: `host:port`. */
  constructor(hub: () => string) {
    this.#hub = hub;
    this.#server = createServer((asked, answer) => {
      this.#carry(asked, answer).catch(() => asked.socket.destroySoon());
    });
    this.#server.on("connection", (socket) => {
      if (!this.#weather.up) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
    });
  }

  /** Takes a port. */
  async open(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("this machine gives no port");
    this.#port = address.port;
  }

  /** Ends it, with every connection. */
  async close(): Promise<void> {
    this.#breakAll();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  /** `http://host:port` for browsers. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Changes the weather. Going down breaks every connection. */
  set(weather: Partial<Weather>): void {
    this.#weather = { ...this.#weather, ...weather };
    if (!this.#weather.up) this.#breakAll();
  }

  /**
   * Cuts once so many bytes of bodies went this way, again and again: each number counts from the cut before. The link
   * is up again at once. Counts requests only whose path begins so.
   */
  cutAfter(way: Way, bytes: readonly number[], path = "/v1/"): void {
    this.#cuts = bytes.map((left) => ({ way, left, path }));
  }

  /** Loses the next so many answers on this path: the hub has done what was asked. */
  loseAnswers(count: number, path = "/v1/exchange"): void {
    this.#lose = { path, left: count };
  }

  /** Sends the next so many requests on this path twice, one after the other; the second answer is given. */
  double(count: number, path = "/v1/exchange"): void {
    this.#double = { path, left: count };
  }

  /** Lets requests wait whose path ends so, until the function that comes back is called. */
  hold(ending: string): () => void {
    let release = (): void => undefined;
    const released = new Promise<void>((done) => (release = done));
    this.#hold = { ending, released };
    return release;
  }

  /** Gives another script instead of this one, as a hub with another version of the app would. */
  replace(path: string, script: string): void {
    this.#instead.set(path, script);
  }

  /** Requests that ended, on this path. */
  of(path: string): readonly Passed[] {
    return this.passed.filter((passed) => passed.path.startsWith(path));
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #carry(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const path = asked.url ?? "/";
    const one: Passed = { path, method: asked.method ?? "GET", up: 0, down: 0, status: null };
    try {
      if (this.#weather.delayMs > 0) await pause(this.#weather.delayMs);
      if (this.#hold !== null && path.endsWith(this.#hold.ending)) await this.#hold.released;
      const body: Buffer[] = [];
      for await (const piece of asked) {
        const bytes = Buffer.from(piece);
        await this.#pass("up", path, bytes, (packet) => {
          one.up += packet.length;
        });
        body.push(bytes);
      }
      const whole = Buffer.concat(body);
      const instead = this.#instead.get(path);
      if (instead !== undefined) {
        answer.writeHead(200, { "content-type": "text/javascript", "cache-control": "no-cache" }).end(instead);
        one.status = 200;
        return;
      }
      if (takes(this.#double, path)) {
        for await (const _ of await this.#send(asked, whole));
      }
      const said = await this.#send(asked, whole);
      if (takes(this.#lose, path)) {
        for await (const _ of said);
        throw new Error("lost");
      }
      answer.writeHead(said.statusCode ?? 502, said.headers);
      answer.flushHeaders();
      for await (const piece of said) {
        await this.#pass("down", path, Buffer.from(piece), (packet) => {
          one.down += packet.length;
          answer.write(packet);
        });
      }
      answer.end();
      one.status = said.statusCode ?? null;
    } finally {
      this.passed.push(one);
    }
  }

  /** One request to the hub; ends with the browser's connection. */
  #send(asked: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const [host, port] = this.#hub().split(":");
    return new Promise((done, fail) => {
      const { method, url, headers } = asked;
      const out = request({ host, port, method, path: url, headers, agent: false, setHost: false }, done);
      out.on("error", fail);
      const gone = (): void => void out.destroy();
      asked.socket.once("close", gone);
      out.once("close", () => asked.socket.off("close", gone));
      out.end(body);
    });
  }

  /** Carries bytes packet by packet at the link's pace, and cuts where it is told to. @throws Error at a cut. */
  async #pass(way: Way, path: string, bytes: Buffer, carry: (packet: Buffer) => void): Promise<void> {
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      const packet = bytes.subarray(at, at + PACKET_BYTES);
      const pace = this.#weather.bytesPerSecond;
      if (pace !== null) {
        const now = performance.now();
        this.#free[way] = Math.max(now, this.#free[way]) + (packet.length * 1000) / pace;
        await pause(this.#free[way] - now);
      }
      const cut = this.#cuts[0];
      if (cut !== undefined && cut.way === way && path.startsWith(cut.path)) {
        if (packet.length >= cut.left) {
          // What got through before the cut did get through.
          carry(packet.subarray(0, cut.left));
          this.#cuts.shift();
          this.cuts += 1;
          throw new Error("cut");
        }
        cut.left -= packet.length;
      }
      carry(packet);
    }
  }
}

function takes(prank: Prank, path: string): boolean {
  if (prank.left === 0 || !path.startsWith(prank.path)) return false;
  prank.left -= 1;
  return true;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
