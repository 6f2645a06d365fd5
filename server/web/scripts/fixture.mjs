/**
 * Builds the app with the fixture in it and serves it with the hub's content policy: what the pictures and the checks of
 * screens look at. Into a folder for the time being; never what the hub embeds.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** As the hub sends it with every page of the app. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";

/** Resolves with the address of the app and how to stop. */
export async function serveFixture() {
  // The fixture stands behind `import.meta.env.DEV`, which follows this variable.
  process.env.NODE_ENV = "development";
  const { build, preview } = await import("vite");
  const outDir = await mkdtemp(join(tmpdir(), "segin-screens-"));
  await build({ root: ROOT, mode: "development", logLevel: "error", build: { outDir, minify: false, emptyOutDir: true } });
  const server = await preview({
    root: ROOT,
    logLevel: "error",
    build: { outDir },
    preview: { port: 0, host: "127.0.0.1", headers: { "content-security-policy": POLICY } },
  });
  const address = server.httpServer.address();
  if (typeof address !== "object" || address === null) throw new Error("the fixture's server has no address");
  return {
    url: `http://127.0.0.1:${address.port}/app/`,
    async stop() {
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    },
  };
}
