/** Who is online and who is typing, between people with a browser each. How long it lasts is tested beside the code, with a clock. */
import type { Page } from "@playwright/test";
import { createPerson, expect, type Person, sharedOrigin, test } from "./people";

const ONLINE = "Online";
const TYPING = "typing…";

test("each sees in their chat that the other is online, and typing until the message comes or is let be", async ({ alice, bob }) => {
  await alice.opens(bob);
  await bob.opens(alice);
  for (const person of [alice, bob]) await person.seesStanding(ONLINE);
  await bob.types("half a thou");
  await alice.seesStanding(TYPING);
  const row = alice.page.getByRole("list", { name: "Chats" }).getByRole("link", { name: new RegExp(`^${bob.username}`) });
  await expect(row).toContainText(TYPING);
  await bob.seesStanding(ONLINE);
  await bob.writes("half a thought");
  await alice.sees("half a thought");
  await alice.seesStanding(ONLINE);
  await bob.types("never mind");
  await alice.seesStanding(TYPING);
  await bob.types("");
  await alice.seesStanding(ONLINE);
});

test("a second tab sees the same, and goes on when the first is closed", async ({ alice, bob }) => {
  await alice.opens(bob);
  await bob.opens(alice);
  const second = await alice.context.newPage();
  await second.goto(alice.page.url());
  const standing = second.getByRole("main", { name: "Conversation" }).locator(".chat-bar .subtitle");
  await expect(standing).toHaveText(ONLINE);
  await bob.types("to both");
  await expect(standing).toHaveText(TYPING);
  await alice.seesStanding(TYPING);
  await second.getByRole("textbox", { name: "Message" }).fill("from the second tab");
  await bob.seesStanding(TYPING);
  await alice.page.close();
  await bob.writes("to one");
  await expect(second.getByRole("log").getByText("to one")).toBeVisible();
  await expect(standing).toHaveText(ONLINE);
  await bob.types("still there?");
  await expect(standing).toHaveText(TYPING);
});

/** Counts how often the page says that somebody is typing. */
async function countsTyping(page: Page): Promise<() => Promise<number>> {
  await page.evaluate((words) => {
    const state = window as unknown as { typingSeen: number };
    state.typingSeen = 0;
    const look = () => {
      if (document.body.textContent?.includes(words)) state.typingSeen++;
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  }, TYPING);
  return () => page.evaluate(() => (window as unknown as { typingSeen: number }).typingSeen);
}

test("who turns off online and last seen is hidden at once and sees nobody's, on every page of theirs", async ({ alice, bob }) => {
  await alice.opens(bob);
  await bob.opens(alice);
  for (const person of [alice, bob]) await person.seesStanding(ONLINE);
  const second = await bob.context.newPage();
  await second.goto("/settings/privacy");
  await expect(second.getByRole("switch", { name: "Online and last seen" })).toBeChecked();
  await bob.turns("Online and last seen", "off");
  await alice.seesNoStanding();
  await bob.seesNoStanding();
  await expect(second.getByRole("switch", { name: "Online and last seen" })).not.toBeChecked();
  await bob.types("typing is another setting");
  await alice.seesStanding(TYPING);
  await bob.writes("typing is another setting");
  await alice.seesNoStanding();
  await bob.turns("Online and last seen", "on");
  for (const person of [alice, bob]) await person.seesStanding(ONLINE);
});

test("who turns off typing is not seen typing and sees nobody type", async ({ alice, bob }) => {
  await alice.opens(bob);
  await bob.opens(alice);
  await bob.turns("Typing", "off");
  for (const person of [alice, bob]) await person.seesStanding(ONLINE);
  const seen = [await countsTyping(alice.page), await countsTyping(bob.page)];
  await bob.types("unseen");
  await alice.types("unseen too");
  await bob.writes("unseen");
  await alice.writes("unseen too");
  await alice.sees("unseen");
  await bob.sees("unseen too");
  expect(await Promise.all(seen.map((count) => count()))).toEqual([0, 0]);
  await bob.turns("Typing", "on");
  await bob.seesStanding(ONLINE);
  await alice.types("now");
  await bob.seesStanding(TYPING);
});

/** Calls a procedure as the page's account; returns what came back. */
function call(page: Page, procedure: string, input: unknown): Promise<{ status: number; body: string }> {
  return page.evaluate(
    async ([name, body]) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`/api/trpc/${name}`, { method: "POST", headers, body });
      return { status: response.status, body: await response.text() };
    },
    [procedure, JSON.stringify(input)] as const,
  );
}

const userIdOf = (person: Person) =>
  person.page.evaluate(
    async () => ((await (await fetch("/api/trpc/accounts.me")).json()) as { result: { data: { userId: string } } }).result.data.userId,
  );

test("who shares no chat with them is told nothing, the same as of people who don't exist", async ({ browser, alice, bob }) => {
  const carol = await createPerson(browser, sharedOrigin(), "carol");
  await carol.signUp();
  await alice.opens(bob);
  await alice.seesStanding(ONLINE);
  const [bobId, chatId] = [await userIdOf(bob), alice.page.url().split("/").at(-1)];
  const hidden = await call(carol.page, "presence.get", { userIds: [crypto.randomUUID()] });
  expect(JSON.parse(hidden.body)).toMatchObject({ result: { data: { people: [{ state: "hidden" }] } } });
  expect(await call(carol.page, "presence.get", { userIds: [bobId] })).toEqual(hidden);
  expect((await call(alice.page, "presence.get", { userIds: [bobId] })).body).toContain("online");
  for (const channel of [`private-presence-${bobId}`, `private-chat-${chatId}`]) {
    expect((await call(carol.page, "realtime.authorize", { socketId: "1.2", channel })).status, channel).toBe(403);
    expect((await call(alice.page, "realtime.authorize", { socketId: "1.2", channel })).status, channel).toBe(200);
  }
  await carol.context.close();
});
