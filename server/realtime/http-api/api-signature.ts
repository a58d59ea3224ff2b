/** Who may call the HTTP API: whoever knows the application's secret. Construction of Pusher Channels ("Generating authentication
 *  signatures"): HMAC-SHA256 of `METHOD\npath\nquery`, the query without its signature, sorted by name, values not escaped. */
import { createHash, createHmac } from "node:crypto";
import { isSameText } from "../signatures";

const MAX_AGE_MS = 600_000;

export type ApiCall = { method: string; path: string; query: string };
type ApiKeys = { key: string; secret: string };

/** Parameters of a call that is signed and of this hour; undefined otherwise, whatever the reason. */
export function signedParameters({ method, path, query }: ApiCall, { key, secret }: ApiKeys, nowMs: number) {
  const parameters = parseQuery(query);
  if (!parameters) return undefined;
  const { auth_signature: signature = "", ...signed } = Object.fromEntries(parameters);
  const { auth_key: givenKey = "", auth_timestamp: seconds = "", auth_version: version } = signed;
  const isRecent = /^\d{1,12}$/.test(seconds) && Math.abs(nowMs - Number(seconds) * 1_000) <= MAX_AGE_MS;
  const sorted = Object.keys(signed)
    .sort()
    .map((name) => `${name}=${signed[name]}`)
    .join("&");
  // NOTE: libraries sign the path as they were given it, and some escape it only on the way.
  const isSigned = [path, unescapeText(path)].some((signedPath) => {
    const expected = createHmac("sha256", secret).update(`${method}\n${signedPath}\n${sorted}`).digest("hex");
    return isSameText(signature, expected);
  });
  return isSigned && isRecent && version === "1.0" && isSameText(givenKey, key) ? signed : undefined;
}

/** Whether the body is the one that was signed. */
export function isSignedBody(body: Buffer, { body_md5: given = "" }: Record<string, string>): boolean {
  return isSameText(given, createHash("md5").update(body).digest("hex"));
}

/** Undefined if a name occurs twice: the signature could not tell which is meant. */
function parseQuery(query: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const pair of query.split("&")) {
    const at = pair.indexOf("=");
    const name = unescapeText(at < 0 ? pair : pair.slice(0, at))?.toLowerCase();
    const value = unescapeText(at < 0 ? "" : pair.slice(at + 1));
    if (name === undefined || value === undefined || parameters.has(name)) return undefined;
    parameters.set(name, value);
  }
  return parameters;
}

function unescapeText(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
