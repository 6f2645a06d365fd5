/**
 * How the app is built: below `/app/`, with a service worker that keeps every file for days without a network.
 * Called by server/build.rs, which embeds what comes out.
 */
import { basename } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { shell } from "./shell.js";

/** What sets a component's classes apart: its name. The usual hash says nothing, and compresses badly. */
function cssName({ filename }: { filename: string }): string {
  return basename(filename, ".svelte");
}

// Built by server/build.rs into its own folder (SEGIN_WEB_OUT), else into dist/.
export default defineConfig({
  base: "/app/",
  define: { __APP_VERSION__: JSON.stringify(process.env.npm_package_version ?? "") },
  build: {
    outDir: process.env.SEGIN_WEB_OUT ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    // One sheet: that of the screens behind the door is small, and compresses with the door's.
    cssCodeSplit: false,
    // What HPKE would use where there is no WebCrypto: the app does not start there.
    rolldownOptions: { external: ["crypto"] },
    // The content policy lets nothing come out of a `data:` address.
    assetsInlineLimit: 0,
  },
  plugins: [svelte({ compilerOptions: { cssHash: cssName } }), shell()],
});
