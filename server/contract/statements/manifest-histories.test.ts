/** Random histories of one account: its owner, a thief with the first account key, and a server that makes up keys. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ed25519PublicKey } from "../signatures";
import { fromSignedManifest, type ParsedManifest, toSignedManifest } from "./manifest";
import { judgeManifest, type ManifestPin, nextManifest, pinOf } from "./manifest-pin";
import { accepted, accountSecret, device, firstOf, publish, recoverySecret, START_MS } from "./test-account";

type Author = "owner" | "thief" | "forger";
type Written = { by: Author; parsed: ParsedManifest };
type Step = { act: "device" | "rotate" | "steal" | "forge"; pick: number };

const first = publish("alice", firstOf("alice"));
const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom("device" as const, "device" as const, "rotate" as const, "steal" as const, "steal" as const, "forge" as const),
  pick: fc.nat({ max: 1_000 }),
});

/** All manifests of a history in the order they were signed. The owner's form one chain; the others' branch off anywhere. */
function write(steps: Step[]): Written[] {
  const written: Written[] = [{ by: "owner", parsed: first }];
  const add = (by: Author, parsed: ParsedManifest) => written.push({ by, parsed });
  for (const [i, { act, pick }] of steps.entries()) {
    const issuedAtMs = START_MS + i;
    const owners = pinOf(chainOf(written).at(-1) as ParsedManifest);
    const stealable = written.filter(({ parsed }) => parsed.manifest.generation === 1);
    const any = written[pick % written.length] as Written;
    if (act === "device") add("owner", publish("alice", nextManifest(owners, { devices: [device("alice", 1 + (pick % 3))], issuedAtMs })));
    else if (act === "rotate") add("owner", rotate(owners, issuedAtMs));
    else if (act === "steal") {
      const from = stealable[pick % stealable.length] as Written;
      add("thief", publish("alice", nextManifest(pinOf(from.parsed), { devices: [device("alice", 66)], issuedAtMs })));
    } else {
      const accountKey = ed25519PublicKey(accountSecret("mallory", any.parsed.manifest.generation + 1));
      const manifest = nextManifest(pinOf(any.parsed), { accountKey, devices: [device("alice", 77)], issuedAtMs });
      add("forger", publish("mallory", manifest, recoverySecret("mallory")));
    }
  }
  return written;
}

function rotate(pin: ManifestPin, issuedAtMs: number): ParsedManifest {
  const next = pin.generation + 1;
  const accountKey = ed25519PublicKey(accountSecret("alice", next));
  const recoveryPublicKey = ed25519PublicKey(recoverySecret("alice", next));
  const manifest = nextManifest(pin, { accountKey, recoveryPublicKey, devices: [device("alice", 3 + next)], issuedAtMs });
  return publish("alice", manifest, recoverySecret("alice", next - 1));
}

function chainOf(written: Written[]): ParsedManifest[] {
  return written.filter(({ by }) => by === "owner").map(({ parsed }) => parsed);
}

/** A client that takes what it may without asking its person. */
function client() {
  let pin: ManifestPin | null = null;
  return {
    pin: () => pin,
    see(parsed: ParsedManifest) {
      const judged = judgeManifest(pin, parsed);
      if (judged.verdict === "first" || judged.verdict === "next" || judged.verdict === "rotated") pin = pinOf(parsed);
      return judged;
    },
  };
}

const isHigher = (a: ManifestPin, b: ManifestPin) =>
  a.generation > b.generation || (a.generation === b.generation && a.version > b.version);

test("whoever sees the same manifests in the same order judges them alike, and none is ever led back or to made-up keys", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 7 }), fc.array(fc.nat({ max: 1_000 }), { maxLength: 25 }), (steps, order) => {
      const written = write(steps);
      const received = written.map(({ parsed }) => accepted(fromSignedManifest(toSignedManifest(parsed.signed))));
      const [bob, server] = [client(), client()];
      bob.see(first);
      server.see(first);
      for (const pick of order) {
        const at = pick % written.length;
        const { by, parsed } = written[at] as Written;
        const before = bob.pin() as ManifestPin;
        const judged = bob.see(parsed);
        expect(server.see(received[at] as ParsedManifest)).toEqual(judged);
        const pin = bob.pin() as ManifestPin;
        if (pin !== before) expect(isHigher(pin, before)).toBe(true);
        if (pin !== before && by !== "owner") expect([by, pin.generation]).toEqual(["thief", 1]);
      }
    }),
    { numRuns: 25 },
  );
});

test("after a rotation everybody ends at the owner's manifest, whatever thief and server had shown them before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), fc.array(fc.nat({ max: 1_000 }), { maxLength: 12 }), (steps, order) => {
      const written = write([...steps, { act: "rotate", pick: 0 }]);
      const chain = chainOf(written);
      const bob = client();
      bob.see(first);
      for (const pick of order) bob.see((written[pick % written.length] as Written).parsed);
      for (const parsed of chain) bob.see(parsed);
      expect(bob.pin()).toEqual(pinOf(chain.at(-1) as ParsedManifest));
      for (const { by, parsed } of written) {
        if (by === "thief") expect(bob.see(parsed)).toEqual({ verdict: "old" });
        else bob.see(parsed);
      }
      expect(bob.pin()).toEqual(pinOf(chain.at(-1) as ParsedManifest));
    }),
    { numRuns: 15 },
  );
});
