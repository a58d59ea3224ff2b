/** What the protocol core adds to the app. */
import { expect, test } from "vitest";
import { pqxdh } from "./pqxdh";
import { bundleSignal } from "./testing/bundle";

/** With the KEM; bytes of gzip. */
const MAX_GZIP_BYTES = 40_000;

const { script, gzipBytes } = await bundleSignal();

test("the protocol core stays small enough for a first visit", () => {
  expect(gzipBytes).toBeLessThanOrEqual(MAX_GZIP_BYTES);
});

test("the protocol core holds the labels of the product, and none of the suite that only tests speak", () => {
  const product = Object.values(pqxdh.infos);
  expect([...product, "Whisper"].filter((label) => script.includes(label))).toEqual(product);
});
