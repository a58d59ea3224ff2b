/** What the real-time benchmark needs of a client, cheap enough for ten thousand in one process: a WebSocket on a bare TCP connection that
 *  answers nothing by itself, and signed calls of the HTTP API. */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";

export type Application = { port: number; appId: string; key: string; secret: string };
export type BenchSocket = {
  socketId: string;
  tcp: Socket;
  say(event: string, data: unknown): void;
  /** Resolves with the next message. */
  next(): Promise<string>;
  /** From now on gets every message instead, undecoded. */
  onMessage(listener: (payload: Buffer) => void): void;
  /** Resolves with the close code; 1006 without one. */
  closed: Promise<number>;
};

/** Opens a socket from one of many addresses of this machine, as real clients come from many; resolves when it is greeted. */
export async function openSocket({ port, key }: Application, index: number): Promise<BenchSocket> {
  const localAddress = `127.0.${1 + Math.floor(index / 20_000)}.${1 + (Math.floor(index / 100) % 200)}`;
  const tcp = connect({ host: "127.0.0.1", port, localAddress });
  let listener: ((payload: Buffer) => void) | undefined;
  const waiting: ((text: string) => void)[] = [];
  let code = 1006;
  const frames = readFrames((payload) => {
    if (listener) listener(payload);
    else waiting.shift()?.(payload.toString());
  });
  const closed = new Promise<number>((resolve) => {
    tcp.on("close", () => resolve(code));
  });
  tcp.on("error", () => {});
  tcp.on("data", (bytes) => {
    const closing = frames(bytes);
    if (closing === undefined) return;
    code = closing;
    tcp.end();
  });
  const next = () =>
    Promise.race([new Promise<string>((resolve) => waiting.push(resolve)), closed.then((c) => Promise.reject(new Error(`closed ${c}`)))]);
  const greeting = next();
  tcp.write(`GET /app/${key}?protocol=7 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`);
  tcp.write(`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`);
  const { data } = JSON.parse(await greeting) as { data: string };
  const { socket_id: socketId } = JSON.parse(data) as { socket_id: string };
  const say = (event: string, about: unknown) => void tcp.write(maskedFrame(JSON.stringify({ event, data: about })));
  return {
    socketId,
    tcp,
    say,
    next,
    closed,
    onMessage(handler) {
      listener = handler;
    },
  };
}

/** Takes bytes as they come, the upgrade's answer first; tells each message, and returns the code of a close. */
function readFrames(tell: (payload: Buffer) => void): (bytes: Buffer) => number | undefined {
  let rest: Buffer = Buffer.alloc(0);
  let upgraded = false;
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    if (!upgraded) {
      const end = rest.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      upgraded = true;
      rest = rest.subarray(end + 4);
    }
    for (;;) {
      if (rest.length < 2) return undefined;
      const short = rest.readUInt8(1);
      const header = short < 126 ? 2 : 4;
      if (rest.length < header) return undefined;
      const size = short < 126 ? short : rest.readUInt16BE(2);
      if (rest.length < header + size) return undefined;
      const payload = rest.subarray(header, header + size);
      const opcode = rest.readUInt8(0) & 15;
      rest = rest.subarray(header + size);
      if (opcode === 8) return payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      if (opcode === 1) tell(payload);
    }
  };
}

/** A text frame under the mask zero. */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(payload.length < 126 ? 6 : 8);
  header[0] = 0x81;
  if (payload.length < 126) header[1] = 0x80 | payload.length;
  else {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([header, payload]);
}

const signText = ({ key, secret }: Application, text: string) => `${key}:${createHmac("sha256", secret).update(text).digest("hex")}`;

/** A socket of any application's user that listens to `channel`. */
export async function openListening(application: Application, index: number, channel: string): Promise<BenchSocket> {
  const socket = await openSocket(application, index);
  const userData = JSON.stringify({ id: `user${index}` });
  socket.say("pusher:signin", { auth: signText(application, `${socket.socketId}::user::${userData}`), user_data: userData });
  await socket.next();
  await subscribe(socket, channel, signText(application, `${socket.socketId}:${channel}`));
  return socket;
}

/** Rejects if the server does not let it. */
export async function subscribe(socket: BenchSocket, channel: string, auth: string): Promise<void> {
  socket.say("pusher:subscribe", { channel, auth });
  const answer = await socket.next();
  if (!answer.includes("subscription_succeeded")) throw new Error(answer);
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Triggers an event over the HTTP API; resolves when the server has written it to its sockets. */
export async function trigger(application: Application, channel: string, data: string): Promise<void> {
  const body = JSON.stringify({ name: "event", channel, data });
  const path = `/apps/${application.appId}/events`;
  const md5 = createHash("md5").update(body).digest("hex");
  const query = `auth_key=${application.key}&auth_timestamp=${Math.floor(Date.now() / 1_000)}&auth_version=1.0&body_md5=${md5}`;
  const signature = createHmac("sha256", application.secret).update(`POST\n${path}\n${query}`).digest("hex");
  const { status } = await call(application.port, `${path}?${query}&auth_signature=${signature}`, body, {});
  if (status !== 200) throw new Error(`trigger answered ${status}`);
}

/** POSTs JSON over a connection that is kept. */
export async function call(port: number, path: string, body: string, headers: Record<string, string>) {
  const length = { "content-length": String(Buffer.byteLength(body)), "content-type": "application/json" };
  const sent = request({ host: "127.0.0.1", port, path, method: "POST", agent, headers: { ...length, ...headers } }).end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), cookies: response.headers["set-cookie"] ?? [] };
}
