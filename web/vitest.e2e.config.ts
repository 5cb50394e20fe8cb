import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Named by who starts them: scenarios by the tests, figures by the benchmarks, shots by `make screenshots`.
    include: ["e2e/*.{e2e,figures,shots}.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
