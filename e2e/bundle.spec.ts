/** What the build hands to browsers. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { pqxdh } from "../app/_engine/signal/pqxdh";
import { whisperGroup } from "../app/_engine/signal/testing/whisper-group";
import { x3dh } from "../app/_engine/signal/testing/x3dh";
import { repository } from "../server/start/data-folder.mjs";

function builtScripts(): string[] {
  const folder = path.join(repository, ".next/static");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  return [...names.map((name) => path.join(folder, name)), path.join(repository, "dist/sw.js")].map((name) => readFileSync(name, "utf8"));
}

test("browsers get the suite of the product, and nothing of those that only tests speak", () => {
  const scripts = builtScripts();
  const held = (label: string) => scripts.some((script) => script.includes(label));
  const product = Object.values(pqxdh.infos);
  expect(product.filter(held)).toEqual(product);
  expect([...Object.values(x3dh.infos), whisperGroup.messageKeysInfo].filter(held)).toEqual([]);
});
