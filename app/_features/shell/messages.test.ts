import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { mergeMessages } from "./messages";

const folder = path.join(import.meta.dirname, "messages");
const read = (language: string, file: string) =>
  JSON.parse(readFileSync(path.join(folder, language, file), "utf8")) as Record<string, unknown>;
const namespaces = readdirSync(path.join(folder, "en"));
const argumentsOf = (text: string) => [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map((match) => match[1]))].sort();
const tagsOf = (text: string) => [...new Set([...text.matchAll(/<(\w+)>/g)].map((match) => match[1]))].sort();

test("words are flat texts, so that one language can be laid over another", () => {
  for (const language of ["en", "ar"])
    for (const file of readdirSync(path.join(folder, language)))
      for (const [key, text] of Object.entries(read(language, file))) expect(text, `${language}/${file} ${key}`).toBeTypeOf("string");
});

test("every Arabic text has an English one, with the same arguments and tags", () => {
  for (const file of readdirSync(path.join(folder, "ar"))) {
    expect(namespaces).toContain(file);
    const english = read("en", file) as Record<string, string>;
    for (const [key, text] of Object.entries(read("ar", file) as Record<string, string>)) {
      const original = english[key];
      expect(original, `${file} ${key}`).toBeDefined();
      expect(argumentsOf(text), `${file} ${key}`).toEqual(argumentsOf(original ?? ""));
      expect(tagsOf(text), `${file} ${key}`).toEqual(tagsOf(original ?? ""));
    }
  }
});

test("no text says what Parley never says", () => {
  for (const file of namespaces)
    for (const [key, text] of Object.entries(read("en", file) as Record<string, string>))
      expect(text, `${file} ${key}`).not.toMatch(/\b(oops|session|ratchet|military)\b|100 % secure|[^.]\.\.\.$/i);
});

test("a language lies over English word by word", () => {
  const english = { shell: { back: "Back", close: "Close" }, auth: { signIn: "Sign in" } };
  const merged = mergeMessages(english as never, { shell: { back: "رجوع" } });
  expect(merged).toEqual({ shell: { back: "رجوع", close: "Close" }, auth: { signIn: "Sign in" } });
});
