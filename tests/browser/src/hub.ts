/**
 * A real hub as a child process, in a folder of its own: started, killed, started again at the same address; asked and
 * administered through its API; verified by `segin verify`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Fields, fields, list, number, text } from "./json.ts";
import { HUB_STARTS_MS, LOG_CHARACTERS_MAX, REPORT_BYTES_MAX } from "./limits.ts";

/** Opens the console, at every start the same. */
const TOKEN = "0123456789abcdef0123456789abcdef";

function binary(): string {
  const path = process.env.SEGIN_BIN;
  if (path === undefined) throw new Error("SEGIN_BIN is not set");
  return path;
}

/** What `segin verify` found. */
export interface Verdict {
  readonly differences: readonly Fields[];
  readonly parcels: number;
  readonly changes: number;
  readonly conflicts: number;
  readonly held: number;
  /** Everything that it says. */
  readonly all: Fields;
}

/** A hub. */
export class Hub {
  /** Where everything lies; removed by whoever made it. */
  readonly folder: string;
  /** Further arguments of `segin hub serve`, taken at the next start. */
  more: readonly string[];
  /** The end of what the last process wrote. */
  log = "";
  #address = "127.0.0.1:0";
  #child: ChildProcess | undefined;

  constructor(folder: string, more: readonly string[] = []) {
    this.folder = folder;
    this.more = more;
  }

  /** Host and port; known since the first start. */
  get address(): string {
    return this.#address;
  }

  /** `http://host:port`. */
  get url(): string {
    return `http://${this.#address}`;
  }

  /** Whether its process was started and not ended. */
  get runs(): boolean {
    return this.#child !== undefined;
  }

  #places(): string[] {
    return ["--data", join(this.folder, "hub"), "--master-key", join(this.folder, "master.key")];
  }

  /** Starts it and waits until it listens, at the address that it had before. */
  async start(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const token = join(this.folder, "console.token");
    await writeFile(token, TOKEN);
    const address = ["--listen", this.#address, "--console-token-file", token];
    const child = spawn(binary(), ["hub", "serve", "--json", ...address, ...this.#places(), ...this.more], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.log = "";
    child.stderr.setEncoding("utf8").on("data", (said: string) => {
      this.log = (this.log + said).slice(-LOG_CHARACTERS_MAX);
    });
    const late = setTimeout(() => child.kill("SIGKILL"), HUB_STARTS_MS);
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([once(lines, "line"), once(child, "exit").then(() => [])]);
    clearTimeout(late);
    const line: unknown = first[0];
    if (typeof line !== "string") {
      this.#child = undefined;
      throw new Error(`the hub did not start: ${this.log}`);
    }
    this.#address = text(fields(JSON.parse(line), "the hub's first line"), "address");
  }

  /** Kills it at once (SIGKILL): nothing is finished, nothing is flushed. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks it to stop (SIGTERM), and waits. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** Asks the API with the console token. @throws Error with the hub's words on any refusal. */
  async ask(method: "GET" | "POST" | "PATCH", path: string, body?: unknown): Promise<Fields> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}`);
    return said === "" ? {} : fields(JSON.parse(said), path);
  }

  /** Adds a site of the region Kayes. */
  async addSite(code: string, name: string): Promise<void> {
    await this.ask("POST", "/v1/admin/sites", { code, name, region: "Kayes" });
  }

  /** Adds a user of these sites, the first one home; the id. */
  async addUser(name: string, sites: readonly string[], roles?: readonly string[]): Promise<string> {
    const user = { name, sites, ...(roles === undefined ? {} : { roles }) };
    return text(await this.ask("POST", "/v1/admin/users", user), "user");
  }

  /** Invites a device of a user: twelve characters. Unless `confirmed`, its work is held until somebody confirms it. */
  async invite(user: string, confirmed = true): Promise<string> {
    return text(await this.ask("POST", "/v1/admin/invitations", { user, confirmed }), "invitation");
  }

  /** The devices, as the console lists them. */
  async devices(): Promise<readonly Fields[]> {
    return list(await this.ask("GET", "/v1/devices"), "devices");
  }

  /** Confirms a device by the fingerprint that it shows. */
  async confirm(lease: string, fingerprint: string): Promise<void> {
    await this.ask("POST", `/v1/admin/devices/${lease}/confirm`, { fingerprint });
  }

  /** Revokes a device. */
  async revoke(lease: string, reason: string): Promise<void> {
    await this.ask("POST", `/v1/admin/devices/${lease}/revoke`, { reason });
  }

  /** The cases, as the console lists them: at most 500; the lists follow the log a moment later. */
  async cases(): Promise<readonly Fields[]> {
    return list(await this.ask("GET", "/v1/cases?limit=500"), "cases");
  }

  /** `segin hub admit`: takes a courier file in and writes the return file; what became of its parts. */
  async admit(file: string, answer: string): Promise<readonly Fields[]> {
    const asked = ["hub", "admit", file, "--answer", answer, "--hub", this.url, "--json"];
    const child = spawn(binary(), asked, { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
    });
    await once(child, "close");
    return list(fields(JSON.parse(said), "segin hub admit"), "parts");
  }

  /** `segin verify` over the hub's folder: stop the hub before, and start it again afterwards. */
  async verify(): Promise<Verdict> {
    if (this.runs) throw new Error("stop the hub before it is verified");
    const child = spawn(binary(), ["verify", ...this.#places(), "--json"], { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      if (said.length > REPORT_BYTES_MAX) child.kill("SIGKILL");
    });
    // It ends with an error when something differs, and says what on the standard output all the same.
    await once(child, "close");
    const all = fields(JSON.parse(said), "segin verify");
    return {
      differences: list(all, "differences"),
      parcels: number(all, "parcels"),
      changes: number(all, "changes"),
      conflicts: number(all, "conflicts"),
      held: number(all, "held"),
      all,
    };
  }
}
