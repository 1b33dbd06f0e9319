// Many visitors at once, without a window each: they say one sentence and go.
import type { Page } from "playwright-core";

export interface Said {
  name: string;
  text: string;
}

/** They write from the shop's page, one after the other, in this order. */
export async function crowd(page: Page, demo: string, said: readonly Said[]): Promise<void> {
  await page.goto(demo);
  await page.evaluate(async (all) => {
    const site = document.querySelector<HTMLMetaElement>("meta[name=frontdesk-site]")?.content || new URLSearchParams(location.search).get("site");
    for (const { name, text } of all) {
      const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/visitor/${site}`, "frontdesk.v1.json");
      await new Promise<void>((resolve, reject) => {
        socket.onopen = () => {
          socket.send(JSON.stringify({ id: 1, op: "hello", args: { profile: { name } } }));
          socket.send(JSON.stringify({ id: 2, op: "conversation.start", args: { key: "first", text } }));
        };
        socket.onmessage = ({ data }) => {
          const frame = JSON.parse(data);
          if (frame.err) reject(new Error(data));
          else if (frame.re === 2) resolve();
        };
        socket.onclose = () => reject(new Error("the socket closed"));
      });
      socket.close();
    }
  }, said);
}
