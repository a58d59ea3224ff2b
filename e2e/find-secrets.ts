/** Looks for words and bytes in heaps of other bytes, in each form in which a program may have written them. */

export type Heap = { where: string; bytes: Buffer };
export type Secret = { name: string; bytes: Buffer };

/** A text that must be nowhere, as UTF-8 and as UTF-16 of both byte orders. */
export function secretText(text: string): Secret[] {
  const little = Buffer.from(text, "utf16le");
  return [
    { name: `"${text}" in UTF-8`, bytes: Buffer.from(text, "utf8") },
    { name: `"${text}" in UTF-16`, bytes: little },
    { name: `"${text}" in UTF-16 (big endian)`, bytes: Buffer.from(little).swap16() },
    { name: `"${text}" escaped as in JSON`, bytes: Buffer.from(escapeNonAscii(text)) },
  ];
}

/** Which secret was found where, and in which form. */
export function findSecrets(heaps: Heap[], secrets: Secret[]): string[] {
  const needles = secrets.flatMap(({ name, bytes }) =>
    formsOf(bytes).map((form) => ({ name: `${name}, ${form.name}`, bytes: form.bytes })),
  );
  return heaps.flatMap((heap) =>
    needles.filter(({ bytes }) => heap.bytes.includes(bytes)).map(({ name }) => `${heap.where} holds ${name}`),
  );
}

function formsOf(bytes: Buffer): Secret[] {
  if (bytes.length < 8) throw new RangeError("so few bytes occur by chance");
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].flatMap((before) => {
    const text = base64At(bytes, before);
    return [text, text.replaceAll("+", "-").replaceAll("/", "_")].map((each) => ({
      name: `base64 after ${before}`,
      bytes: Buffer.from(each),
    }));
  });
  return [
    { name: "as it is", bytes },
    { name: "hex", bytes: Buffer.from(hex) },
    { name: "HEX", bytes: Buffer.from(hex.toUpperCase()) },
    ...base64,
  ];
}

/** The characters of base64 that stand for these bytes alone, when `before` bytes of something else (modulo 3) come first. */
function base64At(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  const firstWhole = Math.ceil((before * 8) / 6);
  const endWhole = Math.floor(((before + bytes.length) * 8) / 6);
  return text.slice(firstWhole, endWhole);
}

function escapeNonAscii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
