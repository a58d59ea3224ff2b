/** The app as a browser sees it: policies, headers, installing, offline starts, updates, direction, keyboard. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Locator, type Page } from "@playwright/test";
import { createPerson, expect, type Person, personOn, sharedOrigin, test } from "./people";

/** Everything that a browser complains about on this page, as it comes. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    if (!request.url().startsWith(sharedOrigin())) complaints.push(`foreign request: ${request.url()}`);
  });
  return complaints;
}

/** Reports violations of the page's policy as errors: not all of them show in the console. */
async function reportViolations(page: Page): Promise<void> {
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
    ),
  );
}

const SETTINGS = ["account", "privacy", "appearance", "sessions", "security", "invites", "server"];

async function walksThroughChats(person: Person, other: Person): Promise<void> {
  const { page } = person;
  await page.getByRole("button", { name: "New chat" }).first().click();
  await page.getByRole("dialog").getByRole("textbox").fill("nobody.of.that.name");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByText("Nobody on this server is called")).toBeVisible();
  await page.keyboard.press("Escape");
  await person.sends(other, "https://example.org/ and a <script>alert(1)</script> 👩🏽‍🚀");
  await person.seesState("alert(1)", "Delivered");
  await page.getByRole("button", { name: "How it works" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).first().click();
  await page.getByRole("button", { name: "Verify safety number" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Mark as verified" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: "Search" }).fill("zzz");
  await expect(page.getByText("Nothing for “zzz” on this device.")).toBeVisible();
  await page.goto("/c/00000000-0000-8000-8000-000000000000");
  await expect(page.getByText("This chat is not on this device")).toBeVisible();
}

async function walksThroughSettings(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Settings" }).click();
  for (const section of SETTINGS) {
    await page.goto(`/settings/${section}`);
    await expect(page.getByRole("main").getByRole("heading").first()).toBeVisible();
  }
  await page.goto("/settings/account");
  await page.getByRole("button", { name: "Delete account" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
}

test("a walk through all screens breaks no policy and leaves nothing in the console", async ({ browser, bob }) => {
  const alice = await createPerson(browser, sharedOrigin(), "alice");
  const complaints = complaintsOf(alice.page);
  const requested = new Set<string>();
  alice.page.on("request", (request) => requested.add(new URL(request.url()).origin));
  await reportViolations(alice.page);
  await alice.page.goto("/");
  await alice.page.getByRole("link", { name: "Create account" }).click();
  await alice.createsAccount();
  await alice.page.getByRole("button", { name: "I have saved it" }).click();
  await alice.page.getByRole("button", { name: "Show the key again" }).click();
  await alice.postponesRecoveryKey();
  await walksThroughChats(alice, bob);
  await walksThroughSettings(alice.page);
  await alice.signOut();
  await alice.signIn();
  await alice.page.getByRole("button", { name: "Start over" }).click();
  await alice.page.getByRole("button", { name: "Cancel" }).click();
  await alice.page.getByRole("button", { name: "Sign out" }).click();
  await expect(alice.page).toHaveURL(/\/sign-in$/);
  expect(complaints).toEqual([]);
  expect([...requested].filter((origin) => origin !== sharedOrigin() && origin !== "null")).toEqual([]);
  await alice.context.close();
});

test("pages, files and answers carry the promised headers", async ({ page }) => {
  const asset = await page.goto("/sign-in").then(() => page.locator("script[src]").first().getAttribute("src"));
  const paths = ["/", "/c/0190", "/settings", "/sign-in", String(asset), "/sw.js", "/manifest.webmanifest", "/icons/icon.svg"];
  for (const path of [...paths, "/api/trpc/accounts.server", "/api/trpc/sessions.list", "/nothing-here"]) {
    const headers = (await page.request.get(path)).headers();
    expect.soft(headers, path).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    const policy = headers["content-security-policy"] ?? "";
    expect.soft(policy, path).toMatch(/^default-src 'none'/);
    expect.soft(/script-src([^;]*)/.exec(policy)?.[1] ?? "", path).not.toMatch(/unsafe|https?:|\*/);
    if ((headers["content-type"] ?? "").includes("html")) {
      expect.soft(policy, path).toContain("frame-ancestors 'none'");
      expect.soft(policy, path).toContain("require-trusted-types-for 'script'");
    }
    expect.soft(headers["strict-transport-security"], `${path} over http`).toBeUndefined();
  }
});

test("the session is in a cookie that scripts and other sites can't use, and other sites can't call", async ({ alice, page }) => {
  const [cookie, ...others] = await alice.context.cookies();
  expect(others).toEqual([]);
  expect(cookie).toMatchObject({ name: "parley_session", httpOnly: true, sameSite: "Strict", path: "/" });
  const foreign = { headers: { origin: "https://elsewhere.example" }, data: {} };
  expect((await page.request.post("/api/auth/sign-out", foreign)).status()).toBe(403);
  expect((await alice.context.request.post("/api/trpc/sessions.revoke", foreign)).status()).toBe(403);
});

/** The service worker keeps everything that this version needs, and serves this page. */
async function isKept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((changed) => navigator.serviceWorker.addEventListener("controllerchange", changed, { once: true }));
  });
}

test("can be installed", async () => {
  const { launchOptions } = test.info().project.use;
  const context = await chromium.launchPersistentContext("", launchOptions); // others are refused as private windows
  const page = await context.newPage();
  await page.goto(sharedOrigin());
  await isKept(page);
  const devtools = await context.newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  expect(JSON.parse(data ?? "{}")).toMatchObject({ name: "Parley", display: "standalone", start_url: "/" });
  expect((await devtools.send("Page.getInstallabilityErrors")).installabilityErrors).toEqual([]);
  await context.close();
});

test("opens without a network at every address after the first visit", async ({ alice, bob }) => {
  await alice.sends(bob, "kept for the tunnel");
  await alice.seesState("kept for the tunnel", "Delivered");
  await isKept(alice.page);
  const { page } = alice;
  const chat = new URL(page.url()).pathname;
  await alice.goesOffline();
  await page.goto("/");
  await expect(page.getByRole("list", { name: "Chats" }).getByRole("link", { name: new RegExp(`^${bob.username}`) })).toBeVisible();
  await page.goto(chat);
  await alice.sees("kept for the tunnel");
  await page.reload();
  await alice.sees("kept for the tunnel");
  await page.goto("/settings");
  await expect(page.getByRole("heading", { name: "Appearance" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Appearance" })).toBeVisible();
  await alice.comesOnline();
});

/** Stands before the server and hands out another version of the service worker once it is told to. A browser asks for a new version
 *  by itself, beside the page: its request can't be changed in the page. */
async function startWithUpdates(): Promise<{ url: string; update(): void; stop(): void }> {
  let suffix = "";
  const proxy = createServer((req, res) => {
    const headers = { ...req.headers, "accept-encoding": "identity" };
    const { port } = new URL(sharedOrigin());
    const onward = request({ host: "127.0.0.1", port, method: req.method, path: req.url, headers }, async (answer) => {
      const ending = req.url === "/sw.js" ? suffix : "";
      const { "content-length": _, ...rest } = answer.headers;
      res.writeHead(answer.statusCode ?? 502, rest);
      for await (const chunk of answer) res.write(chunk);
      res.end(ending);
    });
    onward.on("error", () => res.destroy());
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(proxy.address() as AddressInfo).port}`,
    update() {
      suffix = "\n// the next version";
    },
    stop() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

test("a new version waits until it is asked for, and a draft survives it", async ({ browser, bob }) => {
  const server = await startWithUpdates();
  const alice = await createPerson(browser, server.url, "alice");
  const { page } = alice;
  await alice.signUp();
  await alice.opens(bob);
  await isKept(page);
  await page.getByRole("textbox", { name: "Message" }).fill("half a thought");
  await expect(page.getByRole("link", { name: /Draft:/ })).toBeVisible();
  await page.evaluate(() => Object.assign(window, { sameVisit: true }));
  server.update();
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  const ready = page.getByRole("region", { name: "Notices" }).getByText("A new version of Parley is ready.");
  await expect(ready).toBeVisible();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.goBack();
  expect(await page.evaluate(() => "sameVisit" in window)).toBe(true);
  await page.getByRole("button", { name: "Update" }).click();
  await expect.poll(() => page.evaluate(() => "sameVisit" in window).catch(() => true)).toBe(false);
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("half a thought");
  await expect(ready).toBeHidden();
  await alice.context.close();
  server.stop();
});

test("a language from right to left mirrors the frame", async ({ alice }) => {
  const { page } = alice;
  const left = async (role: "region" | "main") => (await page.getByRole(role).last().boundingBox())?.x ?? Number.NaN;
  await page.goto("/settings/appearance");
  await expect(page.getByRole("heading", { name: "Appearance" })).toBeVisible();
  expect(await left("region")).toBeLessThan(await left("main"));
  await page.getByText("العربية").click();
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.locator("html")).toHaveAttribute("lang", "ar");
  expect(await left("region")).toBeGreaterThan(await left("main"));
  await page.goto("/");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.getByRole("main")).toBeVisible();
  expect(await left("region")).toBeGreaterThan(await left("main"));
});

test("says why it can't run at the address of another machine without https", async () => {
  const { launchOptions } = test.info().project.use;
  const args = [...(launchOptions?.args ?? []), "--host-resolver-rules=MAP parley.test 127.0.0.1"];
  const browser = await chromium.launch({ ...launchOptions, args });
  const page = await browser.newPage();
  await page.goto(sharedOrigin().replace("localhost", "parley.test"));
  await expect(page.getByRole("heading", { name: "Parley can’t run at this address" })).toBeVisible();
  await expect(page.getByText(`http://localhost:${new URL(sharedOrigin()).port}`)).toBeVisible();
  await page.goto(`${sharedOrigin().replace("localhost", "parley.test")}/sign-up`);
  await expect(page.getByRole("heading", { name: "Parley can’t run at this address" })).toBeVisible();
  await browser.close();
});

const MANY_TABS = 40;

/** Presses Tab until the element has focus, which must be visible then. */
async function tabTo(target: Locator): Promise<void> {
  const page = target.page();
  await expect(target).toBeVisible();
  for (let presses = 0; presses < MANY_TABS; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
  expect(await target.evaluate((element) => element.matches(":focus-visible"))).toBe(true);
}

test("an account, a chat and a message need nothing but a keyboard", async ({ page, bob }) => {
  const alice = personOn(page, "alice", `alice.${crypto.randomUUID().slice(0, 8)}`);
  await page.goto(`${sharedOrigin()}/sign-up`);
  await tabTo(page.getByRole("textbox", { name: "Username" }));
  await page.keyboard.type(alice.username);
  await tabTo(page.getByLabel("Password", { exact: true }));
  await page.keyboard.type(alice.password);
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("button", { name: "I have saved it" }));
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("button", { name: "Show the key again" }));
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("button", { name: "Remind me tomorrow" }));
  await page.keyboard.press("Enter");
  await tabTo(page.getByRole("button", { name: "New chat" }).first());
  await page.keyboard.press("Escape");
  await page.keyboard.press("Alt+Shift+N");
  await expect(page.getByRole("dialog").getByRole("textbox")).toBeFocused();
  await page.keyboard.type(bob.username);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Message" })).toBeFocused();
  await page.keyboard.type("typed with both hands");
  await page.keyboard.press("Enter");
  await bob.opens(alice);
  await bob.sees("typed with both hands");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("link", { name: new RegExp(`^${bob.username}`) })).toBeFocused();
});
