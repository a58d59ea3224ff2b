/** What the build tells the server and the service worker about its pages: the hashes of inline scripts, and the files to keep
 *  for offline use. Sorted, so that the same build gives the same bytes. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const PAGES = ".next/server/app";
const ASSETS = ".next/static";
const NOT_SHOWN = /(^|\/)(_not-found|_global-error)\.html$/;
const ASSET = /\.(js|css|woff2|png|svg|webp|wasm|json)$/;
const ICON = /\.(png|svg|ico|webp)$/;

/** @typedef {{ url: string, revision: string | null }} PrecacheEntry null: the URL itself names the content */

/** @param {string} root @returns {string[]} CSP sources such as sha256-…, of every inline script in a page */
export function inlineScriptHashes(root) {
  const hashes = new Set();
  for (const file of filesUnder(path.join(root, PAGES)).filter((name) => name.endsWith(".html"))) {
    const html = readFileSync(path.join(root, PAGES, file), "utf8");
    for (const [, attributes = "", body = ""] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g))
      if (!/\ssrc=/.test(attributes)) hashes.add(`sha256-${createHash("sha256").update(body).digest("base64")}`);
  }
  return [...hashes].sort();
}

/** Every page, every hashed asset (scripts, workers' scripts, styles, fonts), the manifest and the icons.
 *  @param {string} root @returns {PrecacheEntry[]} */
export function precacheEntries(root) {
  const pages = filesUnder(path.join(root, PAGES))
    .filter((file) => file.endsWith(".html") && !NOT_SHOWN.test(file))
    .map((file) => ({ url: pageUrl(file), revision: digest(path.join(root, PAGES, file)) }));
  const assets = filesUnder(path.join(root, ASSETS))
    .filter((file) => ASSET.test(file))
    .map((file) => ({ url: `/_next/static/${file}`, revision: null }));
  const icons = filesUnder(path.join(root, "public"))
    .filter((file) => ICON.test(file) && !file.startsWith("screenshots/")) // only shown when the app is installed
    .map((file) => ({ url: `/${file}`, revision: digest(path.join(root, "public", file)) }));
  return [...pages, ...assets, ...manifest(root), ...icons].sort((a, b) => (a.url < b.url ? -1 : 1));
}

/** @param {string} root */
function manifest(root) {
  const places = [path.join(root, PAGES, "manifest.webmanifest.body"), path.join(root, "public/manifest.webmanifest")];
  const file = places.find((place) => existsSync(place));
  return file ? [{ url: "/manifest.webmanifest", revision: digest(file) }] : [];
}

/** @param {PrecacheEntry[]} entries @returns {string} names this build: another list, another version */
export function precacheVersion(entries) {
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 16);
}

/** @param {string} file relative to the folder of pages */
function pageUrl(file) {
  const name = file.replace(/\.html$/, "");
  return name === "index" ? "/" : `/${name}`;
}

/** @param {string} file */
function digest(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
}

/** @param {string} folder @returns {string[]} paths relative to it, with forward slashes */
function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
}
