/** Listens to the page's own signs that the network or the user is back, or that the network is gone. */
export function listenToBrowser(wake: () => void, drop: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  const end = new AbortController();
  const on = (target: EventTarget, name: string, heard: () => void) => target.addEventListener(name, heard, end);
  on(window, "online", wake);
  on(window, "offline", drop);
  on(window, "pageshow", wake);
  on(document, "visibilitychange", () => document.visibilityState === "visible" && wake());
  return () => end.abort();
}
