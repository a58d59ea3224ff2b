import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textSegments } from "./text-segments";

const links = (text: string) => textSegments(text).flatMap((segment) => (segment.kind === "link" ? [[segment.text, segment.href]] : []));

describe("text segments", () => {
  it("links http, https and mail addresses and leaves the rest as text", () => {
    expect(textSegments("see https://example.org/a?b=1#c, or write to bea@example.org.")).toEqual([
      { kind: "text", text: "see " },
      { kind: "link", text: "https://example.org/a?b=1#c", href: "https://example.org/a?b=1#c" },
      { kind: "text", text: ", or write to " },
      { kind: "link", text: "bea@example.org", href: "mailto:bea@example.org" },
      { kind: "text", text: "." },
    ]);
  });

  it("gives an address without a scheme https", () => {
    expect(links("example.org/path")).toEqual([["example.org/path", "https://example.org/path"]]);
  });

  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt://example.org/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "ftp://example.org/x",
    "vbscript:x",
    "//example.org/x",
  ])("never links %s as written", (text) => {
    for (const [, href] of links(text)) expect(href).toMatch(/^(https?:|mailto:)/);
    expect(links(text).some(([label]) => label === text)).toBe(false);
  });

  it("does not link an address that holds direction overrides", () => {
    expect(links("https://example.org/\u202egpj.exe")).toEqual([]);
  });

  it("loses no character, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.webUrl(), fc.string({ unit: "grapheme" }), (before, url, after) => {
        const text = `${before} ${url} ${after}`;
        expect(
          textSegments(text)
            .map((segment) => segment.text)
            .join(""),
        ).toBe(text);
      }),
    );
  });
});
