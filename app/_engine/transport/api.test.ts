import { expect, test } from "vitest";
import { CallError, createApi } from "./api";

const page = "<!doctype html><title>Sign in to the airport's network</title>";

// What "forbidden", "unauthorized" and "bad_request" mean to the engine: that the server refused this device, up to deleting its store.
test.each([200, 401, 403, 404, 502])(
  "an answer with status %i that is not the server's own says nothing about the account",
  async (status) => {
    const api = createApi({
      origin: "http://localhost",
      fetch: async () => new Response(page, { status, headers: { "content-type": "text/html" } }),
    });
    const failure = await api
      .call((c) => c.accounts.me.query())
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).toBeInstanceOf(CallError);
    expect(["offline", "unavailable"]).toContain((failure as CallError).code);
  },
);

test("a page that another server put in the place of the sign-in's answer is no sign-in", async () => {
  const api = createApi({
    origin: "http://localhost",
    fetch: async () => new Response(page, { headers: { "content-type": "text/html" } }),
  });
  await expect(api.signIn("alice", "a password")).rejects.toBeInstanceOf(CallError);
});
