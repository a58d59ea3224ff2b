#!/usr/bin/env node
/** `npm test`: installs what the tests need, then runs the checks, the unit and integration tests, and the browser tests. */
import { nodeVersionProblem } from "./node-version.mjs";

const problem = nodeVersionProblem(process.versions.node);
if (problem) {
  console.error(problem);
  process.exit(1);
}
const { testAll } = await import("./test-all.mjs");
await testAll();
