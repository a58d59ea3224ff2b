import manifest from "../../package.json" with { type: "json" };
import type { RequestContext } from "../context";
import type { ServerInfo } from "../contract/accounts";

/** What anyone may know of this server. */
export async function serverInfo({ app }: RequestContext): Promise<ServerInfo> {
  const anyone = await app.pool.query("SELECT 1 FROM users WHERE status <> 'deleted' LIMIT 1");
  return {
    name: app.settings.publicUrl?.hostname ?? "localhost",
    version: manifest.version,
    registration: app.settings.registration,
    firstAccount: anyone.rowCount === 0,
    // Sockets are opened where the page came from.
    realtime: { key: app.settings.realtime.key, host: null, port: null, tls: null },
  };
}
