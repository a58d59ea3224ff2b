/** What the chain head in a content's header says: whether its sender saw the same chain. */
import { constantTimeEqual } from "../signatures";
import type { GroupChain } from "./group-chain";

export type ChainHeadVerdict =
  /** The head, or an entry before it since which no member and no member's key changed: the sender meant the same people. */
  | "fits"
  /** Not among the entries that are remembered. Fetch the statements up to the content's place and judge by them; still unknown: a fork. */
  | "unknown"
  /** An entry before it, and the members changed since: the server let somebody write who had not seen that. To be warned of. */
  | "fork";

/** Judges the head that a content names by the chain at the content's place. */
export function judgeChainHead(chain: GroupChain, named: Uint8Array): ChainHeadVerdict {
  const at = chain.recentHeads.findIndex((hash) => constantTimeEqual(hash, named));
  if (at < 0) return "unknown";
  const index = chain.count - (chain.recentHeads.length - 1 - at);
  return index >= chain.membershipIndex ? "fits" : "fork";
}
