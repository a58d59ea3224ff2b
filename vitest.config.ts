import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "server-only": path.resolve("server/empty.ts"), "@/server": path.resolve("server"), "@/engine": path.resolve("app/_engine/index.ts") } },
  test: { include: ["app/**/*.test.ts", "server/**/*.test.ts"], globalSetup: "./server/start/vitest-db.mjs" },
});
