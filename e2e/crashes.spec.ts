import { createPerson, expect, test } from "./people";
import { startServer } from "./server";

test("messages that waited while the server was killed arrive once and in order", async ({ browser }) => {
  const server = await startServer({ env: { PARLEY_LIMITS: "100" } });
  try {
    const [alice, bob] = [await createPerson(browser, server.url, "alice"), await createPerson(browser, server.url, "bob")];
    await alice.signUp();
    await bob.signUp();
    await alice.sends(bob, "before the crash");
    await bob.opens(alice);
    await bob.sees("before the crash");
    await server.kill9();
    const waiting = Array.from({ length: 10 }, (_, i) => `message ${i} of a dead server`);
    for (const text of waiting) await alice.writes(text);
    await alice.seesState(waiting.at(-1) ?? "", "Waiting");
    await server.restart();
    await bob.sees(waiting.at(-1) ?? "");
    expect(await bob.conversation()).toEqual(["before the crash", ...waiting]);
    await alice.seesState(waiting.at(-1) ?? "", "Read");
    await Promise.all([alice.context.close(), bob.context.close()]);
  } finally {
    await server.stop();
  }
});

test("a browser that dies right after writing sends it when it comes back", async ({ alice, bob }) => {
  await alice.sends(bob, "still here");
  await alice.seesState("still here", "Delivered");
  await alice.goesOffline();
  await alice.writes("written with the last breath");
  const url = alice.page.url();
  await alice.page.close({ runBeforeUnload: false });
  await alice.comesOnline();
  const again = await alice.context.newPage();
  await again.goto(url);
  await bob.opens(alice);
  await bob.sees("written with the last breath");
  expect(await bob.conversation()).toEqual(["still here", "written with the last breath"]);
});
