// The list as agents use it all day: found, sorted, turned, ticked and dealt with, also by several at once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { crowd } from "./crowd";
import { PHONE, type Somebody, agent, openBrowser, picture, somebody } from "./people";
import { type Server, startServer } from "./server";

/** Names of which no two begin alike, so that sorting shows. */
const NAMES = ["Abe", "Bea", "Cem", "Dag", "Eva", "Fay", "Gil", "Hua", "Ida", "Jon", "Kai", "Lea"];
const SAID = Array.from({ length: 36 }, (_, n) => ({ name: `${NAMES[n % 12]} ${n}`, text: `question ${n}` }));

let server: Server;
let browser: Browser;
let ada: Somebody;
let ben: Somebody;
let shop: Somebody;

before(async () => {
  server = await startServer();
  browser = await openBrowser();
  const [first = "", second = ""] = server.links;
  ada = await agent(browser, first);
  ben = await agent(browser, second);
  shop = await somebody(browser);
  await crowd(shop.page, server.demo, SAID);
});

after(async () => {
  for (const { complaints } of [ada, ben, shop]) assert.deepEqual(complaints, []);
  await browser?.close();
  await server?.stop();
});

const inbox = (page: Page, query = "") => page.goto(`${server.url}/dashboard/chat/inbox${query}`);

/** The first row below the head shows this visitor. */
const firstIs = (page: Page, name: string) => page.getByRole("row").nth(1).getByRole("link", { name, exact: true }).waitFor();

const tick = (page: Page, name: string) => page.getByRole("checkbox", { name: `Select ${name}`, exact: true });

const shows = (page: Page, text: string) => page.getByText(text, { exact: true }).filter({ visible: true }).first().waitFor();

test("columns sort both ways, pages turn, and a link reproduces the view", async () => {
  const { page } = ada;
  await inbox(page);
  await shows(page, "1–25 of 36");
  await firstIs(page, "Lea 35");
  await page.getByRole("link", { name: "Visitor", exact: true }).click();
  await firstIs(page, "Abe 0");
  await page.getByRole("columnheader", { name: "Visitor" }).and(page.locator("[aria-sort=ascending]")).waitFor();
  await page.getByRole("link", { name: "Visitor", exact: true }).click();
  await firstIs(page, "Lea 35");
  await page.getByRole("combobox", { name: "Rows per page" }).selectOption("10");
  await page.getByRole("link", { name: "Next page" }).click();
  await shows(page, "11–20 of 36");
  await picture(page, "inbox-second-page");
  const address = page.url();
  assert.match(address, /sort=visitor&order=desc&size=10&page=2$/);
  await ben.page.goto(address);
  await shows(ben.page, "11–20 of 36");
  const rows = (of: Page) => of.getByRole("row").allInnerTexts();
  assert.deepEqual((await rows(ben.page)).map((row) => row.split("\n")[1]), (await rows(page)).map((row) => row.split("\n")[1]));
  await page.goBack();
  await shows(page, "1–10 of 36");
});

test("a page that is no more leads to the last one", async () => {
  await inbox(ada.page, "?size=10&page=9");
  await shows(ada.page, "31–36 of 36");
  assert.match(ada.page.url(), /page=4$/);
});

test("each filter in force is a chip that can be taken away", async () => {
  const { page } = ada;
  await inbox(page, "?queue=mine&q=question");
  await page.getByRole("button", { name: "Remove filter Queue: Mine" }).click();
  await shows(page, "36 conversations");
  await page.getByRole("button", { name: "Remove filter Search: question" }).click();
  await page.getByRole("button", { name: "Remove filter Status: Open" }).click();
  await page.getByRole("group", { name: "Filters in force" }).waitFor({ state: "hidden" });
  assert.match(page.url(), /\/inbox\?status=all$/);
});

test("many are claimed at once, and of each that was skipped it is said why", async () => {
  const { page } = ada;
  await inbox(page);
  await tick(page, "Lea 35").check();
  const all = page.getByRole("checkbox", { name: "Select all on this page" });
  assert.equal(await all.evaluate((box: HTMLInputElement) => box.indeterminate), true);
  await tick(page, "Ida 32").click({ modifiers: ["Shift"] });
  await shows(page, "4 selected");
  // Ben is faster with one of them, and Ada's list learns it while she is looking.
  await inbox(ben.page);
  await tick(ben.page, "Jon 33").check();
  await ben.page.getByRole("button", { name: "Claim", exact: true }).click();
  await shows(ben.page, "1 claimed");
  await page.getByRole("button", { name: "Claim", exact: true }).click();
  await shows(page, "3 claimed, 1 skipped");
  await page.getByRole("listitem").filter({ hasText: "Jon 33" }).filter({ hasText: "already claimed this conversation." }).waitFor();
  await picture(page, "inbox-bulk-outcome");
  await inbox(page, "?queue=mine");
  await shows(page, "3 conversations");
});

test("closing many asks once, and closes only one's own", async () => {
  const { page } = ada;
  await inbox(page, "?queue=mine");
  await page.getByRole("checkbox", { name: "Select all on this page" }).check();
  await page.getByRole("button", { name: "Close", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Close the 3 selected conversations?" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "hidden" });
  await shows(page, "3 selected");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await dialog.getByRole("button", { name: "Close" }).click();
  await shows(page, "3 closed");
  await inbox(page, "?status=closed");
  await shows(page, "3 conversations");
  await inbox(page);
  await shows(page, "33 conversations");
});

test("the list fills up again when rows leave it, and none jumps in under the pointer", async () => {
  const { page } = ada;
  await inbox(page, "?size=10");
  await shows(page, "1–10 of 33");
  const before = await page.getByRole("row").count();
  await page.getByRole("row").nth(3).hover();
  await crowd(shop.page, server.demo, [{ name: "Zoe", text: "a new one" }]);
  await shows(page, "34 conversations");
  // The pointer rests, and only then the new row takes its place.
  await firstIs(page, "Zoe");
  assert.equal(await page.getByRole("row").count(), before);
});

test("the keyboard is enough", async () => {
  const { page } = ada;
  await inbox(page, "?sort=visitor");
  await page.getByRole("link", { name: "Abe 0", exact: true }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+X");
  await shows(page, "2 selected");
  assert.equal(await tick(page, "Abe 12").isChecked(), true);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Abe 12" }).waitFor();
});

test("on a phone rows can be ticked, and pages turned, too", async () => {
  const { page } = ada;
  await page.setViewportSize(PHONE);
  await inbox(page, "?size=10");
  await page.getByRole("checkbox", { name: "Select Zoe" }).check();
  await page.getByRole("button", { name: "Claim", exact: true }).click();
  await shows(page, "1 claimed");
  await picture(page, "inbox-phone");
  await page.getByRole("link", { name: "Next page" }).click();
  await shows(page, "11–20 of 34");
});
