import manifest from "../../package.json" with { type: "json" };
import type { RequestContext } from "../context";
import type { ServerInfo } from "../contract/accounts";
import type { Settings } from "../settings";

/** What anyone may know of this server. */
export async function serverInfo({ app }: RequestContext): Promise<ServerInfo> {
  const anyone = await app.pool.query("SELECT 1 FROM users WHERE status <> 'deleted' LIMIT 1");
  return {
    name: app.settings.publicUrl?.hostname ?? "localhost",
    version: manifest.version,
    registration: app.settings.registration,
    firstAccount: anyone.rowCount === 0,
    realtime: whereSocketsGo(app.settings),
  };
}

/** Nulls: where the page came from. */
function whereSocketsGo({ realtime, externalRealtime }: Settings): ServerInfo["realtime"] {
  if (externalRealtime === null) return { key: realtime.key, host: null, port: null, tls: null };
  const { hostname, port, protocol } = externalRealtime.publicUrl;
  const tls = protocol === "wss:";
  return { key: externalRealtime.key, host: hostname, port: port === "" ? (tls ? 443 : 80) : Number(port), tls };
}
