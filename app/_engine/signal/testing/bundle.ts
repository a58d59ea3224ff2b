/** The protocol core as browsers get it: all of app/_engine/signal with what it imports, minified. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const folder = path.resolve(import.meta.dirname, "..");

/** The files of the product below app/_engine/signal, without tests and what they stand on; relative to it. */
export function productFiles(): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith(`testing${path.sep}`));
}

/** Returns the script, and its size in bytes after gzip. Every export of every file counts, so the engine's own bundle has no more. */
export async function bundleSignal(): Promise<{ script: string; gzipBytes: number }> {
  const names = productFiles();
  const contents = names.map((name, i) => `export * as file${i} from "./${name}";`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const [output] = outputFiles;
  if (output === undefined || names.length === 0) throw new Error("nothing was bundled");
  return { script: output.text, gzipBytes: gzipSync(output.contents).length };
}
