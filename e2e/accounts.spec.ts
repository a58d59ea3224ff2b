/** What happens to accounts, keys and sign-ins over time, and what contacts see of it. */
import type { Page } from "@playwright/test";
import { createPerson, expect, PASSWORD, type Person, personOn, sharedOrigin, test } from "./people";

const NEW_PASSWORD = "seven lanterns over cold water";

/** What the browser's database holds: the number of rows by table, and the keys of the table of single values. */
async function storedRows(page: Page): Promise<{ rows: Record<string, number>; meta: IDBValidKey[] }> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const db = await done(indexedDB.open("parley"));
    const tables = [...db.objectStoreNames];
    const read = db.transaction(tables);
    const meta = done(read.objectStore("meta").getAllKeys());
    const counted = await Promise.all(tables.map(async (name) => [name, await done(read.objectStore(name).count())] as const));
    db.close();
    return { rows: Object.fromEntries(counted), meta: await meta };
  });
}

const statusOf = (page: Page, procedure: string) => page.evaluate(async (name) => (await fetch(`/api/trpc/${name}`)).status, procedure);

const noKeys = (person: Person) => person.page.getByRole("heading", { name: "This browser has no keys" });

/** Alice with her recovery key written down, in a conversation with bob that both have read. */
async function keepsKeyAndTalks(alice: Person, bob: Person): Promise<string> {
  await alice.page.goto("/sign-up");
  await alice.createsAccount();
  const key = await alice.recoveryKey();
  await alice.postponesRecoveryKey();
  await alice.sends(bob, "before everything");
  await bob.opens(alice);
  await bob.sees("before everything");
  await alice.seesState("before everything", "Read");
  return key;
}

const newcomer = test.extend<{ carol: Person }>({
  carol: async ({ browser }, use) => {
    const carol = await createPerson(browser, sharedOrigin(), "carol");
    await use(carol);
    await carol.context.close();
  },
});

newcomer("signing out says what is lost and leaves nothing of the account in the browser", async ({ carol, bob }) => {
  await keepsKeyAndTalks(carol, bob);
  await carol.page.getByRole("textbox", { name: "Message" }).fill("a draft");
  await expect(carol.page.getByRole("link", { name: /Draft:/ })).toBeVisible();
  await carol.page.getByRole("link", { name: "Settings" }).click();
  await carol.page.getByRole("button", { name: "Sign out" }).click();
  const question = carol.page.getByRole("alertdialog", { name: "Sign out of this browser?" });
  await expect(question).toContainText("Your keys and all messages in this browser are deleted");
  await expect(question).toContainText("You have not saved your recovery key.");
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(question).toBeHidden();
  expect((await storedRows(carol.page)).rows.messages).toBeGreaterThan(0);
  await carol.signOut();
  const { rows, meta } = await storedRows(carol.page);
  expect(meta).toEqual(["leader"]);
  expect(Object.entries(rows).filter(([table, count]) => count > 0 && table !== "meta")).toEqual([]);
  expect(await carol.context.cookies()).toEqual([]);
  expect(await statusOf(carol.page, "sessions.list")).toBe(401);
  expect(await statusOf(carol.page, "chats.list")).toBe(401);
  await carol.page.goto("/");
  await carol.signIn();
  await expect(noKeys(carol)).toBeVisible();
});

newcomer("the recovery key brings an account back, and its contacts are told and talk on", async ({ carol, bob }) => {
  const key = await keepsKeyAndTalks(carol, bob);
  await carol.signOut();
  await carol.signIn();
  await expect(noKeys(carol)).toBeVisible();
  const field = carol.page.getByRole("textbox", { name: "Recovery key" });
  const restore = carol.page.getByRole("button", { name: "Use recovery key" });
  await field.fill(key.replace(/^./, (first) => (first === "A" ? "B" : "A")));
  await restore.click();
  await expect(carol.page.getByText("That is not this account’s recovery key.")).toBeVisible();
  await expect(field).toBeFocused();
  await field.fill(` ${key.toLowerCase()} `);
  await restore.click();
  const chat = carol.page.getByRole("list", { name: "Chats" }).getByRole("link", { name: new RegExp(`^${bob.username}`) });
  await chat.click();
  await expect(bob.page.getByText("has new keys and confirmed them with their recovery key.")).toBeVisible();
  await bob.writes("is it you?");
  await carol.sees("is it you?");
  await carol.writes("it is");
  await bob.sees("it is");
  await carol.page.reload();
  await carol.writes("still, after a reload");
  await bob.sees("still, after a reload");
  await carol.seesState("still, after a reload", "Read");
  expect(await carol.conversation()).toEqual(["is it you?", "it is", "still, after a reload"]);
});

newcomer("starting over warns the contact, who sends nothing until they accept the new keys", async ({ carol, bob }) => {
  await keepsKeyAndTalks(carol, bob);
  await carol.signOut();
  await bob.goesOffline();
  await bob.writes("written before I knew");
  await carol.signIn();
  await carol.page.getByRole("button", { name: "Start over" }).click();
  await expect(carol.page.getByText(/everyone you write to is warned/)).toBeVisible();
  await carol.page.getByLabel("Password", { exact: true }).fill("not my password");
  await carol.page.getByRole("button", { name: "Start over" }).click();
  await expect(carol.page.getByText("This password is not right.")).toBeVisible();
  await carol.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await carol.page.getByRole("button", { name: "Start over" }).click();
  await carol.postponesRecoveryKey();
  await bob.comesOnline();
  await expect(bob.page.getByText(`${carol.username}’s safety number changed, usually because`)).toBeVisible();
  await bob.seesState("written before I knew", "Not sent");
  await expect(bob.article("written before I knew")).toContainText(`Not sent. ${carol.username}’s safety number changed.`);
  const held = bob.page.getByRole("group", { name: "Safety number changed" });
  await bob.page.getByRole("textbox", { name: "Message" }).fill("hello again?");
  await bob.page.keyboard.press("Enter");
  await expect(held.getByRole("button", { name: "Check" })).toBeFocused();
  await expect(bob.page.getByRole("textbox", { name: "Message" })).toHaveValue("hello again?");
  await held.getByRole("button", { name: "Send anyway" }).click();
  await expect(held).toBeHidden();
  await carol.opens(bob);
  await carol.sees("hello again?");
  expect(await carol.conversation()).toEqual(["hello again?"]);
  await bob.article("written before I knew").getByRole("button", { name: "Try again" }).click();
  await carol.sees("written before I knew");
  await carol.writes("new keys, same me");
  await bob.sees("new keys, same me");
  await carol.seesState("new keys, same me", "Read");
});

newcomer("the reminder of the recovery key goes away once a group of the copy was typed", async ({ carol }) => {
  const { page } = carol;
  await page.goto("/sign-up");
  await carol.createsAccount();
  const groups = (await carol.recoveryKey()).split(" ");
  await carol.postponesRecoveryKey();
  const reminder = page.getByRole("region", { name: "Notices" }).getByText("Your recovery key is not saved yet.");
  await expect(page.getByRole("region", { name: "Chat list" })).toBeVisible();
  await expect(reminder).toBeHidden();
  await page.clock.setFixedTime(Date.now() + 25 * 3_600_000);
  await page.reload();
  await expect(reminder).toBeVisible();
  await page.getByRole("link", { name: "Save it" }).click();
  await page.getByRole("button", { name: "I have saved it" }).click();
  const asked = page.getByRole("textbox", { name: /^Group \d+$/ });
  const label = await page.getByText(/^Group \d+$/).textContent();
  const number = Number(label?.slice("Group ".length));
  await asked.fill("WRONG");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText(`That is not group ${number}.`)).toBeVisible();
  await asked.fill(groups[number - 1]?.toLowerCase() ?? "");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page).toHaveURL(/\/$/);
  await expect(page.getByRole("region", { name: "Chat list" })).toBeVisible();
  await expect(reminder).toBeHidden();
  await page.goto("/settings/security");
  await expect(page.getByText("Saved by you")).toBeVisible();
});

newcomer("a taken name and a weak password are refused beside their fields", async ({ carol, bob }) => {
  const { page } = carol;
  await page.goto("/sign-up");
  await page.getByRole("textbox", { name: "Username" }).fill(bob.username);
  await page.getByLabel("Password", { exact: true }).fill("password1234");
  await page.getByRole("button", { name: "Create account" }).click();
  const password = page.getByLabel("Password", { exact: true });
  await expect(password).toHaveAccessibleDescription(/This password is easy to guess/);
  await password.fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(password).toHaveAccessibleDescription(/This password is too short/);
  await password.fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  const username = page.getByRole("textbox", { name: "Username" });
  await expect(username).toHaveAccessibleDescription(/Somebody has this username/);
  await expect(username).toBeFocused();
  await username.fill(carol.username);
  await page.getByRole("button", { name: "Create account" }).click();
  await carol.postponesRecoveryKey();
});

/** The same person in another browser: signed in, without keys. */
async function elsewhere(person: Person): Promise<Person> {
  const context = await person.context.browser()?.newContext({ baseURL: sharedOrigin() });
  if (!context) throw new Error("the browser is gone");
  const other = personOn(await context.newPage(), person.name, person.username);
  await other.page.goto("/sign-in");
  await other.signIn();
  await expect(noKeys(other)).toBeVisible();
  return other;
}

test("a changed password ends the other sessions, and the old one is refused", async ({ alice }) => {
  const other = await elsewhere(alice);
  const { page } = alice;
  await page.goto("/settings/account");
  const current = page.getByLabel("Current password");
  await current.fill("not my password");
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(current).toHaveAccessibleDescription(/This password is not right/);
  await current.fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByRole("main").getByText("Your password is changed.")).toBeVisible();
  await other.page.reload();
  await other.signIn();
  await expect(other.page.getByText("Username or password is not right.")).toBeVisible();
  await other.signIn(NEW_PASSWORD);
  await expect(noKeys(other)).toBeVisible();
  expect(await statusOf(page, "chats.list")).toBe(200);
  await other.context.close();
});

test("a browser whose session is revoked keeps its chats, and sends what waited after the password", async ({ alice, bob }) => {
  await alice.sends(bob, "while signed in");
  await alice.seesState("while signed in", "Delivered");
  const other = await elsewhere(alice);
  const sessions = await other.page.request.get("/api/trpc/sessions.list");
  const listed = (await sessions.json()) as { result: { data: { sessionId: string; current: boolean }[] } };
  const revoked = listed.result.data.find((session) => !session.current);
  const headers = { origin: sharedOrigin() };
  await other.page.request.post("/api/trpc/sessions.revoke", { headers, data: { sessionId: revoked?.sessionId } });
  await other.context.close();
  await alice.writes("while signed out");
  const notices = alice.page.getByRole("region", { name: "Notices" });
  await expect(notices.getByText("Your sign-in ended. You can read here; sending waits for your password.")).toBeVisible();
  await alice.sees("while signed in");
  await alice.seesState("while signed out", "Waiting");
  await notices.getByRole("link", { name: "Sign in again" }).click();
  await expect(alice.page.getByRole("textbox", { name: "Username" })).toHaveValue(alice.username);
  await alice.signIn();
  await alice.opens(bob);
  await alice.seesState("while signed out", "Delivered");
  await bob.opens(alice);
  await bob.sees("while signed out");
  expect(await bob.conversation()).toEqual(["while signed in", "while signed out"]);
});

test("a device is signed out from the list of devices", async ({ alice }) => {
  const other = await elsewhere(alice);
  await alice.page.goto("/settings/sessions");
  await expect(alice.page.getByText("This device")).toBeVisible();
  await alice.page.getByRole("button", { name: /^Sign out \S+ on \S+/ }).click();
  await expect(alice.page.getByRole("heading", { name: "Other devices" })).toBeHidden();
  await other.page.reload();
  await expect(other.page).toHaveURL(/\/sign-in$/);
  await other.context.close();
});

test("a deleted account is gone from browser and server, and its contact's message says so", async ({ alice, bob }) => {
  await alice.sends(bob, "one last thing");
  await bob.opens(alice);
  await bob.sees("one last thing");
  const { page } = alice;
  await page.goto("/settings/account");
  await page.getByRole("button", { name: "Delete account" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Delete your account?" });
  await dialog.getByRole("textbox", { name: `Type ${alice.username} to go on` }).fill("somebody");
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await expect(dialog.getByRole("textbox", { name: `Type ${alice.username} to go on` })).toBeFocused();
  await dialog.getByRole("textbox", { name: `Type ${alice.username} to go on` }).fill(alice.username);
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  expect((await storedRows(page)).meta).toEqual(["leader"]);
  await alice.signIn();
  await expect(page.getByText("Username or password is not right.")).toBeVisible();
  await bob.page.reload();
  await bob.sees("one last thing");
  await bob.writes("are you there?");
  await bob.seesState("are you there?", "Not sent");
  await expect(bob.article("are you there?")).toContainText(`Not sent. ${alice.username} no longer has an account here.`);
});
