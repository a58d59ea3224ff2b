/** The bundler's loader for the words: parses each text at build time, so that no page ships the parser. */
import compile from "icu-minify/compile";

/** @param {string} source a flat JSON file of texts @returns {string} the same, each text as icu-minify's format */
export default function compileMessages(source) {
  const words = /** @type {Record<string, string>} */ (JSON.parse(source));
  return JSON.stringify(Object.fromEntries(Object.entries(words).map(([key, text]) => [key, compile(text)])));
}
