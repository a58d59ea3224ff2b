/** The HTTP API of the Pusher protocol on the server's own port, for programs that hold the application's secret. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppContext } from "../context";
import { answerJson } from "./answer";
import { readBytes } from "./body";
import type { Route } from "./routes";

const API_PATH = "/apps/";
/** Ten events of full size whose data is escaped, and their names. */
const MAX_API_BODY_BYTES = 524_288;

/** The route of a path below /apps/, named by what is called. */
export function createRealtimeApi(app: AppContext): (path: string) => Route | undefined {
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const [path = "", query = ""] = splitOnce(req.url ?? "");
    const body = await app.realtime.api({ method: req.method ?? "", path, query, readBody: () => readBytes(req, MAX_API_BODY_BYTES) });
    answerJson(res, 200, body);
  };
  return (path) => (path.startsWith(API_PATH) ? { name: API_PATH, handle } : undefined);
}

function splitOnce(target: string): [string, string] {
  const at = target.indexOf("?");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at + 1)];
}
