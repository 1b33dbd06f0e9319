// People in front of browsers: each has a window of its own, and finds things by their names.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

const WAIT_MS = 10_000;
const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Somebody with a window; everything their page complained of is in `complaints`. */
export interface Somebody {
  page: Page;
  context: BrowserContext;
  complaints: string[];
}

export async function somebody(browser: Browser, viewport = DESKTOP): Promise<Somebody> {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`${error.name}: ${error.message}`));
  page.on("console", (message) => {
    // A socket that a test cuts is reported by the browser itself.
    const expected = /WebSocket|ERR_CONNECTION|ERR_INTERNET|ERR_NETWORK/.test(message.text());
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  return { page, context, complaints };
}

/** A visitor on the shop's page, with the chat open. */
export async function visitor(browser: Browser, demo: string, viewport = DESKTOP): Promise<Somebody> {
  const vera = await somebody(browser, viewport);
  await vera.page.goto(demo);
  await openChat(vera.page);
  return vera;
}

export async function openChat(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Chat with us" }).click();
  await page.getByRole("textbox", { name: "Message" }).waitFor();
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** An agent, signed in by a one-time link. */
export async function agent(browser: Browser, link: string, viewport = DESKTOP): Promise<Somebody> {
  const ada = await somebody(browser, viewport);
  await ada.page.goto(link);
  await ada.page.getByRole("heading", { name: "Live Chat Inbox" }).waitFor();
  return ada;
}

/** Opens the row whose last message or visitor has this text. */
export async function openRow(page: Page, text: string): Promise<void> {
  await page.getByRole("link").filter({ hasText: text }).first().click();
}

/** Writes into the composer's tab without sending. */
export async function write(page: Page, tab: "Reply" | "Internal note", text: string): Promise<void> {
  await page.getByRole("tab", { name: tab }).click();
  await page.getByRole("textbox", { name: tab, exact: true }).fill(text);
}

export async function pick(page: Page, item: string): Promise<void> {
  await page.getByRole("button", { name: "More send options" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

const SHOTS = process.env.SCREENSHOTS ?? "out";

/** Keeps what the page looks like, for people. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
