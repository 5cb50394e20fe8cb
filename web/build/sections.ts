import { readdirSync } from "node:fs";
import type { Plugin } from "vite";

/** Tells the server which addresses are pages of the console: the folders of the features. */
export function sections(features: string): Plugin {
  return {
    name: "sections",
    apply: "build",
    generateBundle() {
      const names = readdirSync(features, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
      this.emitFile({ type: "asset", fileName: "sections.json", source: JSON.stringify(names.sort()) });
    },
  };
}
