// The visitor's end of the client library: which token it shows, and what it says of the page.

import { Client, type HelloArgs } from "@frontdesk/client";
import type { SiteStorage } from "./storage";

export const TOKEN_ENTRY = "token";

export function visitorClient(url: string, storage: SiteStorage): Client {
  let shown: string | undefined;
  return new Client({
    url,
    token: () => (shown = storage.text(TOKEN_ENTRY)),
    onToken: (token) => {
      // Two tabs may have become two visitors at once: the first to write it down is the one to be.
      if (shown === storage.text(TOKEN_ENTRY)) storage.setText(TOKEN_ENTRY, token);
    },
    hello: aboutThePage,
  });
}

function aboutThePage(): Pick<HelloArgs, "page" | "locale" | "timezone"> {
  return {
    // The part behind # often holds what is nobody's business, such as a sign-in's answer.
    page: { url: location.href.replace(/#.*$/s, "").slice(0, 2000), title: document.title.slice(0, 300) },
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
