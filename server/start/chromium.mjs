/** Finds a Chromium for the browser tests, and gets one when there is none. */
import { existsSync, readFileSync } from "node:fs";
import { StartError } from "./start-error.mjs";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const HINT = "Install Chromium and set CHROMIUM to its path.";

/** @param {Record<string, string | undefined>} env
 *  @returns {string | undefined} path of an installed Chromium: the one that CHROMIUM names, else one in a usual place
 *  @throws StartError when CHROMIUM names nothing */
export function installedChromium(env) {
  if (env.CHROMIUM && !existsSync(env.CHROMIUM)) throw new StartError(`CHROMIUM names ${env.CHROMIUM}, and there is no such file.`);
  return env.CHROMIUM || PLACES.find((place) => existsSync(place));
}

/** Playwright's own Chromium, when it is in its cache. Needs the packages to be installed. */
async function playwrightChromium() {
  const { chromium } = await import("@playwright/test");
  const file = chromium.executablePath();
  return existsSync(file) ? file : undefined;
}

/** @param {{ env: Record<string, string | undefined>, run: import("./install.mjs").Run, say: (text: string) => void }} deps
 *  @returns {Promise<string>} path @throws StartError when none can be had */
export async function findOrInstallChromium({ env, run, say }) {
  const found = installedChromium(env) ?? (await playwrightChromium());
  if (found) return found;
  say("installing Playwright's Chromium");
  const cli = "node_modules/@playwright/test/cli.js";
  await run(process.execPath, [cli, "install", "chromium"], { label: "still installing", timeoutMs: 300_000 }).catch(() => undefined);
  const own = await playwrightChromium();
  if (own) return own;
  if (process.getuid?.() !== 0 || !isDebian()) throw new StartError(`There is no Chromium for the browser tests. ${HINT}`);
  say("installing Debian's Chromium");
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-q"], { env: environment });
  const packages = ["chromium", "fonts-noto-core", "fonts-noto-color-emoji"];
  await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], { label: "still installing", env: environment });
  const debian = installedChromium(env);
  if (!debian) throw new StartError(`Debian's package brought no Chromium. ${HINT}`);
  return debian;
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}
