import { expect, test } from "./people";

test("alice finds bob by name, writes first, and sees that he got it and read it", async ({ alice, bob }) => {
  await alice.sends(bob, "hello bob, it is me");
  await bob.page
    .getByRole("list", { name: "Chats" })
    .getByRole("link", { name: /1 unread message/ })
    .click();
  await bob.sees("hello bob, it is me");
  await alice.seesState("hello bob, it is me", "Read");
  await bob.writes("good to hear you");
  await alice.sees("good to hear you");
  await expect(alice.page.getByText("Only people in this chat can read it.")).toBeVisible();
});

test("bob reads what alice wrote while he was offline", async ({ alice, bob }) => {
  await alice.sends(bob, "first");
  await bob.opens(alice);
  await bob.sees("first");
  await bob.goesOffline();
  await alice.writes("see you at eight");
  await alice.seesState("see you at eight", "Sent");
  await bob.comesOnline();
  await bob.sees("see you at eight");
  await alice.seesState("see you at eight", "Read");
});

test("what alice writes offline survives a reload and arrives once she is back", async ({ alice, bob }) => {
  await alice.sends(bob, "online still");
  await alice.seesState("online still", "Delivered");
  await alice.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await alice.goesOffline();
  await alice.writes("written in a tunnel");
  await alice.seesState("written in a tunnel", "Waiting");
  await expect(alice.page.getByRole("region", { name: "Notices" }).getByText("You’re offline.")).toBeVisible();
  await alice.page.reload();
  await alice.seesState("written in a tunnel", "Waiting");
  await alice.comesOnline();
  await alice.seesState("written in a tunnel", "Delivered");
  await bob.opens(alice);
  await bob.sees("written in a tunnel");
});

test("both start at once and read each other in the same order", async ({ alice, bob }) => {
  await Promise.all([alice.opens(bob), bob.opens(alice)]);
  await Promise.all([alice.writes("alice was first"), bob.writes("bob was first")]);
  for (const person of [alice, bob]) {
    await person.sees("alice was first");
    await person.sees("bob was first");
  }
  await alice.writes("and on we go");
  await bob.sees("and on we go");
  await bob.writes("so we do");
  await alice.sees("so we do");
  await alice.seesState("and on we go", "Read");
  expect(await alice.conversation()).toEqual(await bob.conversation());
});

test("emoji, right-to-left and combining text arrive as they were written", async ({ alice, bob }) => {
  const texts = [
    "👩🏽‍🚀🏳️‍🌈 ok",
    "مرحبا بكم في بارلي",
    "e\u0301 is not é, and a\u0308 stays",
    "\u202eevil\u202c and \u200bzero width",
    "tabs\tand  spaces <b>&amp;",
  ];
  await alice.opens(bob);
  for (const text of texts) await alice.writes(text);
  await bob.opens(alice);
  await bob.sees(texts.at(-1) ?? "");
  expect(await bob.conversation()).toEqual(texts);
});

test("a draft stays through a reload, and one to oneself is a note", async ({ alice, bob }) => {
  await alice.opens(bob);
  await alice.page.getByRole("textbox", { name: "Message" }).fill("half a thought");
  await expect(alice.page.getByRole("link", { name: /Draft:/ })).toBeVisible();
  await alice.page.reload();
  await expect(alice.page.getByRole("textbox", { name: "Message" })).toHaveValue("half a thought");
  await alice.page.getByRole("button", { name: "New chat" }).first().click();
  await alice.page.getByRole("dialog").getByRole("textbox").fill(alice.username);
  await alice.page.keyboard.press("Enter");
  await expect(alice.page.getByRole("heading", { name: "Note to self" })).toBeVisible();
  await alice.writes("buy lanterns");
  await alice.sees("buy lanterns");
});

test("two tabs of one browser share keys and both send", async ({ alice, bob }) => {
  await alice.sends(bob, "from the first tab");
  const second = await alice.context.newPage();
  await second.goto(alice.page.url());
  await expect(second.getByRole("log").getByText("from the first tab")).toBeVisible();
  await second.getByRole("textbox", { name: "Message" }).fill("from the second tab");
  await second.keyboard.press("Enter");
  await alice.writes("and the first again");
  await alice.page.close();
  await second.getByRole("textbox", { name: "Message" }).fill("the second leads now");
  await second.keyboard.press("Enter");
  await bob.opens(alice);
  await bob.sees("the second leads now");
  expect((await bob.conversation()).toSorted()).toEqual(
    ["and the first again", "from the first tab", "from the second tab", "the second leads now"].toSorted(),
  );
});

test("the safety number is the same on both sides and can be marked as verified", async ({ alice, bob }) => {
  await alice.sends(bob, "compare numbers?");
  await bob.opens(alice);
  const numbers = [];
  for (const person of [alice, bob]) {
    await person.page.getByRole("button", { name: "Verify safety number" }).click();
    const groups = person.page.getByRole("dialog").getByText(/^\d{5}$/);
    await expect(groups).toHaveCount(12);
    numbers.push((await groups.allTextContents()).join(""));
  }
  expect(numbers[0]).toMatch(/^\d{60}$/);
  expect(numbers[0]).toBe(numbers[1]);
  await alice.page.getByRole("button", { name: "Mark as verified" }).click();
  await alice.page.keyboard.press("Escape");
  await expect(alice.page.getByRole("main", { name: "Conversation" }).getByText("Verified")).toBeVisible();
});
