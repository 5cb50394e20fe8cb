import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const WORTH = 512;
const TEXT = /\.(js|css|svg)$/;

/** Writes every asset's compressed forms beside it, so that the server never compresses. */
export function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    // Only what is on the disk is what Vite has made in the end.
    writeBundle({ dir = "" }) {
      const assets = join(dir, "assets");
      for (const name of readdirSync(assets).filter((each) => TEXT.test(each))) {
        const content = readFileSync(join(assets, name));
        if (content.length < WORTH) continue;
        const params = {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        };
        writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content, { params }));
        writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}
