/** Whether an upgrade request speaks our protocol. */
import { CLOSINGS, type Closing } from "./closings";

const PROTOCOL = 7;

/** Request target -> why its socket must be closed, or undefined if it may stay. */
export function refusalOf(target: string, key: string): Closing | undefined {
  const [path = "", query = ""] = target.split("?", 2);
  const named = /^\/app\/([^/]+)$/.exec(path)?.[1];
  if (named === undefined) return CLOSINGS.unknownPath;
  if (named !== key) return CLOSINGS.unknownKey;
  const version = new URLSearchParams(query).get("protocol");
  if (version === null) return CLOSINGS.missingVersion;
  if (!/^\d{1,9}$/.test(version)) return CLOSINGS.malformedVersion;
  return Number(version) === PROTOCOL ? undefined : CLOSINGS.unsupportedVersion;
}
