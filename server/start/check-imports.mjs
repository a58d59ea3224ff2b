/** Checks .dependency-cruiser.cjs, says what to do about each violation, and fails when it looked at nothing. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { cruise } from "dependency-cruiser";
import extractTsConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { repository } from "./data-folder.mjs";

process.chdir(repository);
const { forbidden, options } = createRequire(import.meta.url)("../../.dependency-cruiser.cjs");
const folders = ["app", "server", "device", "bench", "e2e"].filter((folder) => existsSync(folder));
const tsConfig = extractTsConfig(options.tsConfig.fileName);
const { output } = await cruise(folders, { ...options, ruleSet: { forbidden }, validate: true }, undefined, { tsConfig });
const { violations, totalCruised } = typeof output === "string" ? JSON.parse(output).summary : output.summary;
for (const { from, to, rule } of violations) {
  const { comment } = forbidden.find((/** @type {{ name: string }} */ known) => known.name === rule.name) ?? {};
  console.error(`${from} imports ${to}\n  ${rule.name}: ${comment}`);
}
if (totalCruised === 0) console.error("no module was looked at: is TypeScript a version that dependency-cruiser reads?");
console.log(`${totalCruised} modules, ${violations.length} violations`);
process.exitCode = totalCruised > 0 && violations.length === 0 ? 0 : 1;
