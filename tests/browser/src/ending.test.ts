// The end of a conversation as the agent sees it: never over words that have not been seen, and on to the next.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, WebSocketRoute } from "playwright-core";
import { crowd } from "./crowd";
import { type Somebody, agent, openBrowser, openRow, picture, say, somebody, visitor } from "./people";
import { type Server, startServer } from "./server";

let server: Server;
let browser: Browser;
let ada: Somebody;
/** While true, nothing that the server says by itself reaches Ada. */
let isDeaf = false;

before(async () => {
  server = await startServer();
  browser = await openBrowser();
  const signedIn = await agent(browser, server.links[0] ?? "");
  ada = await somebody(browser);
  await ada.context.addCookies(await signedIn.context.cookies());
  await signedIn.context.close();
  await ada.page.routeWebSocket(/\/v1\/agent$/, listenSelectively);
});

after(async () => {
  assert.deepEqual(ada.complaints, []);
  await browser?.close();
  await server?.stop();
});

function listenSelectively(socket: WebSocketRoute): void {
  const line = socket.connectToServer();
  line.onMessage((frame) => {
    const isAnswer = typeof frame === "string" && frame.startsWith('{"re"');
    if (!isDeaf || isAnswer) socket.send(frame);
  });
}

async function claims(words: string): Promise<void> {
  await ada.page.goto(`${server.url}/dashboard/chat/inbox`);
  await openRow(ada.page, words);
  await ada.page.getByRole("button", { name: "Claim", exact: true }).click();
  await ada.page.getByText("Assigned to you").first().waitFor();
}

const endChat = () => ada.page.getByRole("button", { name: "End Chat and Close" }).click();

test("nothing is closed over words that have not been seen", async () => {
  const vera = await visitor(browser, server.demo);
  await say(vera.page, "my order is late");
  await claims("my order is late");
  isDeaf = true;
  await say(vera.page, "and the second one is broken");
  await vera.page.getByText("Sent", { exact: true }).last().waitFor();
  await endChat();
  const question = ada.page.getByRole("dialog", { name: /has just written$/ });
  await question.getByText("and the second one is broken").waitFor();
  await picture(ada.page, "close-unseen");
  await question.getByRole("button", { name: "Cancel" }).click();
  await question.waitFor({ state: "hidden" });
  // It is still open on both sides.
  await vera.page.getByRole("textbox", { name: "Message" }).fill("hello?");
  await endChat();
  isDeaf = false;
  await question.getByRole("button", { name: "Close all the same" }).click();
  await vera.page.getByText("This conversation has been closed.").first().waitFor();
});

test("after a close the next who waits is one key away, the longest waiting first", async () => {
  const shop = await somebody(browser);
  await crowd(shop.page, server.demo, ["first", "second", "third"].map((text) => ({ name: text, text })));
  await claims("second");
  await endChat();
  await ada.page.getByRole("button", { name: "Next unassigned" }).waitFor();
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("heading", { name: "first" }).waitFor();
  await ada.page.getByRole("button", { name: "Claim", exact: true }).waitFor();
});
