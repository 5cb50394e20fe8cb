import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compressed } from "./build/compressed.ts";
import { sections } from "./build/sections.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.EULERMAKER_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), sections(at("src/features")), compressed()],
  resolve: {
    alias: {
      "@api": at("src/api"),
      "@shared": at("src/shared"),
      "@i18n": at("src/i18n/index.ts"),
      "@features": at("src/features"),
    },
  },
  // The server puts a nonce of each answer in the place of this word.
  html: { cspNonce: "__NONCE__" },
  build: {
    outDir: at("../src/eulermaker/features/console/static"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: { "/api": server, "/ws": { target: server.replace("http", "ws"), ws: true } },
  },
});
