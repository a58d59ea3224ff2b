import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keepUnchanged, sameValue } from "./keep-unchanged";

type Row = { id: string; body: { text: string }; seq?: number };
const keyOf = (row: Row) => row.id;
const row = (id: string, text = id, more: Partial<Row> = {}): Row => ({ id, body: { text }, ...more });

describe("keeping unchanged elements", () => {
  it("returns the former list when the fresh copy says the same", () => {
    const former = [row("a"), row("b")];
    expect(keepUnchanged(former, structuredClone(former), keyOf)).toBe(former);
  });

  it("replaces only the element that changed", () => {
    const former = [row("a"), row("b")];
    const kept = keepUnchanged(former, [row("a"), row("b", "b", { seq: 2 }), row("c")], keyOf);
    expect(kept[0]).toBe(former[0]);
    expect(kept[1]).toEqual({ ...row("b"), seq: 2 });
    expect(kept).toHaveLength(3);
  });

  it("notices a changed order", () => {
    const former = [row("a"), row("b")];
    expect(keepUnchanged(former, [row("b"), row("a")], keyOf).map(keyOf)).toEqual(["b", "a"]);
  });

  it("treats a missing field and an undefined one as equal", () => {
    expect(sameValue(row("a"), row("a", "a", { seq: undefined as never }))).toBe(true);
  });

  it("always says what the fresh list says", () => {
    const rows = fc.uniqueArray(fc.record({ id: fc.constantFrom(..."abcdef"), body: fc.record({ text: fc.constantFrom("x", "y") }) }), {
      selector: keyOf,
    });
    fc.assert(
      fc.property(rows, rows, (former, fresh) => {
        expect(keepUnchanged(former, fresh, keyOf)).toEqual(fresh);
      }),
    );
  });
});
