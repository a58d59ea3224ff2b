/** Installs the packages when the lock file asks for others than are there. Imports nothing that it installs. */
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { oneAtATime } from "./one-at-a-time.mjs";

/** @typedef {(file: string, args: string[], options?: object) => Promise<unknown>} Run */

/** @param {{ root: string, run: Run, say: (text: string) => void }} deps */
export async function installWhenChanged({ root, run, say }) {
  if (installed(root)) return;
  const waiting = () => say("another start is installing or building here: waiting for it");
  await oneAtATime(
    path.join(root, "dist/lock"),
    async () => {
      if (installed(root)) return;
      say("installing packages (npm ci, about half a minute)");
      const [file, args] = npm();
      // The build needs devDependencies; a NODE_ENV or --omit of the outer npm must not leak into this one.
      await run(file, [...args, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
        cwd: root,
        label: "still installing",
        env: { NODE_ENV: "development" },
      });
    },
    { waiting },
  );
}

/** @param {string} root */
function installed(root) {
  const done = path.join(root, "node_modules/.package-lock.json"); // npm writes it last
  return existsSync(done) && statSync(done).mtimeMs >= statSync(path.join(root, "package-lock.json")).mtimeMs;
}

/** The npm that runs us, else the one on the path. @returns {[string, string[]]} */
function npm() {
  const own = process.env.npm_execpath;
  return own?.endsWith("npm-cli.js") ? [process.execPath, [own]] : ["npm", []];
}
