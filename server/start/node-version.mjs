/** Which Node runs Parley; package.json "engines" says the same to npm. */

/** @param {string} version as in process.versions.node
 *  @returns {string | undefined} a sentence for the operator, or undefined when the version will do */
export function nodeVersionProblem(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return undefined;
  return `Parley needs Node 20.19 or newer of line 20, or 22.12 or newer. This is Node ${version}. Get one from https://nodejs.org.`;
}
