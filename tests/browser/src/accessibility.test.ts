// Automatic accessibility checks of every page and state, in both colour schemes and on a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { PHONE, type Somebody, agent, openBrowser, openChat, openRow, pick, say, somebody, visitor, write } from "./people";
import { type Server, startServer } from "./server";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server: Server;
let browser: Browser;
let ada: Somebody;

before(async () => {
  server = await startServer();
  browser = await openBrowser();
  ada = await agent(browser, server.links[0] ?? "");
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

type Checker = { axe: { run(within: string, options: RunOptions): Promise<AxeResults> } };

/** Finds nothing that keeps somebody from using it, in light and in dark. */
async function isAccessible(page: Page, within = "html"): Promise<void> {
  await page.evaluate(AXE);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(async (root) => {
      // The colours are on their way from the other scheme, from the outer elements to the inner ones.
      const frame = () => new Promise(requestAnimationFrame);
      do {
        for (const pass of [frame, frame]) await pass();
        await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
      } while (document.getAnimations().length > 0);
      const { violations } = await (window as unknown as Checker).axe.run(root, { resultTypes: ["violations"] });
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      return grave.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`));
    }, within);
    assert.deepEqual(found, [], `${page.url()} in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

const WIDGET = "#frontdesk";

for (const [where, viewport] of [["on a desktop", undefined], ["on a phone", PHONE]] as const) {
  test(`the widget ${where}: closed, fresh, in conversation, unsent and over`, async () => {
    const vera = await somebody(browser, viewport);
    const { page } = vera;
    await page.goto(server.demo);
    await page.getByRole("button", { name: "Chat with us" }).waitFor();
    await isAccessible(page);
    await openChat(page);
    await isAccessible(page, WIDGET);
    await say(page, `A question ${where}, see https://example.com/`);
    await page.getByText("Sent", { exact: true }).waitFor();
    await isAccessible(page, WIDGET);

    await ada.page.goto(`${server.url}/dashboard/chat/inbox`);
    await openRow(ada.page, `A question ${where}`);
    await ada.page.getByRole("button", { name: "Claim", exact: true }).click();
    await vera.context.setOffline(true);
    await say(page, "An answer that comes too late");
    await page.getByText("Not sent yet").waitFor();
    await isAccessible(page, WIDGET);
    await write(ada.page, "Reply", "Let us end this");
    await pick(ada.page, "Send and close");
    await vera.context.setOffline(false);
    await page.getByText(/^1 message could not be sent/).waitFor();
    await isAccessible(page, WIDGET);
    await vera.context.close();
  });
}

test("the console: sign-in, inbox, a conversation before and after the claim, and closed", async () => {
  const nobody = await somebody(browser);
  await nobody.page.goto(`${server.url}/dashboard/chat/inbox`);
  await nobody.page.getByRole("button", { name: "Sign in" }).waitFor();
  await isAccessible(nobody.page);

  const vera = await visitor(browser, server.demo);
  await say(vera.page, "Is anybody looking?");
  for (const viewport of [undefined, PHONE]) {
    if (viewport) await ada.page.setViewportSize(viewport);
    await ada.page.goto(`${server.url}/dashboard/chat/inbox?status=all`);
    await openRow(ada.page, "Is anybody looking?").then(() => ada.page.goBack());
    await ada.page.getByRole("heading", { name: "Live Chat Inbox" }).waitFor();
    await isAccessible(ada.page);
    await openRow(ada.page, "Is anybody looking?");
    await ada.page.getByRole("log").getByText("Is anybody looking?").waitFor();
    await isAccessible(ada.page);
  }
  await ada.page.getByRole("button", { name: "Claim", exact: true }).click();
  await write(ada.page, "Internal note", "Only for us");
  await isAccessible(ada.page);
  await ada.page.getByRole("tab", { name: "Reply" }).click();
  await isAccessible(ada.page);
  await write(ada.page, "Reply", "We are");
  await pick(ada.page, "Send and close");
  await ada.page.getByText("This conversation has been closed.").first().waitFor();
  await isAccessible(ada.page);
  await Promise.all([nobody.context.close(), vera.context.close()]);
});
