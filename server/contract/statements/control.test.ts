import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { describe, expect, test } from "vitest";
import { testRuns } from "../../testing/test-runs";
import { uuidToBytes } from "../encodings";
import { MAX_CIPHERTEXT_BYTES, MAX_NAMED_PER_CONTROL } from "../limits";
import { type CborValue, decodeStrict, encodeCanonical } from "./cbor";
import { type Control, type ControlAction, type NamedPerson, parseControl, signControl } from "./control";
import { mutations } from "./mutate-bytes";
import { accountSecret, device, fixedBytes, fixedUserId, START_MS } from "./test-account";
import { INVITE_KEY, joinOf, OPEN, people, person } from "./test-group";

const chatId = "2b1e2d4c-0000-1111-2222-333344445555" as Control["chatId"];
const [alice, bob, carol] = [person("alice", "owner"), person("bob"), person("carol", "admin")];
const [bobId, carolId] = [bob.userId, carol.userId].sort() as [typeof bob.userId, typeof bob.userId];
const aSecret = fixedBytes("a secret");

const ACTIONS: ControlAction[] = [
  { type: "create", random: fixedBytes("random"), members: people(alice, bob), settings: OPEN },
  { type: "add", members: people(bob, carol) },
  { type: "remove", userIds: [bobId, carolId] },
  { type: "leave", deletesAccount: false },
  { type: "change-role", userId: bobId, role: "admin" },
  { type: "change-settings", changes: { posting: "admins", inviteKey: INVITE_KEY, expiresAfterS: 86_400, nameHash: fixedBytes("name") } },
  { type: "rekey", accountKey: bob.accountKey, manifestHash: bob.manifestHash },
  joinOf("bob"),
];

function controlWith(action: ControlAction): Control {
  const isFirst = action.type === "create";
  return {
    v: 1,
    chatId,
    ...{ index: isFirst ? 1 : 7, previousHash: isFirst ? null : fixedBytes("previous") },
    ...{ actorUserId: fixedUserId("alice"), actorDeviceId: device("alice", 1).deviceId },
    action,
    atMs: START_MS,
  };
}
function sign(control: Control): Uint8Array {
  const isJoin = control.action.type === "join";
  return signControl({ control, accountSecretKey: accountSecret("alice"), ...(isJoin && { inviteSecretKey: aSecret }) });
}
const statements = ACTIONS.map((action) => sign(controlWith(action)));

type Wire = Record<string, CborValue>;
function read(bytes: Uint8Array): Wire {
  const decoded = decodeStrict(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value as Wire;
}
const wire = (i: number) => read(read(statements[i] as Uint8Array).control as Uint8Array);
/** The statement of an action with other fields: in the control entry, in its action, or around it. */
function changed(i: number, fields: { control?: Wire; action?: Wire; envelope?: Wire }): Uint8Array {
  const control = wire(i);
  const bytes = encodeCanonical({ ...control, action: { ...(control.action as Wire), ...fields.action }, ...fields.control });
  return encodeCanonical({ ...read(statements[i] as Uint8Array), control: bytes, ...fields.envelope });
}
const reasonOf = (statement: Uint8Array) => {
  const parsed = parseControl(statement);
  return parsed.ok ? "accepted" : parsed.reason;
};
const [CREATE, ADD, REMOVE, LEAVE, ROLE, SETTINGS, REKEY, JOIN] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

describe("a control entry's format", () => {
  test("comes back as it was written, whatever the action", () => {
    for (const [i, action] of ACTIONS.entries()) {
      const parsed = parseControl(statements[i] as Uint8Array);
      expect(parsed.ok && parsed.control).toEqual(controlWith(action));
      expect(reasonOf(changed(i, {}))).toBe("accepted");
    }
  });

  test("names an entry by its signed bytes, not by its signatures", () => {
    const join = parseControl(statements[JOIN] as Uint8Array);
    const other = parseControl(changed(JOIN, { envelope: { inviteSignature: new Uint8Array(64) } }));
    expect(join.ok && other.ok && bytesToHex(other.hash)).toBe(join.ok && bytesToHex(join.hash));
  });

  test("has room for 200 people in 64 kB", () => {
    const many: NamedPerson[] = Array.from({ length: MAX_NAMED_PER_CONTROL }, (_, i) => ({ ...bob, userId: fixedUserId(`member ${i}`) }));
    const statement = sign(controlWith({ type: "add", members: people(...many) }));
    expect(statement.length).toBeLessThan(MAX_CIPHERTEXT_BYTES / 2);
    const tooMany = people(...many, { ...bob, userId: fixedUserId("one more") });
    expect(() => sign(controlWith({ type: "add", members: tooMany }))).toThrow(RangeError);
  });
});

describe("a control entry is refused", () => {
  test("with a field of another form", () => {
    const member = { ...bob, userId: uuidToBytes(bob.userId) };
    const refused: [number, Parameters<typeof changed>[1]][] = [
      [ADD, { control: { v: 2 } }],
      [ADD, { control: { extra: 1 } }],
      [ADD, { control: { chatId } }],
      [ADD, { control: { index: 0 } }],
      [ADD, { control: { index: 2 ** 31 } }],
      [ADD, { control: { previousHash: new Uint8Array(31) } }],
      [ADD, { control: { atMs: -1 } }],
      [ADD, { control: { action: null } }],
      [ADD, { action: { type: "ban" } }],
      [ADD, { action: { reason: "" } }],
      [ADD, { action: { members: [] } }],
      [ADD, { action: { members: [{ ...member, role: "king" }] } }],
      [ADD, { action: { members: [{ ...member, accountKey: new Uint8Array(31) }] } }],
      [ADD, { action: { members: [member, member] } }],
      [ADD, { action: { members: [...(wire(ADD).action as Wire & { members: CborValue[] }).members].reverse() } }],
      [REMOVE, { action: { userIds: [uuidToBytes(carolId), uuidToBytes(bobId)] } }],
      [REMOVE, { action: { userIds: [] } }],
      [LEAVE, { action: { deletesAccount: 1 } }],
      [ROLE, { action: { role: "none" } }],
      [SETTINGS, { action: { changes: {} } }],
      [SETTINGS, { action: { changes: { posting: "nobody" } } }],
      [SETTINGS, { action: { changes: { expiresAfterS: 0 } } }],
      [SETTINGS, { action: { changes: { colour: "red" } } }],
      [CREATE, { action: { settings: { posting: "everyone" } } }],
      [CREATE, { action: { random: new Uint8Array(16) } }],
      [ADD, { envelope: { signature: new Uint8Array(63) } }],
      [ADD, { envelope: { extra: null } }],
      [ADD, { envelope: { control: "text" } }],
    ];
    for (const [i, fields] of refused) expect([fields, reasonOf(changed(i, fields))]).toEqual([fields, "wrong_shape"]);
  });

  test("when action, place and signatures don't go together", () => {
    const refused: [number, Parameters<typeof changed>[1]][] = [
      [CREATE, { control: { index: 2 } }],
      [CREATE, { control: { previousHash: fixedBytes("previous") } }],
      [CREATE, { control: { actorUserId: uuidToBytes(bob.userId) } }],
      [CREATE, { control: { actorUserId: uuidToBytes(carol.userId) } }],
      [LEAVE, { control: { index: 1 } }],
      [LEAVE, { control: { previousHash: null } }],
      [LEAVE, { control: { index: 1, previousHash: null } }],
      [LEAVE, { envelope: { inviteSignature: new Uint8Array(64) } }],
      [JOIN, { envelope: { inviteSignature: null } }],
    ];
    for (const [i, fields] of refused) expect([fields, reasonOf(changed(i, fields))]).toEqual([fields, "wrong_shape"]);
  });

  test("duplicate_key_control_entry: with a key twice, around it or in it", () => {
    const [leave] = [statements[LEAVE] as Uint8Array];
    expect(reasonOf(withFirstPairTwice(leave))).toBe("malformed");
    expect(reasonOf(changed(LEAVE, { envelope: { control: withFirstPairTwice(read(leave).control as Uint8Array) } }))).toBe("malformed");
  });

  test("small_order_account_key: wherever a key of small order, or one that is no point, stands", () => {
    const smallOrder = hexToBytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
    const noPoint = new Uint8Array(32).fill(2);
    for (const key of [smallOrder, noPoint]) {
      const member = { ...bob, userId: uuidToBytes(bob.userId), accountKey: key };
      const creator = { ...alice, userId: uuidToBytes(alice.userId) };
      const places: [number, Wire][] = [
        [CREATE, { members: [creator, member].sort((a, b) => (bytesToHex(a.userId) < bytesToHex(b.userId) ? -1 : 1)) }],
        [CREATE, { settings: { ...OPEN, inviteKey: key } }],
        [ADD, { members: [member] }],
        [SETTINGS, { changes: { inviteKey: key } }],
        [REKEY, { accountKey: key }],
        [JOIN, { accountKey: key }],
      ];
      for (const [i, action] of places) expect([i, reasonOf(changed(i, { action }))]).toEqual([i, "bad_key"]);
    }
  });

  test("above 64 kB, before anything is read", () => {
    expect(reasonOf(new Uint8Array(MAX_CIPHERTEXT_BYTES + 1))).toBe("too_large");
    expect(reasonOf(new Uint8Array(MAX_CIPHERTEXT_BYTES))).toBe("malformed");
  });

  test("by its own author's client, before anybody sees it", () => {
    const leave = controlWith({ type: "leave", deletesAccount: true });
    expect(() => sign({ ...leave, index: 1 })).toThrow(RangeError);
    expect(() => sign({ ...leave, actorUserId: "alice" as Control["actorUserId"] })).toThrow(RangeError);
    expect(() => signControl({ control: leave, accountSecretKey: aSecret, inviteSecretKey: aSecret })).toThrow(RangeError);
    expect(() => signControl({ control: controlWith(joinOf("bob")), accountSecretKey: aSecret })).toThrow(RangeError);
  });

  test("when its bytes are broken, without an exception, or is another entry of the one form", () => {
    const seen = new Set<string>();
    for (const bytes of mutations(statements, 4_000 * testRuns())) {
      const parsed = parseControl(bytes);
      if (!parsed.ok) continue;
      const { control, signature, inviteSignature } = parsed;
      expect(encodeCanonical({ control: parsed.bytes, signature, inviteSignature })).toEqual(Uint8Array.from(bytes));
      if (seen.has(bytesToHex(parsed.hash))) continue;
      seen.add(bytesToHex(parsed.hash));
      const again = signControl({ control, accountSecretKey: aSecret, ...(inviteSignature && { inviteSecretKey: aSecret }) });
      expect(read(again).control).toEqual(parsed.bytes);
    }
    expect(seen.size).toBeGreaterThan(100);
  });
});

/** A map's encoding with its first key and value once more. */
function withFirstPairTwice(map: Uint8Array): Uint8Array {
  const keyEnd = 2 + ((map[1] as number) & 31);
  const valueHead = map[keyEnd] as number;
  // The first value of both maps is a number below 24, or bytes with a length of one or two bytes.
  const valueEnd =
    valueHead < 24
      ? keyEnd + 1
      : valueHead === 0x58
        ? keyEnd + 2 + (map[keyEnd + 1] as number)
        : keyEnd + 3 + (((map[keyEnd + 1] as number) << 8) | (map[keyEnd + 2] as number));
  return concatBytes(Uint8Array.of((map[0] as number) + 1), map.subarray(1, valueEnd), map.subarray(1));
}
