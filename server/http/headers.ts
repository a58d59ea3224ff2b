/** The headers of every answer, whoever makes it. */
import type { ServerResponse } from "node:http";
import type { Settings } from "../settings";
import type { Policies } from "./csp";

const ALWAYS: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["origin-agent-cluster", "?1"],
  [
    "permissions-policy",
    "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
  ],
];
const HSTS = "max-age=63072000";

/** Sets them. `policies` is null in development, where pages need eval and inline scripts. */
export function setHeaders(res: ServerResponse, path: string, settings: Pick<Settings, "publicUrl">, policies: Policies | null): void {
  for (const [name, value] of ALWAYS) res.setHeader(name, value);
  if (settings.publicUrl?.protocol === "https:") res.setHeader("strict-transport-security", HSTS);
  if (policies === null) return;
  res.setHeader("content-security-policy", policyOf(path, policies));
}

function policyOf(path: string, policies: Policies): string {
  if (path.startsWith("/_next/static/") || path === "/sw.js") return policies.worker;
  if (path.startsWith("/api/") || path.startsWith("/encryption/") || path === "/metrics") return policies.inert;
  return policies.page;
}
