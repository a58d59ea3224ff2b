/** A digest of everything that the build reads: unlike times of change, it survives a fresh clone and a touched file. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

const SOURCES = [
  "app",
  "server",
  "public",
  "prisma/schema.prisma",
  "package.json",
  "package-lock.json",
  "next.config.js",
  "postcss.config.mjs",
  "tsconfig.json",
];
/** Not part of a build: generated, tests, and the start scripts other than those that build. */
const LEFT_OUT = /^server\/(generated|testing)$|^server\/start\/(?!build\.mjs$|precache\.mjs$|source-stamp\.mjs$)|\.test\.tsx?$/;

/** @param {string} root @param {Record<string, string | undefined>} env @returns {string} hex */
export function sourceStamp(root, env) {
  const hash = createHash("sha256").update(process.version);
  const settings = Object.entries(env).filter(([name]) => name.startsWith("NEXT_PUBLIC_"));
  for (const [name, value] of settings.sort()) hash.update(`${name}=${value}\0`);
  const take = (/** @type {string} */ file) => {
    if (LEFT_OUT.test(file)) return;
    const at = path.join(root, file);
    const found = statSync(at, { throwIfNoEntry: false });
    if (found?.isDirectory()) for (const name of readdirSync(at).sort()) take(`${file}/${name}`);
    else if (found) hash.update(`${file}\0${found.size}\0`).update(readFileSync(at));
  };
  SOURCES.forEach(take);
  return hash.digest("hex");
}
