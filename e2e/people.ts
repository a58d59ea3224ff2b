/** Named people, each with a browser context of their own, and verbs for what they do. Locators are the accessible names that the
 *  interface promises. */
import { type Browser, type BrowserContext, test as base, expect, type Locator, type Page } from "@playwright/test";

export type Person = {
  readonly name: string;
  /** The user name, unique per test. */
  readonly username: string;
  readonly password: string;
  readonly page: Page;
  readonly context: BrowserContext;
  signUp(): Promise<void>;
  /** Fills in the form where the page shows it, and sends it. */
  createsAccount(): Promise<void>;
  /** The recovery key that the page shows, as it is written down. */
  recoveryKey(): Promise<string>;
  postponesRecoveryKey(): Promise<void>;
  signIn(password?: string): Promise<void>;
  /** From wherever the app is, through its settings. */
  signOut(): Promise<void>;
  /** Opens the chat with another person by exact user name. */
  opens(other: Person): Promise<void>;
  writes(text: string): Promise<void>;
  /** Types into the open chat and does not send; an empty text erases what is there. */
  types(text: string): Promise<void>;
  /** The open chat says this of the other person: "Online", "typing…". */
  seesStanding(words: string): Promise<void>;
  /** The open chat says nothing of the other person. */
  seesNoStanding(): Promise<void>;
  /** From wherever the app is, through its settings; afterwards the same page is open again. */
  turns(setting: "Online and last seen" | "Typing", state: "on" | "off"): Promise<void>;
  /** Opens the chat if need be, and writes. */
  sends(other: Person, text: string): Promise<void>;
  sees(text: string): Promise<void>;
  /** The own message with this text shows this state. */
  seesState(text: string, state: "Waiting" | "Sent" | "Delivered" | "Read" | "Not sent"): Promise<void>;
  /** Every text in the open conversation, in the order shown. */
  conversation(): Promise<string[]>;
  article(text: string): Locator;
  goesOffline(): Promise<void>;
  comesOnline(): Promise<void>;
};

export const PASSWORD = "correct horse battery staple 9";

export async function createPerson(browser: Browser, origin: string, name: string): Promise<Person> {
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const username = `${name}.${Math.random().toString(36).slice(2, 10)}`;
  return personOn(page, name, username);
}

/** The same person in whatever page: for a reload in a new window, or a persistent context. */
export function personOn(page: Page, name: string, username: string): Person {
  const log = page.getByRole("log");
  const person: Person = {
    name,
    username,
    password: PASSWORD,
    page,
    context: page.context(),
    ...presenceVerbs(page),
    async signUp() {
      await page.goto("/sign-up");
      await person.createsAccount();
      await person.postponesRecoveryKey();
    },
    async createsAccount() {
      await expect(page).toHaveURL(/\/sign-up/);
      await page.getByRole("textbox", { name: "Username" }).fill(username);
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.getByRole("button", { name: "Create account" }).click();
    },
    async recoveryKey() {
      const groups = page.getByRole("group", { name: "Recovery key" }).locator("span");
      await expect(groups.first()).toBeVisible();
      return (await groups.allTextContents()).join(" ");
    },
    async postponesRecoveryKey() {
      await page.getByRole("button", { name: "Remind me tomorrow" }).click();
      await expect(page.getByRole("region", { name: "Chat list" }).or(page.getByRole("main")).first()).toBeVisible();
      await expect(page).toHaveURL(/\/$/);
    },
    async signIn(password = PASSWORD) {
      await expect(page).toHaveURL(/\/sign-in$/);
      const name = page.getByRole("textbox", { name: "Username" });
      if (await name.isEditable()) await name.fill(username);
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
    },
    async signOut() {
      await page.goto("/settings/account");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("alertdialog").getByRole("button", { name: "Sign out" }).click();
      await expect(page).toHaveURL(/\/sign-in$/);
    },
    async opens(other) {
      const known = page.getByRole("list", { name: "Chats" }).getByRole("link", { name: new RegExp(`^${escaped(other.username)}`) });
      if (await known.isVisible()) {
        await known.click();
      } else {
        await page.getByRole("button", { name: "New chat" }).first().click();
        await page.getByRole("dialog").getByRole("textbox").fill(other.username);
        await page.keyboard.press("Enter");
      }
      await expect(page.getByRole("heading", { name: other.username })).toBeVisible();
    },
    async writes(text) {
      await page.getByRole("textbox", { name: "Message" }).fill(text);
      await page.keyboard.press("Enter");
      await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("");
    },
    async sends(other, text) {
      if (!(await page.getByRole("heading", { name: other.username }).isVisible())) await person.opens(other);
      await person.writes(text);
    },
    sees: (text) => expect(person.article(text)).toBeVisible(),
    seesState: (text, state) => expect(person.article(text)).toHaveAccessibleName(new RegExp(`${escaped(state)}$`)),
    async conversation() {
      const names = await log.getByRole("article").evaluateAll((articles) => articles.map((one) => one.getAttribute("aria-label") ?? ""));
      // "SENDER: TEXT. TIME." and, for own messages, the state behind it.
      return names.map((label) => /^[^:]+: ([\s\S]*)\. \d{1,2}:\d\d(?: [AP]M)?\.(?: [A-Za-z ]+)?$/.exec(label)?.[1] ?? label);
    },
    article: (text) => log.getByRole("article").filter({ hasText: text }),
    goesOffline: () => page.context().setOffline(true),
    comesOnline: () => page.context().setOffline(false),
  };
  return person;
}

function presenceVerbs(page: Page): Pick<Person, "types" | "seesStanding" | "seesNoStanding" | "turns"> {
  const standing = page.getByRole("main", { name: "Conversation" }).locator(".chat-bar .subtitle");
  return {
    types: (text) => page.getByRole("textbox", { name: "Message" }).fill(text),
    seesStanding: (words) => expect(standing).toHaveText(words),
    seesNoStanding: () => expect(standing).toBeHidden(),
    async turns(setting, state) {
      const before = page.url();
      await page.goto("/settings/privacy");
      const choice = page.getByRole("switch", { name: setting });
      await expect(choice).toBeChecked({ checked: state === "off" });
      const answered = page.waitForResponse(/presence\.setPrivacy/);
      await choice.click();
      await answered;
      await expect(choice).toBeChecked({ checked: state === "on" });
      await page.goto(before);
    },
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

type People = { alice: Person; bob: Person };

/** Two people with accounts on the shared server. */
export const test = base.extend<People>({
  alice: async ({ browser }, use) => {
    const alice = await createPerson(browser, sharedOrigin(), "alice");
    await alice.signUp();
    await use(alice);
    await alice.context.close();
  },
  bob: async ({ browser }, use) => {
    const bob = await createPerson(browser, sharedOrigin(), "bob");
    await bob.signUp();
    await use(bob);
    await bob.context.close();
  },
});

export function sharedOrigin(): string {
  const origin = process.env.PARLEY_E2E_URL;
  if (!origin) throw new Error("the global set-up started no server");
  return origin;
}

export { expect };
