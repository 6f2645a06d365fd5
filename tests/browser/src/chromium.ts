/**
 * Which Chromium is used: `SEGIN_CHROMIUM` (a path, or `bundled`), else one of the system, else the one that npm carries
 * (`@sparticuz/chromium`, for Linux on x86-64).
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A browser and how it is started. */
export interface Browser {
  readonly path: string;
  /** The environment that it wants beside the usual one: libraries that it brings. */
  readonly environment: Readonly<Record<string, string>>;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Arguments of every start: containers give no sandbox, and no name but this machine's is ever looked up. */
export const ARGUMENTS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"];

function ofTheSystem(): string | undefined {
  const folders = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path));
}

async function ofThePackage(): Promise<Browser> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`npm brings one for Linux on x86-64 only, and this is ${process.platform} on ${process.arch}`);
  }
  const before = { ...process.env };
  // Makes the package unpack the libraries and fonts that a bare machine lacks; it looks at this when it is loaded.
  process.env.AWS_EXECUTION_ENV ??= "AWS_Lambda_nodejs20.x";
  const { default: chromium } = await import("@sparticuz/chromium");
  const path = await chromium.executablePath();
  const environment: Record<string, string> = {};
  for (const name of ["LD_LIBRARY_PATH", "FONTCONFIG_PATH", "AWS_EXECUTION_ENV"]) {
    const value = process.env[name];
    if (value !== undefined && value !== before[name]) environment[name] = value;
    // For the browser alone: the hub and Node have libraries of their own.
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  return { path, environment };
}

/**
 * Finds it, unpacks it where needed.
 *
 * @throws Error that says what to install.
 */
export async function findChromium(): Promise<Browser> {
  const named = process.env.SEGIN_CHROMIUM;
  if (named !== undefined && named !== "" && named !== "bundled") {
    if (existsSync(named)) return { path: named, environment: {} };
    throw new Error(`no Chromium for the browser tests: SEGIN_CHROMIUM names ${named}, which is not there`);
  }
  const system = named === "bundled" ? undefined : ofTheSystem();
  if (system !== undefined) return { path: system, environment: {} };
  try {
    return await ofThePackage();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      "no Chromium for the browser tests: install the package 'chromium' of your system, or name a Chromium or Chrome " +
        `in SEGIN_CHROMIUM (${why})`,
    );
  }
}
