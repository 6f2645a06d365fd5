/**
 * How the app is built: below `/app/`, with a service worker that keeps every file for days without a network.
 * Called by server/build.rs, which embeds what comes out.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

// Built by server/build.rs into its own folder (SEGIN_WEB_OUT), else into dist/.
export default defineConfig({
  base: "/app/",
  define: { __APP_VERSION__: JSON.stringify(process.env.npm_package_version ?? "") },
  build: {
    outDir: process.env.SEGIN_WEB_OUT ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  plugins: [
    svelte(),
    VitePWA({
      registerType: "prompt",
      injectRegister: null,
      manifest: {
        name: "Segin",
        short_name: "Segin",
        lang: "fr",
        start_url: "/app/",
        scope: "/app/",
        display: "standalone",
        background_color: "#f7f6f1",
        theme_color: "#0b4230",
        icons: [
          { src: "icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" },
          { src: "icon-192.png", sizes: "192x192", type: "image/png", purpose: "any maskable" },
          { src: "icon-512.png", sizes: "512x512", type: "image/png", purpose: "any maskable" },
        ],
      },
      workbox: {
        globPatterns: ["**/*.{js,css,html,wasm,svg,png,webmanifest}"],
        maximumFileSizeToCacheInBytes: 8 * 1024 * 1024,
        navigateFallback: "/app/index.html",
      },
    }),
  ],
});
