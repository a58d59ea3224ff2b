/** `npm run check`: Biome, TypeScript, the import rules and knip. Runs all of them, reports all of them, fails when one does. */
import { spawn } from "node:child_process";
import path from "node:path";
import { repository } from "./data-folder.mjs";

const node = process.execPath;
const bin = (/** @type {string} */ file) => path.join("node_modules", file);

/** Types that are generated and not kept in git: tsc, knip and the import rules read them. */
const GENERATE = [
  { name: "prisma generate", args: [bin("prisma/build/index.js"), "generate"] },
  { name: "next typegen", args: [bin("next/dist/bin/next"), "typegen"] },
];
// Two lanes for two cores; tsc takes about as long as the rest together.
const LANES = [
  [{ name: "tsc", args: [bin("typescript/bin/tsc"), "--noEmit", "-p", "."] }],
  [
    { name: "biome", args: [bin("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "."] },
    { name: "imports", args: ["server/start/check-imports.mjs"] },
    { name: "knip", args: [bin("knip/bin/knip.js"), "--no-progress"] },
  ],
];

/** @param {{ name: string, args: string[] }} step @returns {Promise<boolean>} whether it passed */
function runStep({ name, args }) {
  const started = performance.now();
  return new Promise((resolve) => {
    let out = "";
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", PRISMA_HIDE_UPDATE_MESSAGE: "1", CHECKPOINT_DISABLE: "1" };
    const child = spawn(node, args, { cwd: repository, env, stdio: ["ignore", "pipe", "pipe"] });
    const add = (/** @type {Buffer} */ chunk) => {
      out += chunk;
    };
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    const ended = (/** @type {boolean} */ passed, /** @type {string} */ text) => {
      console.log(
        `${passed ? "ok    " : "FAILED"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)${passed ? "" : `\n${text}`}`,
      );
      resolve(passed);
    };
    child.on("error", (e) => ended(false, e.message));
    child.on("close", (code) => ended(code === 0, out));
  });
}

/** @param {{ name: string, args: string[] }[]} lane */
async function runLane(lane) {
  let passed = true;
  for (const step of lane) passed = (await runStep(step)) && passed;
  return passed;
}

const generated = (await Promise.all(GENERATE.map(runStep))).every(Boolean);
const passed = (await Promise.all(LANES.map(runLane))).every(Boolean);
process.exitCode = generated && passed ? 0 : 1;
