/** Reads what vitest and Playwright reported, and adds it up. Pessimistic: what cannot be read, or ran nothing, has failed. */
import { readFileSync } from "node:fs";

/** @typedef {{ passed: number, failed: number }} Counts */
/** @typedef {{ status: string, assertionResults: { status: string }[] }} VitestFile */
/** @typedef {{ numPassedTests: number, numFailedTests: number, testResults: VitestFile[] }} VitestReport */
/** @typedef {{ stats: { expected: number, unexpected: number, flaky: number }, errors: unknown[] }} PlaywrightReport */

/** @param {string} file vitest's JSON report @param {boolean} exitedWell @returns {Counts} */
export function vitestCounts(file, exitedWell) {
  return count(file, exitedWell, (/** @type {VitestReport} */ report) => {
    // A file that could not be loaded has failed without a failed test in it.
    const broken = report.testResults.filter(
      ({ status, assertionResults }) => status === "failed" && !assertionResults.some((result) => result.status === "failed"),
    );
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
  });
}

/** @param {string} file Playwright's JSON report @param {boolean} exitedWell @returns {Counts} */
export function playwrightCounts(file, exitedWell) {
  return count(file, exitedWell, (/** @type {PlaywrightReport} */ { stats, errors }) => ({
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
  }));
}

/** @template Report
 *  @param {string} file @param {boolean} exitedWell @param {(report: Report) => Counts} read @returns {Counts} */
function count(file, exitedWell, read) {
  let counts = { passed: 0, failed: 0 };
  try {
    counts = read(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return { passed: 0, failed: 1 };
  }
  const hollow = counts.passed + counts.failed === 0;
  if (counts.failed === 0 && (hollow || !exitedWell)) return { ...counts, failed: 1 };
  return counts;
}
