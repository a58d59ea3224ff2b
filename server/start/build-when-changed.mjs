/** Builds when the sources are others than those of the last build. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { oneAtATime } from "./one-at-a-time.mjs";
import { sourceStamp } from "./source-stamp.mjs";

const RESULTS = [".next/BUILD_ID", "dist/server.js", "dist/sw.js", "dist/csp.json"];

/** @param {{ root: string, run: import("./install.mjs").Run, say: (text: string) => void }} deps */
export async function buildWhenChanged({ root, run, say }) {
  const file = path.join(root, "dist/stamp"); // build.mjs writes it last
  const built = () =>
    RESULTS.every((result) => existsSync(path.join(root, result))) &&
    existsSync(file) &&
    readFileSync(file, "utf8") === sourceStamp(root, process.env);
  if (built()) return;
  const waiting = () => say("another start is installing or building here: waiting for it");
  await oneAtATime(
    path.join(root, "dist/lock"),
    async () => {
      if (built()) return;
      say("building (about half a minute)");
      await run(process.execPath, [path.join(root, "server/start/build.mjs")], { cwd: root, label: "still building" });
    },
    { waiting },
  );
}
