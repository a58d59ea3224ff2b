/** Writes control entries that everybody will take: each is judged here before anybody else sees it. */
import type { ChatId, DeviceId, UserId } from "../ids";
import { applyStatement, emptyGroupAudience, type GroupAudience } from "./audience";
import { groupChatId } from "./chat-id";
import { type ControlAction, type CreateAction, type LaterAction, signControl } from "./control";
import { headOf } from "./group-chain";
import type { ManifestLookup } from "./rekey-proof";

type Author = {
  actorUserId: UserId;
  actorDeviceId: DeviceId;
  atMs: number;
  /** Ed25519, 32 bytes: of the account key that the group knows; with `rekey` of the new one. */
  accountSecretKey: Uint8Array;
};

/** The first entry of a new group: its id, and the statement. Members beyond MAX_NAMED_PER_CONTROL come by `add`s after it.
 *  Throws RangeError for an entry that would not be taken. */
export function createGroup(input: Author & Omit<CreateAction, "type">): { chatId: ChatId; statement: Uint8Array } {
  const { random, members, settings, ...author } = input;
  const creator = members.find(({ userId }) => userId === author.actorUserId);
  if (!creator) throw new RangeError("the creator is no member");
  const chatId = groupChatId(creator.accountKey, random);
  const action: CreateAction = { type: "create", random, members, settings };
  return { chatId, statement: write(emptyGroupAudience(chatId), action, author, () => null) };
}

/** The statement of the next entry of a group's chain. Throws RangeError for an entry that would not be taken: performAction says before
 *  whether the actor may do it. When it loses a race to another entry it is to be decided and built anew. */
export function nextControl(
  input: Author & {
    audience: GroupAudience;
    action: LaterAction;
    /** With `join`: inviteSecretKey of the link's seed. */
    inviteSecretKey?: Uint8Array;
    /** With `rekey`: the actor's own manifests. */
    manifestOf?: ManifestLookup;
  },
): Uint8Array {
  const { audience, action, manifestOf = () => null, ...author } = input;
  return write(audience, action, author, manifestOf);
}

function write(
  audience: GroupAudience,
  action: ControlAction,
  author: Author & { inviteSecretKey?: Uint8Array },
  manifestOf: ManifestLookup,
): Uint8Array {
  const { actorUserId, actorDeviceId, atMs, ...secretKeys } = author;
  const { chatId, chain } = audience;
  const place = { v: 1, chatId, index: chain.count + 1, previousHash: headOf(chain) } as const;
  const statement = signControl({ control: { ...place, actorUserId, actorDeviceId, action, atMs }, ...secretKeys });
  const applied = applyStatement(audience, { seq: audience.seq + 1, kind: "control", statement }, manifestOf);
  if (!applied.ok) throw new RangeError(`would not be taken: ${applied.reason}`);
  return statement;
}
