/** An external real-time service in the form its makers give it: `https://KEY:SECRET@HOST:PORT/apps/ID`. */

export type ExternalService = {
  /** Digits. */
  appId: string;
  key: string;
  secret: string;
  host: string;
  /** Null: the scheme's own. */
  port: number | null;
  tls: boolean;
};

/** Reads such an address. Null unless it has a key, a secret and a numeric application id, and nothing more. */
export function parseServiceAddress(text: string): ExternalService | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const appId = /^\/apps\/(\d{1,20})\/?$/.exec(url.pathname)?.[1];
  const isPlain = url.search === "" && url.hash === "" && /^https?:$/.test(url.protocol);
  if (appId === undefined || !isPlain || !/^[\w-]{1,200}$/.test(url.username)) return null;
  const secret = decoded(url.password);
  if (secret === null || secret === "") return null;
  return {
    appId,
    key: url.username,
    secret,
    host: url.hostname,
    port: url.port === "" ? null : Number(url.port),
    tls: url.protocol === "https:",
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
