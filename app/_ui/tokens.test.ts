import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

/** WCAG 2.2 contrast of every pair of colours that stand on each other, from the style sheet itself. */
const css = readFileSync(path.join(import.meta.dirname, "tokens.css"), "utf8");
type Theme = "light" | "dark";
type Rgb = [number, number, number];

function tokens(theme: Theme): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", light = "", dark = ""] of css.matchAll(/--([\w-]+):\s*light-dark\((#\w+),\s*(#\w+)\);/g))
    found.set(name, theme === "light" ? light : dark);
  return found;
}
const channel = (hex: string, at: number): number => Number.parseInt(hex.slice(at, at + 2), 16);
const rgb = (hex: string): Rgb => [channel(hex, 1), channel(hex, 3), channel(hex, 5)];
const alpha = (hex: string): number => (hex.length === 9 ? channel(hex, 7) / 255 : 1);
const over = (top: string, ground: Rgb): Rgb => rgb(top).map((value, i) => value * alpha(top) + (ground[i] ?? 0) * (1 - alpha(top))) as Rgb;

function luminance(color: Rgb): number {
  const [r, g, b] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const NAMES = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"];
/** Ink, and the grounds it stands on. */
const TEXT: [string, string[]][] = [
  ["text", ["canvas", "surface", "sunken", "raised", "tint", "bubble-in", "bubble-out", "mention", "notice"]],
  ["muted", ["canvas", "surface", "sunken", "raised", "tint", "bubble-in", "notice"]],
  ["accent", ["canvas", "surface", "sunken", "raised", "tint", "bubble-in"]],
  ["on-accent", ["accent", "accent-hover"]],
  ["link", ["canvas", "surface", "sunken", "raised", "bubble-in", "bubble-out", "mention"]],
  ["meta-out", ["bubble-out"]],
  ["danger", ["surface", "canvas", "sunken", "raised", "bubble-out"]],
  ["success", ["surface", "raised"]],
  ["warn", ["warn-bg"]],
  ["on-badge-muted", ["badge-muted"]],
  ...NAMES.map((name): [string, string[]] => [name, ["bubble-in", "surface", "canvas"]]),
];
/** Outlines and marks that must be seen. */
const SHAPES: [string, string[]][] = [
  ["control", ["canvas", "surface", "raised"]],
  ["focus-ring", ["canvas", "surface", "raised", "sunken"]],
];

test.each(["light", "dark"] as const)("every text has a contrast of 4.5 to its ground (%s)", (theme) => {
  const colors = tokens(theme);
  const color = (name: string) => colors.get(name) ?? expect.fail(`no token --${name}`);
  for (const [ink, grounds] of TEXT)
    for (const ground of grounds) expect(contrast(rgb(color(ink)), rgb(color(ground))), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
});

test.each(["light", "dark"] as const)("every outline has a contrast of 3 to its ground (%s)", (theme) => {
  const colors = tokens(theme);
  const color = (name: string) => colors.get(name === "focus-ring" ? "link" : name) ?? expect.fail(`no token --${name}`);
  for (const [mark, grounds] of SHAPES)
    for (const ground of grounds) expect(contrast(rgb(color(mark)), rgb(color(ground))), `${mark} on ${ground}`).toBeGreaterThanOrEqual(3);
});

test.each(["light", "dark"] as const)("names on quotes keep a contrast of 4.5 (%s)", (theme) => {
  const colors = tokens(theme);
  const color = (name: string) => colors.get(name) ?? expect.fail(`no token --${name}`);
  for (const side of ["in", "out"]) {
    const ground = over(color(`quote-${side}`), rgb(color(`bubble-${side}`)));
    for (const name of NAMES) expect(contrast(rgb(color(name)), ground), `${name} on quote-${side}`).toBeGreaterThanOrEqual(4.5);
  }
});

test("text on a row keeps its contrast while the pointer is over it", () => {
  for (const theme of ["light", "dark"] as const) {
    const colors = tokens(theme);
    const hovered = over(colors.get("hover") ?? "", rgb(colors.get("surface") ?? ""));
    for (const ink of ["text", "muted", "accent", "danger"])
      expect(contrast(rgb(colors.get(ink) ?? ""), hovered), `${ink} on hover (${theme})`).toBeGreaterThanOrEqual(4.5);
  }
});
