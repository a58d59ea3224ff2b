/** Requests as tests want them: every header in their hands, cookies kept like a browser keeps them. */
import { type IncomingHttpHeaders, request } from "node:http";

export type Reply = { status: number; headers: IncomingHttpHeaders; cookies: string[]; text: string; json: unknown };
export type RequestOptions = { method?: string; headers?: Record<string, string>; body?: string | Buffer };

/** Sends one request over a connection of its own and reads the whole answer. */
export function send(port: number, path: string, { method = "GET", headers = {}, body }: RequestOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const req = request(
      { host: "127.0.0.1", port, path, method, headers: { host: `localhost:${port}`, ...headers }, agent: false },
      (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("error", reject).on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            cookies: res.headers["set-cookie"] ?? [],
            text,
            json: parse(text),
          });
        });
      },
    );
    req.on("error", reject).end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export type Outcome = { status: number; value: unknown; code: unknown; app: unknown; reply: Reply };

/** A browser profile: has cookies, and sends the Origin of the page it shows. */
export function createBrowser(port: number, extraHeaders: Record<string, string> = {}) {
  const jar = new Map<string, string>();
  async function go(path: string, options: RequestOptions = {}): Promise<Reply> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { origin: `http://localhost:${port}`, ...(cookie && { cookie }), ...extraHeaders, ...options.headers };
    const reply = await send(port, path, { ...options, headers });
    for (const line of reply.cookies) {
      const [, name, value, attributes] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) continue;
      if (/max-age=0/i.test(attributes ?? "")) jar.delete(name);
      else jar.set(name, value);
    }
    return reply;
  }
  const post = (path: string, body: unknown) =>
    go(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return {
    jar,
    go,
    post,
    query: async (name: string) => outcome(await go(`/api/trpc/${name}`)),
    mutate: async (name: string, input?: unknown) => outcome(await post(`/api/trpc/${name}`, input)),
    signUp: async (username: string, more: { password?: string; invite?: string } = {}) =>
      outcome(await post("/api/trpc/accounts.signUp", { username, password: PASSWORD, ...more })),
    signIn: (username: string, password = PASSWORD) => post("/api/auth/sign-in/username", { username, password }),
    signOut: () => post("/api/auth/sign-out", {}),
  };
}
export type Browser = ReturnType<typeof createBrowser>;

export const PASSWORD = "correct horse battery";

function outcome(reply: Reply): Outcome {
  const json = (reply.json ?? {}) as { result?: { data?: unknown }; error?: { data?: { app?: { code?: unknown } } } };
  const app = json.error?.data?.app;
  return { status: reply.status, value: json.result?.data, code: app?.code, app, reply };
}
