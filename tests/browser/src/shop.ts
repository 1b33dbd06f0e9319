// Somebody else's page with the chat on it: another origin than the server's, with a policy of its own.
import { type Server as HttpServer, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Server } from "./server";

/** What the widget's README asks a strict page to allow, and nothing besides. */
export function strictPolicy(chat: string): string {
  return [
    "default-src 'none'",
    `script-src ${chat}`,
    `connect-src ${chat.replace("http", "ws")}`,
    "require-trusted-types-for 'script'",
    "base-uri 'none'",
    // For the icon of the page itself.
    "img-src data:",
  ].join("; ");
}

export interface Shop {
  /** On a host that the demo site allows. */
  allowed: string;
  /** The same page on a host that nobody has allowed. */
  foreign: string;
  close(): void;
}

export interface ShopOptions {
  policy?: string;
  /** Attributes of the page's root. */
  root?: string;
  /** A script of the page itself, before the widget's. */
  script?: string;
}

/** The demo site's id stands on the demo page. */
async function siteOf(server: Server): Promise<string> {
  const asked = new URL(server.demo).searchParams.get("site");
  const page = await (await fetch(server.demo)).text();
  const site = asked ?? page.match(/name="frontdesk-site" content="([^"]*)"/)?.[1];
  if (!site) throw new Error("the demo page names no site");
  return site;
}

export async function openShop(server: Server, { policy, root = 'lang="en"', script = "" }: ShopOptions = {}): Promise<Shop> {
  const site = await siteOf(server);
  const html = `<!doctype html><html ${root}><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
${script && `<script>${script}</script>`}
<script async src="${server.url}/widget.js" data-site="${site}"></script></head>
<body><main><h1>Shop</h1><p><a href="#top">Tents</a></p></main></body></html>`;
  const http: HttpServer = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    if (policy) response.setHeader("content-security-policy", policy);
    response.end(html);
  });
  await new Promise<void>((ready) => http.listen(0, "127.0.0.1", ready));
  const { port } = http.address() as AddressInfo;
  return {
    allowed: `http://127.0.0.1:${port}/`,
    foreign: `http://elsewhere.localhost:${port}/`,
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}
