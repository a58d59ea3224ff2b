import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { Fingerprint, PublicKey } from "@signalapp/libsignal-client";
import { describe, expect, it } from "vitest";
import { ed25519PublicKey } from "@/server/contract/signatures";
import { generateIdentityKeyPair } from "./keys";
import {
  compareSafetyNumberQr,
  SAFETY_NUMBER_ITERATIONS,
  type SafetyNumberSide,
  safetyNumber,
  safetyNumberQr,
  typedAccountKey,
} from "./safety-number";
import { seededRandom } from "./testing/device";

const account = (value: number): SafetyNumberSide => ({
  typedKey: typedAccountKey(new Uint8Array(32).fill(value)),
  userId: new Uint8Array(16).fill(value + 1),
});
const [alice, bob, carol] = [account(1), account(7), account(11)];

describe("Signal's published fingerprints", () => {
  // libsignal, fingerprint tests: versions 1 and 2 differ in the version number of the scannable form alone. The ids are phone numbers.
  const one = {
    typedKey: hexToBytes("0506863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868"),
    userId: utf8ToBytes("+14152222222"),
    fingerprint: "1e301a0353dce3dbe7684cb8336e85136cdc0ee96219494ada305d62a7bd61df",
  };
  const other = {
    typedKey: hexToBytes("05f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b"),
    userId: utf8ToBytes("+14153333333"),
    fingerprint: "d62cbf73a11592015b6b9f1682ac306fea3aaf3885b84d12bca631e9d4fb3a4d",
  };

  it("have the same digits", () => {
    expect(safetyNumber(one, other)).toBe("300354477692869396892869876765458257569162576843440918079131");
    expect(safetyNumber(other, one)).toBe("300354477692869396892869876765458257569162576843440918079131");
  });

  it("have the same bytes to scan, behind the head of our own form", () => {
    expect(bytesToHex(safetyNumberQr(one, other))).toBe(`50534e01${one.fingerprint}${other.fingerprint}`);
    expect(bytesToHex(safetyNumberQr(other, one))).toBe(`50534e01${other.fingerprint}${one.fingerprint}`);
  });
});

describe("beside Signal's library", () => {
  const random = seededRandom("safety number");
  const makeSide = () => ({ typedKey: generateIdentityKeyPair(random).publicKey, userId: random(16) });
  const theirView = (ours: SafetyNumberSide, theirs: SafetyNumberSide, version = 2) => {
    const [own, other] = [ours, theirs].map(({ typedKey, userId }) => ({
      key: PublicKey.deserialize(Buffer.from(typedKey)),
      id: Buffer.from(userId),
    })) as [{ key: PublicKey; id: Buffer }, { key: PublicKey; id: Buffer }];
    return Fingerprint.new(SAFETY_NUMBER_ITERATIONS, version, own.id, own.key, other.id, other.key);
  };

  it("has its digits and its scannable hashes for any X25519 keys and ids", () => {
    for (let i = 0; i < 2; i++) {
      const [ours, theirs] = [makeSide(), makeSide()];
      const fingerprint = theirView(ours, theirs);
      expect(safetyNumber(ours, theirs)).toBe(fingerprint.displayableFingerprint().toString());
      const qr = safetyNumberQr(ours, theirs);
      const [own, other] = [qr.subarray(4, 36), qr.subarray(36)];
      // Protocol Buffers: 1 version, 2 local and 3 remote fingerprint, each a message of 1 bytes.
      const scannable = concatBytes(hexToBytes("080212220a20"), own, hexToBytes("1a220a20"), other);
      expect(bytesToHex(fingerprint.scannableFingerprint().toBuffer())).toBe(bytesToHex(scannable));
    }
  });

  it("gives its verdict on what is scanned", () => {
    const [ours, theirs, stranger] = [makeSide(), makeSide(), makeSide()];
    const ownView = theirView(ours, theirs).scannableFingerprint();
    for (const [shownBy, shownTo] of [
      [theirs, ours],
      [theirs, stranger],
      [stranger, ours],
    ] as const) {
      const scanned = safetyNumberQr(shownBy, shownTo);
      const there = ownView.compare(theirView(shownBy, shownTo).scannableFingerprint());
      expect(compareSafetyNumberQr(scanned, ours, theirs)).toBe(there ? "match" : "differs");
    }
  });
});

describe("of two accounts", () => {
  it("is the same on both sides and keeps its digits", () => {
    expect(safetyNumber(alice, bob)).toBe(safetyNumber(bob, alice));
    expect(safetyNumber(alice, bob)).toMatchInlineSnapshot(`"875672908757677561176109296206888512027784553659032579226303"`);
  });

  it("changes with either key, either id and the type byte", () => {
    const base = safetyNumber(alice, bob);
    const x25519 = concatBytes(Uint8Array.of(5), new Uint8Array(32).fill(1));
    for (const changed of [account(2), { ...alice, userId: new Uint8Array(16) }, { ...alice, typedKey: x25519 }]) {
      expect(safetyNumber(changed, bob)).not.toBe(base);
    }
  });

  it("takes account keys of 32 bytes only", () => {
    expect(() => typedAccountKey(new Uint8Array(33))).toThrow(RangeError);
    expect(typedAccountKey(ed25519PublicKey(new Uint8Array(32)))[0]).toBe(0x06);
  });
});

describe("as a QR code", () => {
  const [shownByAlice, shownByBob] = [safetyNumberQr(alice, bob), safetyNumberQr(bob, alice)];

  it("keeps its bytes", () => {
    expect(bytesToHex(shownByBob)).toMatchInlineSnapshot(
      `"50534e0118b06d9d73e1360023354a0c9e5b49a8d48ab54f52736fcfc04eb635c53f555d807cf41fafc2f422127fcb4ae931ad763064d7b5a3639642a4594e73b90ee949"`,
    );
  });

  it("matches on both sides when both hold the same keys", () => {
    expect(compareSafetyNumberQr(shownByBob, alice, bob)).toBe("match");
    expect(compareSafetyNumberQr(shownByAlice, bob, alice)).toBe("match");
  });

  it("differs when somebody stands in between, whichever side is lied to", () => {
    const [notAlice, notBob] = [alice, bob].map((real) => ({ ...real, typedKey: carol.typedKey })) as [SafetyNumberSide, SafetyNumberSide];
    const shownByDeceivedBob = safetyNumberQr(bob, notAlice);
    expect(compareSafetyNumberQr(shownByDeceivedBob, alice, bob)).toBe("differs");
    expect(compareSafetyNumberQr(shownByBob, alice, notBob)).toBe("differs");
    expect(compareSafetyNumberQr(shownByDeceivedBob, alice, notBob)).toBe("differs");
  });

  it("differs when either side has another chat open", () => {
    expect(compareSafetyNumberQr(safetyNumberQr(bob, carol), alice, bob)).toBe("differs");
    expect(compareSafetyNumberQr(shownByBob, alice, carol)).toBe("differs");
  });

  it("tells the own code, which proves nothing", () => {
    expect(compareSafetyNumberQr(shownByAlice, alice, bob)).toBe("own_code");
  });

  it("tells another version from what is no safety number", () => {
    const [mark, rest] = [shownByBob.subarray(0, 3), shownByBob.subarray(4)];
    expect(compareSafetyNumberQr(concatBytes(mark, Uint8Array.of(2), rest), alice, bob)).toBe("other_version");
    expect(compareSafetyNumberQr(concatBytes(mark, Uint8Array.of(0)), alice, bob)).toBe("other_version");
    for (const bytes of [
      new Uint8Array(0),
      mark,
      shownByBob.subarray(0, 4),
      shownByBob.subarray(0, 67),
      concatBytes(shownByBob, Uint8Array.of(0)),
      utf8ToBytes("https://example.org/"),
      concatBytes(utf8ToBytes("psn"), shownByBob.subarray(3)),
    ]) {
      expect(compareSafetyNumberQr(bytes, alice, bob)).toBe("unreadable");
    }
  });

  it("matches with no bit changed", () => {
    const expected = (bit: number) => (bit < 24 ? "unreadable" : bit < 32 ? "other_version" : "differs");
    for (const bit of [0, 23, 24, 31, 32, 543]) {
      const changed = shownByBob.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (0x80 >> (bit & 7));
      expect(compareSafetyNumberQr(changed, alice, bob)).toBe(expected(bit));
    }
  });
});
