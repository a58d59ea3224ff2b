import { availableParallelism } from "node:os";
import path from "node:path";
import { defineConfig } from "vitest/config";

const at = (file: string) => path.resolve(import.meta.dirname, file);

export default defineConfig({
  resolve: {
    // The real server-only package throws outside a React server build.
    alias: { "server-only": at("server/empty.ts"), "@/server": at("server"), "@/engine": at("app/_engine/index.ts") },
  },
  test: {
    include: ["app/**/*.test.ts", "server/**/*.test.ts", "device/**/*.test.ts", "bench/**/*.test.ts"],
    globalSetup: "./server/start/vitest-db.mjs",
    // The default keeps one core free: with two, the files would run one after another.
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // npx vitest run app/_engine/signal --coverage: the protocol core is covered, or the run fails.
    coverage: {
      provider: "v8",
      include: ["app/_engine/signal/**/*.ts"],
      exclude: ["**/*.test.ts", "app/_engine/signal/testing/**"],
      reporter: ["text"],
      thresholds: { lines: 98, branches: 98 },
    },
  },
});
