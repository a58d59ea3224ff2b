import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import compileMessages from "./compile-messages.mjs";
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

test("every English text has an Arabic one, with the same arguments and tags, and no more", () => {
  expect(readdirSync(path.join(folder, "ar"))).toEqual(namespaces);
  for (const file of namespaces) {
    const [english, arabic] = [read("en", file), read("ar", file)] as Record<string, string>[];
    expect(Object.keys(arabic ?? {}), file).toEqual(Object.keys(english ?? {}));
    for (const [key, text] of Object.entries(arabic ?? {})) {
      const original = english?.[key] ?? "";
      expect(argumentsOf(text), `${file} ${key}`).toEqual(argumentsOf(original));
      expect(tagsOf(text), `${file} ${key}`).toEqual(tagsOf(original));
    }
  }
});

test("the build's loader leaves plain texts alone and takes the others apart", () => {
  expect(JSON.parse(compileMessages('{"a":"Back","b":"Hello {name}"}'))).toEqual({ a: "Back", b: ["Hello ", ["name"]] });
  for (const language of ["en", "ar"])
    for (const file of namespaces) {
      const source = readFileSync(path.join(folder, language, file), "utf8");
      expect(Object.keys(JSON.parse(compileMessages(source)))).toEqual(Object.keys(JSON.parse(source)));
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
