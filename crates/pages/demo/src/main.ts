// The demo shop: puts the widget on the page for the site it is told, as any shop would with one tag.

import "./demo.css";

type Stub = ((...call: unknown[]) => void) & { q?: unknown[][] };

const PLACEHOLDER = /^_*SITE_*$/;

function siteId(): string | undefined {
  const asked = new URLSearchParams(location.search).get("site");
  const configured = document.querySelector<HTMLMetaElement>('meta[name="frontdesk-site"]')?.content ?? "";
  const site = (asked ?? configured).trim();
  return site === "" || PLACEHOLDER.test(site) ? undefined : site;
}

/** Calls made before the widget has arrived wait in the stub's queue. */
function installStub(): void {
  const stub: Stub = (...call) => void (stub.q ??= []).push(call);
  const page = window as { Frontdesk?: { chat?: Stub } };
  page.Frontdesk ??= {};
  page.Frontdesk.chat ??= stub;
}

function addWidget(site: string): void {
  const script = document.createElement("script");
  script.async = true;
  script.src = "/widget.js";
  script.dataset["site"] = site;
  document.head.append(script);
}

function explainSetup(): void {
  document.getElementById("setup")!.hidden = false;
  for (const host of document.querySelectorAll("[data-host]")) host.textContent = location.hostname;
  document.getElementById("use-site")!.addEventListener("submit", (event) => {
    event.preventDefault();
    const site = document.querySelector<HTMLInputElement>("#site-id")!.value.trim();
    if (site !== "") location.search = new URLSearchParams({ site }).toString();
  });
}

const site = siteId();
if (site === undefined) {
  explainSetup();
} else {
  installStub();
  addWidget(site);
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-ask]")) {
  button.hidden = site === undefined;
  button.addEventListener("click", () => (window as { Frontdesk?: { chat?: Stub } }).Frontdesk?.chat?.("open"));
}
