// The widget as visitors have it: cut off and back again, on strict pages, in other words and directions,
// by keyboard and by ear.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { PHONE, type Somebody, agent, openBrowser, openChat, openRow, picture, say, somebody, visitor, write } from "./people";
import { type Server, startServer } from "./server";
import { type Shop, type ShopOptions, openShop, strictPolicy } from "./shop";

const CLOSED = "This conversation has been closed.";

let server: Server;
let browser: Browser;
let ada: Somebody;

before(async () => {
  server = await startServer();
  browser = await openBrowser();
  ada = await agent(browser, server.links[0] ?? "");
});

after(async () => {
  assert.deepEqual(ada.complaints, []);
  await browser?.close();
  await server?.stop();
});

async function shows(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).filter({ visible: true }).last().waitFor();
}

/** Ada takes the conversation that begins with these words. */
async function claims(words: string): Promise<void> {
  await ada.page.goto(`${server.url}/dashboard/chat/inbox`);
  await openRow(ada.page, words);
  await ada.page.getByRole("button", { name: "Claim", exact: true }).click();
  await shows(ada.page, "Assigned to you");
}

async function replies(text: string): Promise<void> {
  await write(ada.page, "Reply", text);
  await ada.page.keyboard.press("Control+Enter");
}

/** Waits until each of these has been sent, and nothing is left to be. */
async function allSent(page: Page): Promise<void> {
  await shows(page, /^Sent$/);
  await page.getByText(/^(Sending…|Not sent yet|Not sent)$/).filter({ visible: true }).first().waitFor({ state: "hidden" });
}

const hasFocus = (found: Locator) => found.evaluate((it) => (it.getRootNode() as Document | ShadowRoot).activeElement === it);

/** The log says these, once each and in this order. */
async function saysInOrder(page: Page, ...texts: string[]): Promise<void> {
  for (const text of texts) await page.getByRole("log").getByText(text, { exact: true }).waitFor();
  const said = await page.getByRole("log").innerText();
  const places = texts.map((text) => said.indexOf(text));
  assert.deepEqual(places, [...places].sort((a, b) => a - b), said);
  for (const text of texts) assert.equal(said.split(text).length, 2, `${text} once: ${said}`);
}

async function inShop(options: ShopOptions, visit: (shop: Shop) => Promise<void>): Promise<void> {
  const shop = await openShop(server, options);
  try {
    await visit(shop);
  } finally {
    shop.close();
  }
}

test("offline it says so, keeps what is written, and sends it once and in order when back", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "before the tunnel");
  await allSent(vera.page);
  await vera.context.setOffline(true);
  await shows(vera.page, /^Offline/);
  await say(vera.page, "in the tunnel");
  await say(vera.page, "and in the next one");
  await shows(vera.page, /^Not sent yet$/);
  await picture(vera.page, "widget-offline");
  await vera.context.setOffline(false);
  await allSent(vera.page);
  await vera.page.getByText(/^Offline|Reconnecting/).waitFor({ state: "hidden" });
  await claims("and in the next one");
  await saysInOrder(ada.page, "before the tunnel", "in the tunnel", "and in the next one");
  assert.deepEqual(vera.complaints, []);
  await vera.context.close();
});

test("what could not be sent survives its tab, from the first word on, and goes once and in order", async () => {
  const vera = await visitor(browser, server.demo);
  await server.kill();
  await shows(vera.page, "Reconnecting…");
  await say(vera.page, "the first word");
  await say(vera.page, "the second word");
  await shows(vera.page, /^Not sent yet$/);
  await vera.page.close();
  await server.restart();
  const page = await vera.context.newPage();
  await page.goto(server.demo);
  await allSent(page);
  await claims("the second word");
  await saysInOrder(ada.page, "the first word", "the second word");
  await vera.context.close();
});

/** Vera writes without a connection, while Ada closes. */
async function closedMeanwhile(viewport?: { width: number; height: number }): Promise<Somebody> {
  const vera = await visitor(browser, server.demo, viewport);
  await say(vera.page, "Is it waterproof?");
  await allSent(vera.page);
  await claims("Is it waterproof?");
  await vera.context.setOffline(true);
  await say(vera.page, "And the floor?");
  await say(vera.page, "And the seams?");
  await vera.page.getByRole("textbox", { name: "Message" }).fill("half-writ");
  await ada.page.getByRole("button", { name: "End Chat and Close" }).click();
  await shows(ada.page, CLOSED);
  return vera;
}

test("if the chat was closed meanwhile, the visitor is asked, and a yes starts a new one with what is unsent", async () => {
  const vera = await closedMeanwhile();
  await vera.context.setOffline(false);
  await shows(vera.page, CLOSED);
  await shows(vera.page, "2 messages could not be sent. Start a new conversation with them?");
  await picture(vera.page, "widget-closed-meanwhile");

  // The question outlives the page, and until it is answered nothing is sent.
  await vera.page.reload();
  await shows(vera.page, "2 messages could not be sent. Start a new conversation with them?");
  await saysInOrder(vera.page, "Is it waterproof?", "And the floor?", "And the seams?");
  await ada.page.goto(`${server.url}/dashboard/chat/inbox?status=all`);
  await ada.page.getByRole("link").filter({ hasText: "Is it waterproof?" }).first().waitFor();
  assert.equal(await ada.page.getByRole("link").filter({ hasText: /And the (floor|seams)/ }).count(), 0);

  await vera.page.getByRole("button", { name: "Start a new conversation" }).click();
  await allSent(vera.page);
  assert.equal(await vera.page.getByRole("textbox", { name: "Message" }).inputValue(), "half-writ");
  await claims("And the seams?");
  await saysInOrder(ada.page, "And the floor?", "And the seams?");
  assert.equal(await ada.page.getByRole("log").getByText("Is it waterproof?").count(), 0);
  await vera.context.close();
});

test("a no sends nothing, also on a phone", async () => {
  const vera = await closedMeanwhile(PHONE);
  await vera.context.setOffline(false);
  await shows(vera.page, /^2 messages could not be sent/);
  await picture(vera.page, "widget-closed-meanwhile-phone");
  await vera.page.getByRole("button", { name: "Don’t send" }).click();
  await vera.page.getByText("And the floor?").filter({ visible: true }).waitFor({ state: "hidden" });
  await vera.page.getByRole("button", { name: "Start a new conversation" }).click();
  await say(vera.page, "Another question");
  await allSent(vera.page);
  await saysInOrder(vera.page, "Another question");
  assert.equal(await vera.page.getByText(/And the (floor|seams)/).count(), 0);
  await vera.context.close();
});

test("on a host that is not allowed it says that there is no chat now, and never that it reconnects", async () => {
  await inShop({}, async ({ foreign }) => {
    const vera = await somebody(browser);
    await vera.page.goto(foreign);
    await openChat(vera.page);
    const claimed = vera.page.getByText("Reconnecting…").waitFor().then(() => true, () => false);
    await shows(vera.page, /^The chat isn’t available right now/);
    await say(vera.page, "Hello?");
    await shows(vera.page, /^Not sent yet$/);
    await picture(vera.page, "widget-unavailable");
    await vera.page.close();
    assert.equal(await claimed, false);
    await vera.context.close();
  });
});

test("it works under a strict content policy, and on a phone the page's policy hears no complaint either", async () => {
  await inShop({ policy: strictPolicy(server.url) }, async ({ allowed }) => {
    for (const viewport of [undefined, PHONE]) {
      const vera = await somebody(browser, viewport);
      await vera.page.goto(allowed);
      await openChat(vera.page);
      await say(vera.page, "From a strict page: https://example.com/\nand a second line");
      await allSent(vera.page);
      const width = await vera.page.getByRole("dialog").evaluate((panel) => panel.getBoundingClientRect().width);
      assert.equal(width, viewport ? viewport.width : 388, "the style sheet applies");
      assert.deepEqual(vera.complaints, []);
      await vera.context.close();
    }
  });
});

const ARABIC = {
  lang: "ar",
  launcherOpen: "تحدث معنا",
  launcherClose: "إغلاق المحادثة",
  title: "الدردشة",
  message: "رسالة",
  placeholder: "اكتب رسالة…",
  send: "إرسال",
  sent: "أُرسلت",
  greetingTitle: "كيف يمكننا المساعدة؟",
  greeting: "اسألنا أي شيء. سيجيبك شخص من فريقنا هنا.",
  teamOnline: "نحن متصلون",
  teamAway: "غير متاح الآن",
};

test("the page can put other words in place, and the widget runs their way", async () => {
  const script = `Frontdesk = {}; Frontdesk.chat = function () { (Frontdesk.chat.q = Frontdesk.chat.q || []).push(arguments); };
Frontdesk.chat("texts", ${JSON.stringify(ARABIC)});`;
  await inShop({ script }, async ({ allowed }) => {
    const vera = await somebody(browser);
    await vera.page.goto(allowed);
    await vera.page.getByRole("button", { name: ARABIC.launcherOpen }).click();
    const panel = vera.page.getByRole("dialog", { name: ARABIC.title });
    await panel.getByRole("textbox", { name: ARABIC.message }).fill("مرحبا");
    await panel.getByRole("button", { name: ARABIC.send, exact: true }).click();
    await shows(vera.page, ARABIC.sent);
    const { left, width } = await panel.evaluate((it) => it.getBoundingClientRect());
    assert.ok(left + width / 2 < 640, "it stands on the left");
    const bubble = await panel.getByText("مرحبا").boundingBox();
    assert.ok(bubble && bubble.x < left + width / 2, "and one's own words too");
    await picture(vera.page, "widget-rtl");

    // Once more, while it is in use: what is in the box stays in it.
    await panel.getByRole("textbox", { name: ARABIC.message }).fill("half");
    await vera.page.evaluate('Frontdesk.chat("texts", { lang: "en", message: "Your words" })');
    assert.equal(await vera.page.getByRole("textbox", { name: "Your words" }).inputValue(), "half");
    assert.deepEqual(vera.complaints, []);
    await vera.context.close();
  });
});

test("a page that runs from right to left has the widget on the left", async () => {
  await inShop({ root: 'lang="he" dir="rtl"' }, async ({ allowed }) => {
    const vera = await somebody(browser, PHONE);
    await vera.page.goto(allowed);
    const box = await vera.page.getByRole("button", { name: "Chat with us" }).boundingBox();
    assert.ok(box && box.x < PHONE.width / 2);
    await vera.context.close();
  });
});

test("Escape closes and gives the focus back, and the launcher tells what came meanwhile", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Are you there?");
  await allSent(vera.page);
  await claims("Are you there?");
  await vera.page.keyboard.press("Escape");
  const launcher = vera.page.getByRole("button", { name: "Chat with us" });
  await launcher.waitFor();
  assert.equal(await hasFocus(launcher), true);
  await replies("I am.");
  await vera.page.getByRole("status").getByText("1 unread message").waitFor();
  await picture(vera.page, "widget-unread");
  await vera.page.keyboard.press("Enter");
  await shows(vera.page, "I am.");
  assert.equal(await hasFocus(vera.page.getByRole("textbox", { name: "Message" })), true);
  assert.equal(await vera.page.getByText("1 unread message").count(), 0);
  assert.deepEqual(vera.complaints, []);
  await vera.context.close();
});

/** Everything that a screen reader would read out by itself, in order. */
async function listens(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    const root = [...document.querySelectorAll("*")].find(({ shadowRoot }) => shadowRoot)?.shadowRoot;
    const isLive = (node: Node | null) => {
      const region = (node instanceof Element ? node : node?.parentElement)?.closest("[aria-live], [role=status], [role=alert], [role=log]");
      return region && region.getAttribute("aria-live") !== "off" && region.getClientRects().length > 0;
    };
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        for (const { textContent } of addedNodes) if (textContent && isLive(target)) heard.push(textContent);
      }
    }).observe(root!, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
}

test("what an agent says is read out once, and nothing twice", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Please read to me.");
  await allSent(vera.page);
  await claims("Please read to me.");
  await shows(vera.page, /joined/);
  const heard = await listens(vera.page);
  await replies("Once upon a time");
  await shows(vera.page, "Once upon a time");
  await say(vera.page, "Go on");
  await allSent(vera.page);
  await replies("Once upon a time");
  await vera.page.getByRole("log").getByText("Once upon a time").nth(1).waitFor();
  assert.deepEqual(await heard(), ["Ada: Once upon a time", "Ada: Once upon a time"]);
  await vera.context.close();
});

test("sound is off until it is switched on, and stays on after a reload", async () => {
  const vera = await somebody(browser);
  await vera.page.addInitScript(() => {
    const played = { times: 0 };
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (when) {
      played.times += 1;
      start.call(this, when);
    };
    Object.assign(window, { played });
  });
  const played = () => vera.page.evaluate(() => (window as unknown as { played: { times: number } }).played.times);
  const unread = (count: string) => vera.page.getByRole("status").getByText(count).waitFor();
  await vera.page.goto(server.demo);
  await openChat(vera.page);
  await say(vera.page, "Ring me");
  await allSent(vera.page);
  await claims("Ring me");
  await vera.page.keyboard.press("Escape");
  await replies("a quiet one");
  await unread("1 unread message");
  assert.equal(await played(), 0);

  await openChat(vera.page);
  const sound = vera.page.getByRole("switch", { name: "Sound" });
  assert.equal(await sound.isChecked(), false);
  await sound.click();
  assert.equal(await sound.isChecked(), true);
  assert.equal(await played(), 1, "one hears what was switched on");
  await vera.page.reload();
  assert.equal(await sound.isChecked(), true);
  await vera.page.getByRole("textbox", { name: "Message" }).click();
  await vera.page.keyboard.press("Escape");
  assert.equal(await played(), 0, "what was there before makes no sound");
  await replies("a loud one");
  await unread("1 unread message");
  assert.equal(await played(), 1);
  assert.deepEqual(vera.complaints, []);
  await vera.context.close();
});

test("on a phone the Tab key stays inside the panel, both ways round", async () => {
  const vera = await visitor(browser, server.demo, PHONE);
  await vera.page.getByRole("textbox", { name: "Message" }).fill("so that Send can be reached");
  const inside = () => vera.page.evaluate(() => {
    const root = [...document.querySelectorAll("*")].find(({ shadowRoot }) => shadowRoot)?.shadowRoot;
    return root?.activeElement?.closest("[role=dialog]") ? (root.activeElement.getAttribute("aria-label") ?? root.activeElement.tagName) : "outside";
  });
  for (const key of ["Tab", "Shift+Tab"]) {
    const stops: string[] = [];
    for (let press = 0; press < 12; press += 1) {
      await vera.page.keyboard.press(key);
      stops.push(await inside());
    }
    assert.ok(!stops.includes("outside"), stops.join(", "));
    for (const stop of ["Sound", "Close chat", "Send", "TEXTAREA"]) assert.ok(stops.includes(stop), `${stop} in ${stops.join(", ")}`);
  }
  await vera.page.getByRole("button", { name: "Close chat" }).click();
  assert.equal(await hasFocus(vera.page.getByRole("button", { name: "Chat with us" })), true);
  await vera.context.close();
});
