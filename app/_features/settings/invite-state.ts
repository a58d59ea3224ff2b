import type { InviteInfo } from "@/server/contract/accounts";

/** Whether an invitation still opens the door at `nowMs`. */
export function inviteState(invite: Pick<InviteInfo, "usedBy" | "expiresAtMs">, nowMs: number): "open" | "used" | "expired" {
  if (invite.usedBy !== null) return "used";
  return nowMs >= invite.expiresAtMs ? "expired" : "open";
}
