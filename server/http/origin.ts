/** Refuses what other sites make a browser send here (guards against CSRF beside SameSite cookies). Programs that are no browsers send
 *  neither Origin nor Sec-Fetch-Site and have no cookie that somebody else could use. */
import type { IncomingMessage } from "node:http";
import type { Settings } from "../settings";

/** Whether the request comes from our own pages, or from no web page at all. */
export function isOwnOrigin(req: IncomingMessage, settings: Pick<Settings, "publicUrl">): boolean {
  const { origin, host } = req.headers;
  if (origin === undefined) {
    const site = req.headers["sec-fetch-site"];
    return site === undefined || site === "same-origin" || site === "none";
  }
  // NOTE: not both: browsers differ in the Sec-Fetch-Site of a ws: socket opened by an http: page.
  if (settings.publicUrl !== null) return origin === settings.publicUrl.origin;
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

/** Requests that a foreign page must not be able to make: everything but reading pages and files. */
export function needsOwnOrigin(method: string, path: string): boolean {
  return (method !== "GET" && method !== "HEAD") || path.startsWith("/api/");
}
