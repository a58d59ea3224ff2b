/** Who may make an account on a server of one's own. */
import { createPerson, expect, test } from "./people";
import { startServer } from "./server";

test("an invitation-only server lets its first person in, who invites one other by a link that works once", async ({ browser }) => {
  const server = await startServer({ env: { PARLEY_REGISTRATION: "invite", PARLEY_LIMITS: "100" } });
  try {
    const [admin, guest, late] = await Promise.all(["admin", "guest", "late"].map((name) => createPerson(browser, server.url, name)));
    if (!admin || !guest || !late) throw new Error("three people");
    await admin.page.goto("/");
    await expect(admin.page.getByText("You are the first one here")).toBeVisible();
    await admin.createsAccount();
    await admin.postponesRecoveryKey();
    await admin.page.goto("/settings/invites");
    await admin.page.getByRole("button", { name: "Create and copy link" }).click();
    const code = (await admin.page.getByRole("listitem").getByRole("code").textContent()) ?? "";
    await guest.page.goto(`/sign-up?invite=${code}`);
    await expect(guest.page.getByRole("textbox", { name: "Invitation" })).toHaveValue(code);
    await guest.createsAccount();
    await guest.postponesRecoveryKey();
    await guest.sends(admin, "thanks for the invitation");
    await guest.seesState("thanks for the invitation", "Delivered");
    await late.page.goto(`/sign-up?invite=${code}`);
    await late.createsAccount();
    const invitation = late.page.getByRole("textbox", { name: "Invitation" });
    await expect(invitation).toHaveAccessibleDescription(/This invitation was used already/);
    await late.page.goto("/sign-up");
    await late.createsAccount();
    await expect(invitation).toHaveAccessibleDescription(/Enter your invitation/);
    await admin.page.reload();
    await expect(admin.page.getByText(`Used by ${guest.username}`)).toBeVisible();
    await Promise.all([admin, guest, late].map((person) => person.context.close()));
  } finally {
    await server.stop();
  }
});

test("a closed server says that it takes nobody but its first person", async ({ browser }) => {
  const closed = await startServer({ env: { PARLEY_REGISTRATION: "closed", PARLEY_LIMITS: "100" } });
  try {
    const [admin, late] = [await createPerson(browser, closed.url, "admin"), await createPerson(browser, closed.url, "late")];
    await admin.signUp();
    await late.page.goto("/sign-up");
    await expect(late.page.getByRole("heading", { name: "No new accounts here" })).toBeVisible();
    await late.page.getByRole("link", { name: "Sign in" }).click();
    await expect(late.page).toHaveURL(/\/sign-in$/);
    await Promise.all([admin.context.close(), late.context.close()]);
  } finally {
    await closed.stop();
  }
});
