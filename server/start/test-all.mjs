/** All of `npm test`. Ends with one line, "N passed, N failed", and with 0 only when nothing failed and something ran. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildWhenChanged } from "./build-when-changed.mjs";
import { findOrInstallChromium } from "./chromium.mjs";
import { repository } from "./data-folder.mjs";
import { installWhenChanged } from "./install.mjs";
import { createLifetime } from "./lifetime.mjs";
import { createStepRunner } from "./run-step.mjs";
import { createSay } from "./say.mjs";
import { describeError } from "./start-error.mjs";
import { playwrightCounts, vitestCounts } from "./test-counts.mjs";

const FAILED = { passed: 0, failed: 1 };

export async function testAll() {
  const say = createSay();
  const lifetime = createLifetime({ say });
  const { run, stop } = createStepRunner({ say });
  const reports = mkdtempSync(path.join(tmpdir(), "parley-reports-"));
  lifetime.onEnd(() => rmSync(reports, { recursive: true, force: true }));
  lifetime.onEnd(stop);
  if (process.env.npm_lifecycle_event) lifetime.endWithParent();
  process.chdir(repository);

  /** @param {string} name @param {() => Promise<import("./test-counts.mjs").Counts>} work */
  async function part(name, work) {
    say(name);
    const counts = await work().catch((e) => {
      console.error(describeError(e));
      return FAILED;
    });
    say(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
    return counts;
  }
  const parts = await runParts({ run, say, part, reports });
  if (lifetime.signal.aborted) return;
  const passed = parts.reduce((sum, counts) => sum + counts.passed, 0);
  const failed = parts.reduce((sum, counts) => sum + counts.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  lifetime.end(failed === 0 && passed > 0 ? 0 : 1);
}

/** @param {{ run: import("./install.mjs").Run, say: (text: string) => void, reports: string,
 *    part: (name: string, work: () => Promise<import("./test-counts.mjs").Counts>) => Promise<import("./test-counts.mjs").Counts> }} deps */
async function runParts({ run, say, part, reports }) {
  const node = (/** @type {string[]} */ ...args) => run(process.execPath, args);
  const well = (/** @type {Promise<unknown>} */ step) =>
    step.then(
      () => true,
      (e) => {
        console.error(describeError(e));
        return false;
      },
    );
  const nothing = async () => ({ passed: 0, failed: 0 });

  const ready = await part("packages", () => installWhenChanged({ root: repository, run, say }).then(nothing));
  if (ready.failed > 0) return [ready];
  const check = await part("check", () => node("server/start/check.mjs").then(nothing));
  const unit = await part("vitest", async () => {
    const report = path.join(reports, "vitest.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    return vitestCounts(report, await well(node("node_modules/vitest/vitest.mjs", "run", ...reporters)));
  });
  const build = await part("build", () => buildWhenChanged({ root: repository, run, say }).then(nothing));
  if (build.failed > 0) return [check, unit, build];
  const browser = await part("playwright", async () => {
    process.env.CHROMIUM = await findOrInstallChromium({ env: process.env, run, say });
    const report = path.join(reports, "playwright.json");
    process.env.PLAYWRIGHT_JSON_OUTPUT_FILE = report;
    return playwrightCounts(report, await well(node("node_modules/@playwright/test/cli.js", "test")));
  });
  return [check, unit, build, browser];
}
