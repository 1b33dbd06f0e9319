// Starts the widget: finds the script that brought it, the site it is for and the server it came from.
//
// Follow `widget.ts` for what is on the page and `session.ts` for what is true.
// Never here: markup from strings, inline styles, globals other than `Frontdesk`.

import { installApi, isInstalled } from "./api";
import { Session } from "./session";
import { SiteStorage } from "./storage";
import { ENGLISH } from "./texts";
import { Widget } from "./widget";

function ownScript(): HTMLScriptElement | null {
  const current = document.currentScript;
  if (current instanceof HTMLScriptElement && current.dataset["site"]) return current;
  return document.querySelector<HTMLScriptElement>('script[data-site][src*="widget.js"]');
}

function visitorUrl(script: HTMLScriptElement, site: string): string {
  const url = new URL(`/v1/visitor/${encodeURIComponent(site)}`, script.src);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

function start(script: HTMLScriptElement, site: string): void {
  // A page may hold the tag twice.
  if (isInstalled()) return;
  const storage = new SiteStorage(site);
  const session = new Session(visitorUrl(script, site), storage);
  const widget = new Widget(session, storage, ENGLISH);
  widget.mount();
  installApi(widget);
}

const script = ownScript();
const site = script?.dataset["site"];
if (!script || !site) console.error('Frontdesk: the script tag needs data-site="SITE_ID".');
else if (document.body) start(script, site);
else addEventListener("DOMContentLoaded", () => start(script, site), { once: true });
