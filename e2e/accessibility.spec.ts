/** axe on every screen and state, in light and dark, on a desktop and a phone: no violation. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { createPerson, expect, PASSWORD, type Person, test } from "./people";
import { type RunningServer, startServer } from "./server";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules of those tags whose verdict can change with the colours. */
const COLOR_RULES = ["color-contrast", "link-in-text-block"];
const WIDTHS = [1280, 390];
const HEIGHT = 800;

let server: RunningServer;
let alice: Person;
let bob: Person;

test.describe.configure({ mode: "serial" });
test.beforeAll(async ({ browser }) => {
  server = await startServer({ env: { PARLEY_LIMITS: "100" } });
  [alice, bob] = [await createPerson(browser, server.url, "alice"), await createPerson(browser, server.url, "bob")];
  for (const { page } of [alice, bob]) await page.emulateMedia({ reducedMotion: "reduce" });
});
test.afterAll(async () => {
  await Promise.all([alice, bob].map((person) => person.context.close()));
  await server.stop();
});

/** The page as it stands, in each theme and width, has no violation. It is left as it was. */
async function isAccessible(page: Page, state: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const axe = new AxeBuilder({ page }).setLegacyMode(); // frames there are none
      const { violations } = await (colorScheme === "light" ? axe.withTags(TAGS) : axe.withRules(COLOR_RULES)).analyze();
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, html }) => `${id}: ${target.join(" ")} ${html.slice(0, 160)}`),
      );
      expect.soft(found, `${state}, ${colorScheme}, ${width} px`).toEqual([]);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: HEIGHT });
}

test("creating an account", async () => {
  const { page } = alice;
  await page.goto("/sign-up");
  await expect(page.getByText("You are the first one here")).toBeVisible();
  await isAccessible(page, "sign-up");
  await page.getByRole("textbox", { name: "Username" }).fill("Not a name");
  await page.getByLabel("Password", { exact: true }).fill("password1234");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("This password is easy to guess.")).toBeVisible();
  await isAccessible(page, "sign-up with errors");
  await alice.createsAccount();
  await alice.recoveryKey();
  await isAccessible(page, "recovery key");
  await page.getByRole("button", { name: "I have saved it" }).click();
  await page.getByRole("textbox", { name: /^Group/ }).fill("nothing");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText(/^That is not group/)).toBeVisible();
  await isAccessible(page, "recovery key, wrong group");
  await page.getByRole("button", { name: "Show the key again" }).click();
  await alice.postponesRecoveryKey();
});

test("the list without chats, and finding a person", async () => {
  const { page } = alice;
  await expect(page.getByRole("heading", { name: "No chats yet" })).toBeVisible();
  await isAccessible(page, "no chats");
  await page.getByRole("button", { name: "New chat" }).first().click();
  await page.getByRole("dialog").getByRole("textbox").fill("nobody.of.that.name");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByText("Nobody on this server is called")).toBeVisible();
  await isAccessible(page, "new chat, nobody found");
  await page.keyboard.press("Escape");
});

/** Messages of every state, in alice's conversation with bob: read, delivered, sent and waiting. */
async function writeInEveryState(): Promise<void> {
  await alice.sends(bob, "read: see https://example.org/ 🏮");
  await bob.opens(alice);
  await bob.writes("an answer");
  await bob.writes("👍");
  await alice.seesState("read: see", "Read");
  await bob.page.getByRole("link", { name: "Settings" }).click();
  await alice.writes("delivered");
  await alice.seesState("delivered", "Delivered");
  await bob.goesOffline();
  await alice.writes("sent");
  await alice.seesState("sent", "Sent");
  await alice.goesOffline();
  await alice.writes("waiting");
  await alice.seesState("waiting", "Waiting");
}

test("a conversation, offline, with messages in every state", async () => {
  const { page } = alice;
  await bob.signUp();
  await alice.opens(bob);
  await isAccessible(page, "empty conversation");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await writeInEveryState();
  await expect(page.getByRole("region", { name: "Notices" }).getByText("You’re offline.")).toBeVisible();
  await isAccessible(page, "conversation, offline");
  await page.goto("/");
  await expect(page.getByText("Pick a chat to read it here")).toBeVisible();
  await isAccessible(page, "chat list");
  await page.getByRole("searchbox", { name: "Search" }).fill("zzz");
  await expect(page.getByText("Nothing for “zzz” on this device.")).toBeVisible();
  await isAccessible(page, "nothing found");
  await page.goto("/c/00000000-0000-8000-8000-000000000000");
  await expect(page.getByText("This chat is not on this device")).toBeVisible();
  await isAccessible(page, "unknown chat");
  await alice.comesOnline();
  await bob.comesOnline();
});

test("what a conversation explains and lets people compare", async () => {
  const { page } = alice;
  await alice.opens(bob);
  await alice.seesState("waiting", "Delivered");
  await page.getByRole("button", { name: "How it works" }).click();
  await expect(page.getByRole("dialog", { name: "How it works" })).toBeVisible();
  await isAccessible(page, "how it works");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Verify safety number" }).click();
  await expect(page.getByRole("dialog").getByText(/^\d{5}$/)).toHaveCount(12);
  await isAccessible(page, "safety number");
  await page.getByRole("button", { name: "Mark as verified" }).click();
  await expect(page.getByRole("dialog").getByText(/^Verified\./)).toBeVisible();
  await isAccessible(page, "safety number, verified");
  await page.keyboard.press("Escape");
});

test("every page of the settings", async () => {
  const { page } = alice;
  for (const section of ["", "/account", "/privacy", "/appearance", "/sessions", "/security", "/invites", "/server"]) {
    await page.goto(`/settings${section}`);
    await expect(page.getByRole("main").getByRole("heading").first()).toBeVisible();
    if (section === "/invites") {
      await page.getByRole("button", { name: "Create and copy link" }).click();
      await expect(page.getByRole("listitem").getByRole("code")).toBeVisible();
    }
    await isAccessible(page, `settings${section}`);
  }
  await page.goto("/settings/account");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Enter your password.")).toBeVisible();
  await isAccessible(page, "change password with errors");
  await page.getByRole("button", { name: "Delete account" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete account" }).click();
  await expect(page.getByRole("alertdialog").getByText("Enter your password.")).toBeVisible();
  await isAccessible(page, "delete account");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await isAccessible(page, "sign out");
  await page.keyboard.press("Escape");
});

test("signing in without keys, and a contact's changed keys", async () => {
  const { page } = bob;
  await bob.signOut();
  await isAccessible(page, "sign-in");
  await bob.signIn("not the password");
  await expect(page.getByText("Username or password is not right.")).toBeVisible();
  await isAccessible(page, "sign-in with an error");
  await bob.signIn();
  await page.getByRole("textbox", { name: "Recovery key" }).fill("not a key");
  await page.getByRole("button", { name: "Use recovery key" }).click();
  await expect(page.getByText("That is not this account’s recovery key.")).toBeVisible();
  await isAccessible(page, "restore with an error");
  await page.getByRole("button", { name: "Start over" }).click();
  await isAccessible(page, "start over");
  await alice.page.goto("/");
  await alice.opens(bob);
  await alice.goesOffline();
  await alice.writes("not sent");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Start over" }).click();
  await bob.postponesRecoveryKey();
  await alice.comesOnline();
  await expect(alice.page.getByRole("group", { name: "Safety number changed" })).toBeVisible();
  await alice.seesState("not sent", "Not sent");
  await isAccessible(alice.page, "held, and not sent");
  await alice.page.goto("/");
  await isAccessible(alice.page, "chat list with changed keys");
});

test("what stands in the way", async () => {
  const { page, context } = alice;
  await page.goto("/nothing-here");
  await isAccessible(page, "nothing at this address");
  await page.goto("/");
  await context.clearCookies();
  await page.reload();
  await expect(page.getByRole("region", { name: "Notices" }).getByText("Your sign-in ended.")).toBeVisible();
  await isAccessible(page, "signed out here");
  await page.getByRole("link", { name: "Sign in again" }).click();
  await expect(page.getByRole("heading", { name: "Sign in again" })).toBeVisible();
  await isAccessible(page, "sign in again");
});
