/** One production server for all stories, on a free port and a throw-away data folder. Builds only when the sources changed. */
import { buildWhenChanged } from "../server/start/build-when-changed.mjs";
import { repository } from "../server/start/data-folder.mjs";
import { createStepRunner } from "../server/start/run-step.mjs";
import { createSay } from "../server/start/say.mjs";
import { startServer } from "./server";

export default async function setUp(): Promise<() => Promise<void>> {
  const say = createSay();
  const { run } = createStepRunner({ say });
  await buildWhenChanged({ root: repository, run, say });
  const server = await startServer({ env: { PARLEY_LIMITS: "100" } });
  process.env.PARLEY_E2E_URL = server.url;
  process.env.PARLEY_E2E_DATA = server.dataFolder;
  return async () => {
    await server.stop();
  };
}
