/**
 * A phone: a real Chromium with a profile of its own on disk, that is closed and opened again and keeps what the app
 * stored. Notes every complaint on the console and every request to anywhere but its hub.
 */
import { cp } from "node:fs/promises";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { ARGUMENTS } from "./chromium.ts";
import { fields, text } from "./json.ts";
import { BROWSER } from "./setup.ts";

/** How it looks. */
export interface Looks {
  readonly width: number;
  readonly height: number;
  /** The browser's language. */
  readonly locale: string;
  /** Whether it is touched, as a phone. */
  readonly touch: boolean;
  /** Whether it has a camera, which sees the browser's own test picture. */
  readonly camera?: boolean;
}

const CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];

/** A small phone in French. */
export const SMALL: Looks = { width: 360, height: 640, locale: "fr-FR", touch: true };

/** A laptop in French. */
export const LAPTOP: Looks = { width: 1366, height: 768, locale: "fr-FR", touch: false };

/** A phone. */
export class Phone {
  /** Its profile. */
  readonly folder: string;
  /** Its hub's origin, as it knows it. */
  readonly origin: string;
  /** Errors and warnings on the console, and errors that nobody caught. */
  readonly complaints: string[] = [];
  /** Requests to anywhere but the hub. */
  readonly elsewhere: string[] = [];
  readonly #looks: Looks;
  #context: BrowserContext | undefined;

  constructor(folder: string, origin: string, looks: Looks = SMALL) {
    this.folder = folder;
    this.origin = origin;
    this.#looks = looks;
  }

  /** The open browser. @throws Error when it is closed. */
  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error("the browser is closed");
    return this.#context;
  }

  /** Opens the browser and the app in it. The fragment may hold an invitation: `#i=…`. */
  async open(fragment = ""): Promise<Page> {
    const page = await this.openBrowser();
    await page.goto(`${this.origin}/app/${fragment}`);
    return page;
  }

  /** Opens the browser with an empty page. */
  async openBrowser(): Promise<Page> {
    const browser = fields(JSON.parse(process.env[BROWSER] ?? "null"), BROWSER);
    const environment = Object.entries({ ...process.env, ...fields(browser.environment, "environment") });
    const { width, height, locale, touch, camera } = this.#looks;
    const context = await chromium.launchPersistentContext(this.folder, {
      executablePath: text(browser, "path"),
      args: camera === true ? [...ARGUMENTS, ...CAMERA] : ARGUMENTS,
      env: Object.fromEntries(environment.map(([name, value]) => [name, String(value)])),
      viewport: { width, height },
      locale,
      hasTouch: touch,
      serviceWorkers: "allow",
      acceptDownloads: true,
    });
    this.#context = context;
    context.on("request", (request) => this.#note(request.url()));
    context.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    context.on("weberror", (error) => this.complaints.push(String(error.error())));
    return context.pages()[0] ?? (await context.newPage());
  }

  #note(url: string): void {
    const isLocal = ["data:", "blob:", "about:"].some((scheme) => url.startsWith(scheme));
    if (!isLocal && !url.startsWith(`${this.origin}/`)) this.elsewhere.push(url);
  }

  /**
   * Lets the app store so many bytes in all, as on a phone whose storage is full; null: as many as the browser says. Before
   * the app is opened: the browser asks how much room there is when it opens a database, and remembers it for a while.
   */
  async allow(page: Page, bytes: number | null): Promise<void> {
    const tools = await this.context.newCDPSession(page);
    const quota = bytes === null ? {} : { quotaSize: bytes };
    await tools.send("Storage.overrideQuotaForOrigin", { origin: this.origin, ...quota });
  }

  /** Closes the browser; the profile stays. */
  async close(): Promise<void> {
    const context = this.#context;
    this.#context = undefined;
    await context?.close();
  }

  /** A copy of the profile in another folder, as a backup that somebody restores; the browser must be closed. */
  async copyTo(folder: string): Promise<Phone> {
    if (this.#context !== undefined) throw new Error("close the browser before its profile is copied");
    await cp(this.folder, folder, { recursive: true });
    return new Phone(folder, this.origin, this.#looks);
  }
}
