/** The protocol core as browsers get it: all of app/_engine/signal with what it imports, minified. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const folder = path.resolve(import.meta.dirname, "..");

/** Returns the script, and its size in bytes after gzip. Every export of every file counts, so the engine's own bundle has no more. */
export async function bundleSignal(): Promise<{ script: string; gzipBytes: number }> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const contents = names.map((name, i) => `export * as file${i} from "./${path.basename(name, ".ts")}";`).join("\n");
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
