/** Reading small request bodies, never more than was agreed on. */
import type { IncomingMessage } from "node:http";
import { AppError } from "../contract/errors";

/** The parsed JSON body of at most `maxBytes`. Throws AppError `too_large`, `bad_request`. */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (!/^application\/json\b/i.test(req.headers["content-type"] ?? "")) throw new AppError("bad_request", "the body must be JSON");
  const bytes = await readBytes(req, maxBytes);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new AppError("bad_request", "the body is not JSON");
  }
}

/** The body of at most `maxBytes`. Throws AppError `too_large`. */
export async function readBytes(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // NOTE: destroying the request would close the connection before the refusal is sent.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new AppError("too_large", "the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Whether the request announces a body over `maxBytes`: then it can be refused before it is sent. */
export function announcesMoreThan(req: IncomingMessage, maxBytes: number): boolean {
  const announced = req.headers["content-length"];
  return announced !== undefined && Number(announced) > maxBytes;
}
