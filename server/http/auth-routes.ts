/** /api/auth: the three paths that exist. better-auth answers none of them itself, because its answers hold the session's token. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { AppContext } from "../context";
import { Username } from "../contract/accounts";
import { AppError } from "../contract/errors";
import { MAX_PASSWORD_LENGTH } from "../contract/limits";
import { signIn } from "../services/sign-in";
import { signOut } from "../services/sign-out";
import { answerJson } from "./answer";
import { readJson } from "./body";
import { clientOf, createRequestContext } from "./request-context";

const MAX_BODY_BYTES = 4_096;
const Credentials = z.object({ username: Username, password: z.string().min(1).max(MAX_PASSWORD_LENGTH) });

type AuthRoute = { method: "GET" | "POST"; handle(app: AppContext, req: IncomingMessage, res: ServerResponse): Promise<void> };

export const AUTH_ROUTES: Readonly<Record<string, AuthRoute>> = {
  "/api/auth/sign-in/username": {
    method: "POST",
    async handle(app, req, res) {
      const credentials = Credentials.safeParse(await readJson(req, MAX_BODY_BYTES));
      // A name or password that no account can have is simply wrong.
      if (!credentials.success) throw new AppError("unauthorized", "wrong name or password");
      const { cookies } = await signIn(app, { ...credentials.data, ...clientOf(req, app) });
      for (const line of cookies) res.appendHeader("set-cookie", line);
      answerJson(res, 200, {});
    },
  },
  "/api/auth/sign-out": {
    method: "POST",
    async handle(app, req, res) {
      const { cookies } = await signOut(app, req.headers.cookie);
      for (const line of cookies) res.appendHeader("set-cookie", line);
      answerJson(res, 200, {});
    },
  },
  "/api/auth/get-session": {
    method: "GET",
    async handle(app, req, res) {
      const { caller } = await createRequestContext(app, req, res);
      const session = caller && {
        userId: caller.userId,
        username: caller.username,
        sessionId: caller.sessionId,
        deviceId: caller.deviceId,
      };
      answerJson(res, 200, { session });
    },
  },
};
