/** The steps of a start in their order. One process serves; Postgres is a session of its own. */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { buildWhenChanged } from "./build-when-changed.mjs";
import { dataFolderOf, repository } from "./data-folder.mjs";
import { installWhenChanged } from "./install.mjs";
import { createLifetime } from "./lifetime.mjs";
import { createStepRunner } from "./run-step.mjs";
import { createSay } from "./say.mjs";
import { serve } from "./serve.mjs";

/** @param {{ dev: boolean, withParent: boolean }} options
 *    `dev`: no build, and the server starts again when its files change; `withParent`: end when the parent process does */
export async function start({ dev, withParent }) {
  const say = createSay();
  const lifetime = createLifetime({ say });
  const { run, stop } = createStepRunner({ say });
  lifetime.onEnd(stop);
  // NOTE: npm passes SIGTERM to its shell only, and the shell dies without telling us.
  if (withParent || process.env.npm_lifecycle_event) lifetime.endWithParent();
  process.env.PARLEY_DATA = dataFolderOf(process.env); // before the working directory changes
  process.chdir(repository);
  Object.assign(process.env, { NEXT_TELEMETRY_DISABLED: "1", CHECKPOINT_DISABLE: "1" }); // a server of ours tells nobody that it exists
  process.env.NODE_ENV = dev ? "development" : "production";
  try {
    await installWhenChanged({ root: repository, run, say });
    const prepare = dev
      ? () => run(process.execPath, ["node_modules/prisma/build/index.js", "generate"])
      : () => buildWhenChanged({ root: repository, run, say });
    const bundle = pathToFileURL(path.join(repository, "dist/server.js")).href;
    await serve({ say, lifetime, prepare, listen: dev ? () => watch({ run, lifetime }) : () => import(bundle) });
  } catch (e) {
    lifetime.fail(e);
  }
}

/** The server under tsx, which starts it again when a file of it changes. Resolves at once: tsx says the rest.
 *  @param {{ run: import("./install.mjs").Run, lifetime: import("./lifetime.mjs").Lifetime }} deps */
async function watch({ run, lifetime }) {
  const args = ["watch", "--clear-screen=false", "--tsconfig", "tsconfig.server.json", "server/main.ts"];
  run(process.execPath, ["node_modules/tsx/dist/cli.mjs", ...args]).then(() => lifetime.end(0), lifetime.fail);
}
