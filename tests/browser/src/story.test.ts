// The story of the product, on the real binary, with a visitor and agents in windows of their own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import {
  PHONE, type Somebody, agent, openBrowser, openRow, pick, picture, say, somebody, visitor, write,
} from "./people";
import { type Server, startServer } from "./server";

const CLOSED = "This conversation has been closed.";

let server: Server;
let browser: Browser;
let ada: Somebody;
let ben: Somebody;

before(async () => {
  server = await startServer();
  browser = await openBrowser();
  const [first, second] = server.links;
  assert.ok(first && second, "the first start prints a sign-in link for each of two agents");
  ada = await agent(browser, first);
  ben = await agent(browser, second);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

function noComplaints(...people: Somebody[]) {
  for (const { complaints } of people) assert.deepEqual(complaints, []);
}

/** Waits until the page shows the text somewhere. */
async function shows(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).filter({ visible: true }).last().waitFor();
}

async function gone(page: Page, role: "button" | "textbox" | "link", name: string): Promise<void> {
  await page.getByRole(role, { name, exact: true }).first().waitFor({ state: "hidden" });
}

/** Ada takes the conversation that begins with these words. */
async function claims(page: Page, words: string): Promise<void> {
  await page.goto(`${server.url}/dashboard/chat/inbox`);
  await openRow(page, words);
  await page.getByRole("button", { name: "Claim", exact: true }).click();
  await shows(page, "Assigned to you");
}

/** Another window of Ada's, at this conversation, whose timers wait for `clock.runFor`. */
async function adaInPausedTime(words: string): Promise<Somebody> {
  const again = await somebody(browser);
  await again.context.addCookies(await ada.context.cookies());
  await again.page.clock.install();
  await again.page.goto(`${server.url}/dashboard/chat/inbox`);
  await openRow(again.page, words);
  await again.page.getByRole("button", { name: "Claim", exact: true }).waitFor();
  // A short step: a long one would make the questions on their way overdue, and cut the line.
  await again.page.clock.pauseAt(Date.now() + 1000);
  return again;
}

async function replies(page: Page, text: string): Promise<void> {
  await write(page, "Reply", text);
  await page.keyboard.press("Control+Enter");
}

interface Place {
  x: number;
  y: number;
}

async function middleOf(locator: Locator): Promise<Place> {
  const box = await locator.boundingBox();
  assert.ok(box);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** What the mouse would hit there. */
function buttonAt(page: Page, place: Place): Promise<string | null | undefined> {
  return page.evaluate(({ x, y }) => document.elementFromPoint(x, y)?.closest("button")?.textContent, place);
}

test("a chat from the first word to End Chat and Close, live on both sides", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Do you have the tent in green?");
  await shows(vera.page, /^Sent$/);

  await openRow(ada.page, "Do you have the tent in green?");
  await openRow(ben.page, "Do you have the tent in green?");
  await shows(ada.page, "Unassigned");
  await shows(ada.page, "Claim this conversation to reply.");
  assert.equal(await ada.page.getByRole("textbox", { name: "Reply", exact: true }).isEnabled({ timeout: 1000 }).catch(() => false), false);
  await picture(ada.page, "console-unassigned");

  await ada.page.getByRole("button", { name: "Claim", exact: true }).click();
  await shows(ada.page, "Assigned to you");
  await shows(ben.page, /^Assigned to Ada/);
  await gone(ben.page, "button", "Claim");
  await shows(vera.page, /joined/);

  await vera.page.getByRole("textbox", { name: "Message" }).pressSequentially("Or in");
  await shows(ada.page, /is typing…/);

  await write(ada.page, "Internal note", "She asked last week too. Offer the discount.");
  await ada.page.getByRole("button", { name: /^Send/ }).first().click();
  await shows(ben.page, "She asked last week too. Offer the discount.");

  await write(ada.page, "Reply", "Yes, in green and in two sizes.");
  await ada.page.keyboard.press("Control+Enter");
  await shows(vera.page, "Yes, in green and in two sizes.");
  await say(vera.page, "Great, the large one then. <b>Thanks!</b>");
  await shows(ada.page, "Great, the large one then. <b>Thanks!</b>");
  await picture(ada.page, "console-conversation");
  await picture(vera.page, "widget-conversation");

  await ada.page.getByRole("button", { name: "End Chat and Close" }).click();
  for (const { page } of [ada, ben, vera]) await shows(page, CLOSED);
  await shows(ada.page, /^Closed$/);
  await gone(ada.page, "button", "End Chat and Close");
  await gone(vera.page, "textbox", "Message");
  await vera.page.getByRole("button", { name: "Start a new conversation" }).waitFor();
  await picture(vera.page, "widget-closed");
  await picture(ada.page, "console-closed");

  const everything = await vera.page.evaluate(() => {
    const host = [...document.querySelectorAll("*")].find((element) => element.shadowRoot);
    return document.body.innerText + (host?.shadowRoot?.textContent ?? "") + JSON.stringify(localStorage);
  });
  assert.ok(!everything.includes("discount"), "no note reaches the visitor's page");
  noComplaints(vera, ada, ben);
  await vera.context.close();
});

test("a second click where Claim was closes nothing and gives nothing back", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Is anybody quick?");
  await openRow(ada.page, "Is anybody quick?");
  // The page itself clicks, on whatever has come up, and again for as long as a second click takes.
  const clicks = ada.page.evaluate(() => new Promise<number>((resolve) => {
    let began = 0;
    let clicks = 0;
    const click = () => {
      const all = [...document.querySelectorAll<HTMLButtonElement>(".conversation-actions .button")];
      const buttons = all.filter(({ textContent }) => textContent !== "Claim");
      if (buttons.length > 0) began ||= performance.now();
      if (began !== 0 && performance.now() - began > 400) return resolve(clicks);
      buttons.forEach((button) => { button.click(); clicks += 1; });
      setTimeout(click, 5);
    };
    click();
  }));
  await ada.page.getByRole("button", { name: "Claim", exact: true }).click();
  assert.ok(await clicks > 10, "there were second clicks");
  await write(ada.page, "Reply", "Quick, and still here.");
  await ada.page.keyboard.press("Control+Enter");
  await shows(vera.page, "Quick, and still here.");
  await shows(ada.page, "Assigned to you");

  // A moment later the same buttons work.
  await ada.page.getByRole("button", { name: "Unclaim", exact: true }).click();
  await shows(ada.page, "Unassigned");
  await ada.page.getByRole("button", { name: "Claim", exact: true }).click();
  await ada.page.getByRole("button", { name: "End Chat and Close" }).click();
  for (const { page } of [ada, vera]) await shows(page, CLOSED);
  noComplaints(ada, vera);
});

test("a double click on Claim only claims: for a second nothing that comes up in its place can be pressed", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Who clicks twice?");
  const desk = await adaInPausedTime("Who clicks twice?");
  const { page } = desk;
  const claim = page.getByRole("button", { name: "Claim", exact: true });
  const end = page.getByRole("button", { name: "End Chat and Close" });
  const place = await middleOf(claim);
  await page.mouse.dblclick(place.x, place.y);
  await end.waitFor();
  assert.equal(await buttonAt(page, place), "End Chat and Close", "it comes up under the second click");
  const unclaim = await middleOf(page.getByRole("button", { name: "Unclaim", exact: true }));
  for (const passedMs of [0, 100, 850]) {
    await page.clock.runFor(passedMs);
    for (const { x, y } of [place, unclaim]) await page.mouse.dblclick(x, y);
  }
  assert.equal(await end.count(), 1, "nothing was ended or given back");
  await replies(page, "Still open, and still mine.");
  await shows(vera.page, "Still open, and still mine.");
  await shows(page, "Assigned to you");

  // From then on the same places work.
  await page.clock.runFor(250);
  await page.mouse.click(unclaim.x, unclaim.y);
  await shows(page, "Unassigned");
  await claim.click();
  await end.waitFor();
  await page.clock.runFor(1100);
  await page.mouse.click(place.x, place.y);
  for (const each of [page, vera.page]) await shows(each, CLOSED);
  noComplaints(vera, desk);
  await Promise.all([vera.context.close(), desk.context.close()]);
});

test("Enter pressed again after Claim ends nothing: the caret goes to the reply", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Who presses twice?");
  const desk = await adaInPausedTime("Who presses twice?");
  const { page } = desk;
  const end = page.getByRole("button", { name: "End Chat and Close" });
  await page.getByRole("button", { name: "Claim", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await end.waitFor();
  // Before the caret has moved, when it has, and when all buttons work.
  for (const passedMs of [0, 100, 1000]) {
    await page.clock.runFor(passedMs);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Space");
  }
  assert.equal(await end.count(), 1, "nothing was ended or given back");
  const reply = page.getByRole("textbox", { name: "Reply", exact: true });
  assert.equal(await reply.evaluate((field) => field === document.activeElement), true, "the caret is in the reply");
  await replies(page, "Nothing ended.");
  await shows(vera.page, "Nothing ended.");
  await shows(page, "Assigned to you");
  noComplaints(vera, desk);
  await Promise.all([vera.context.close(), desk.context.close()]);
});

test("Send and close brings the reply and the end in one step, and the Closed filter still finds it", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Is my order on its way?");
  await claims(ada.page, "Is my order on its way?");
  await write(ada.page, "Reply", "It arrives tomorrow. Have a good day!");
  await pick(ada.page, "Send and close");
  await shows(vera.page, "It arrives tomorrow. Have a good day!");
  for (const { page } of [ada, vera]) await shows(page, CLOSED);

  await ben.page.goto(`${server.url}/dashboard/chat/inbox`);
  await ben.page.getByRole("heading", { name: "Live Chat Inbox" }).waitFor();
  await ben.page.getByRole("combobox", { name: "Status" }).selectOption({ label: "Closed" });
  await ben.page.getByRole("link").filter({ hasText: "It arrives tomorrow" }).first().waitFor();
  await picture(ben.page, "console-inbox-closed");
  await ben.page.getByRole("combobox", { name: "Status" }).selectOption({ label: "Open" });
  await ben.page.getByRole("link").filter({ hasText: "It arrives tomorrow" }).first().waitFor({ state: "hidden" });

  await vera.page.getByRole("button", { name: "Start a new conversation" }).click();
  await say(vera.page, "One more question, please");
  await ben.page.getByRole("link").filter({ hasText: "One more question, please" }).first().waitFor();
  noComplaints(vera, ada, ben);
  await vera.context.close();
});

test("of two agents who claim at once one wins and the other is told who", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Who is faster?");
  for (const { page } of [ada, ben]) {
    await page.goto(`${server.url}/dashboard/chat/inbox`);
    await openRow(page, "Who is faster?");
    await page.getByRole("button", { name: "Claim", exact: true }).waitFor();
  }
  await Promise.all(
    [ada, ben].map(({ page }) => page.getByRole("button", { name: "Claim", exact: true }).click().catch(() => undefined)),
  );
  const mine = async (page: Page) => {
    await page.getByText(/^Assigned to /).first().waitFor();
    return (await page.getByText("Assigned to you").count()) > 0;
  };
  const won = await Promise.all([mine(ada.page), mine(ben.page)]);
  assert.equal(won.filter(Boolean).length, 1);
  await vera.context.close();
});

test("what a visitor writes while the server is away arrives once, in order", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "before the cut");
  await shows(vera.page, /^Sent$/);
  await server.kill();
  await shows(vera.page, /Reconnecting…|Offline/);
  await say(vera.page, "first in the dark");
  await say(vera.page, "second in the dark");
  await server.restart();
  await gone(vera.page, "button", "Try again");
  await vera.page.getByText(/Reconnecting…/).waitFor({ state: "hidden", timeout: 40_000 });
  await claims(ada.page, "second in the dark");
  await shows(ada.page, "second in the dark");
  const log = ada.page.getByRole("log");
  const words = await log.innerText();
  const places = ["before the cut", "first in the dark", "second in the dark"].map((text) => words.indexOf(text));
  assert.ok(places.every((place) => place >= 0), words);
  assert.deepEqual(places, [...places].sort((a, b) => a - b));
  assert.equal(words.split("first in the dark").length, 2, "once");
  await vera.context.close();
});

test("it works on a phone", async () => {
  const vera = await visitor(browser, server.demo, PHONE);
  await say(vera.page, "From the train: is the shop open on Sunday?");
  await shows(vera.page, /^Sent$/);
  await picture(vera.page, "widget-phone");
  const carl = await somebody(browser, PHONE);
  await carl.context.addCookies(await ada.context.cookies());
  await carl.page.goto(`${server.url}/dashboard/chat/inbox`);
  await openRow(carl.page, "From the train");
  await carl.page.getByRole("button", { name: "Claim", exact: true }).click();
  await write(carl.page, "Reply", "Closed on Sundays, sorry!");
  await picture(carl.page, "console-phone");
  await pick(carl.page, "Send and close");
  await shows(vera.page, CLOSED);
  noComplaints(vera, carl);
  await Promise.all([vera.context.close(), carl.context.close()]);
});

test("a sign-in link works once, and a wrong password is refused in words", async () => {
  const dora = await somebody(browser);
  await dora.page.goto(server.links[0] ?? "");
  await shows(dora.page, "This sign-in link has expired or was used already.");
  assert.ok(!dora.page.url().includes("code="), "the code is gone from the address");
  await dora.page.getByRole("textbox", { name: "Email" }).fill("ada@demo.example");
  await dora.page.getByLabel("Password").fill("wrong");
  await dora.page.getByRole("button", { name: "Sign in" }).click();
  await dora.page.getByRole("alert").first().waitFor();
  await picture(dora.page, "console-signin");
  await dora.context.close();
});
