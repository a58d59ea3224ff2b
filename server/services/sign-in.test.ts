import { afterAll, beforeAll, expect, test } from "vitest";
import type { AppContext } from "../context";
import { createTestApp, type TestApp } from "../testing/app";
import { signIn } from "./sign-in";
import { signUp } from "./sign-up";

const [PASSWORD, NEW_PASSWORD] = ["correct horse battery", "another long password"];
const browser = { ipAddress: "203.0.113.7", userAgent: "a browser" };

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

test("a sign-in with a password that changes meanwhile gets no session", async () => {
  const username = "changer";
  await signUp({ app, ...browser, caller: null, setCookies: () => {} }, { username, password: PASSWORD });
  const password = await app.auth.hashPassword(NEW_PASSWORD);
  /** The password changes, and all sessions end, at the latest moment before this sign-in's own session is there. */
  const changing: AppContext["auth"]["signIn"] = async (input) => {
    await app.prisma.session.deleteMany();
    const signedIn = await app.auth.signIn(input);
    await app.prisma.credential.updateMany({ data: { password } });
    return signedIn;
  };
  const refused = signIn({ ...app, auth: { ...app.auth, signIn: changing } }, { username, password: PASSWORD, ...browser });
  await expect(refused).rejects.toMatchObject({ code: "unauthorized" });
  expect(await app.prisma.session.count()).toBe(0);
  await signIn(app, { username, password: NEW_PASSWORD, ...browser });
  expect(await app.prisma.session.count()).toBe(1);
});
