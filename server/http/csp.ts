/** Content-Security-Policy. Pages are static: the build lists the hashes of their inline scripts in dist/csp.json. */
import type { Settings } from "../settings";

/** Style elements that react-aria adds at run time; the browser tests fail when an upgrade changes one. */
const STYLE_HASHES = [
  "sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o=", // usePress
  "sha256-gYiS/BvZvRcK27JIXTuwhZ3hs2+VJ1X+2gUlE+farlg=", // usePreventScroll on iOS
];
const quote = (hashes: readonly string[]) => hashes.map((hash) => `'${hash}'`).join(" ");

export type Policies = {
  page: string;
  /** NOTE: a worker obeys the policy of its own response. Turbopack's worker calls importScripts with plain strings, so no Trusted
   *  Types there. */
  worker: string;
  /** For what is no page: nothing may load, run or be framed. */
  inert: string;
};

/** Policies of a server whose pages carry the inline scripts with these hashes ("sha256-…"). */
export function createPolicies(
  scriptHashes: readonly string[],
  { publicUrl, externalRealtime }: Pick<Settings, "publicUrl" | "externalRealtime">,
): Policies {
  const https = publicUrl?.protocol === "https:";
  // NOTE: Safari before 15.4 does not count wss: of the same host as 'self'.
  const ownSockets = publicUrl === null ? [] : [`${https ? "wss" : "ws"}://${publicUrl.host}`];
  const sockets = externalRealtime === null ? ownSockets : [externalRealtime.publicUrl.origin];
  const connect = ["connect-src 'self'", ...sockets].join(" ");
  const page = [
    "default-src 'none'",
    `script-src 'self' ${quote(scriptHashes)}`.trim(),
    `style-src 'self' ${quote(STYLE_HASHES)}`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    connect,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types default",
    ...(https ? ["upgrade-insecure-requests"] : []),
  ];
  return {
    page: page.join("; "),
    worker: `default-src 'none'; script-src 'self'; ${connect}`,
    inert: "default-src 'none'; frame-ancestors 'none'; sandbox",
  };
}
