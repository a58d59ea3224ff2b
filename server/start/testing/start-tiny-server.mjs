/** A start without install and build, around testing/tiny-server.mjs: what start.test.ts runs as a process. */
import { createLifetime } from "../lifetime.mjs";
import { createSay } from "../say.mjs";
import { serve } from "../serve.mjs";

const say = createSay();
const lifetime = createLifetime({ say });
lifetime.endWithParent();
try {
  await serve({ say, lifetime, prepare: async () => {}, listen: () => import("./tiny-server.mjs") });
} catch (e) {
  lifetime.fail(e);
}
