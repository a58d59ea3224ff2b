/** Stands between browsers and a server, and keeps everything that passes: requests and answers with their headers, and the text of
 *  WebSocket frames, both ways. It sees what workers send, too. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Heap } from "./find-secrets";

export type RecordingProxy = {
  readonly url: string;
  /** Everything that passed so far. */
  passed(): Heap[];
  stop(): Promise<void>;
};

/** Passes everything on to the server on `port` of this machine. */
export async function startRecordingProxy(port: number): Promise<RecordingProxy> {
  const kept: Heap[] = [];
  const keep = (where: string, bytes: Buffer) => void kept.push({ where, bytes });
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((req, res) => passRequest(port, keep, req, res));
  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) =>
    sockets.handleUpgrade(req, socket, head, (client) => passFrames(port, keep, req, client)),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    passed: () => kept,
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Keep = (where: string, bytes: Buffer) => void;

function passRequest(port: number, keep: Keep, req: IncomingMessage, res: ServerResponse): void {
  const name = `${req.method} ${req.url}`;
  // What is compressed could not be searched.
  const headers = { ...req.headers, "accept-encoding": "identity" };
  const onward = request({ host: "127.0.0.1", port, method: req.method, path: req.url, headers }, (answer) => {
    const chunks: Buffer[] = [Buffer.from(`${answer.rawHeaders.join("\n")}\n`)];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("close", () => keep(`answer to ${name}`, Buffer.concat(chunks)));
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(res);
  });
  onward.on("error", () => res.destroy());
  const chunks: Buffer[] = [];
  req.on("data", (chunk: Buffer) => chunks.push(chunk));
  req.on("end", () => {
    const body = Buffer.concat(chunks);
    keep(name, Buffer.concat([Buffer.from(`${name}\n${req.rawHeaders.join("\n")}\n`), body]));
    onward.end(body);
  });
}

function passFrames(port: number, keep: Keep, req: IncomingMessage, client: WebSocket): void {
  const { host = "", origin = "" } = req.headers;
  const server = new WebSocket(`ws://127.0.0.1:${port}${req.url}`, { headers: { host }, origin, perMessageDeflate: false });
  const early: RawData[] = [];
  client.on("message", (data) => {
    keep("frame to the server", data as Buffer);
    if (server.readyState === WebSocket.OPEN) server.send(String(data));
    else early.push(data);
  });
  server.on("open", () => {
    for (const data of early) server.send(String(data));
  });
  server.on("message", (data) => {
    keep("frame to the browser", data as Buffer);
    client.send(String(data));
  });
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on("close", () => to.terminate());
    from.on("error", () => to.terminate());
  }
}
