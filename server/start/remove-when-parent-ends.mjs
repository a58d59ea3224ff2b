/** `node remove-when-parent-ends.mjs FOLDER`: waits until its standard input closes, which also happens when its parent is
 *  killed; then stops the Postgres of the throw-away data folder and deletes the folder. */
import { rmSync } from "node:fs";
import path from "node:path";
import { runningPostgres, startPostgres } from "./postgres.mjs";
import { possibleFolders } from "./postgres-place.mjs";

const [dataFolder = ""] = process.argv.slice(2);
if (!dataFolder) throw new Error("name the data folder to remove");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
process.stdin.resume();
process.stdin.on("end", async () => {
  if (runningPostgres(dataFolder)) await (await startPostgres({ dataFolder })).stop();
  for (const folder of [dataFolder, ...possibleFolders(path.resolve(dataFolder))])
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
