// Says that the connection is gone, only while it is, and not for breaks nobody would notice.

import { useEffect, useState } from "preact/hooks";
import { useStore } from "./live/store";
import type { Session } from "./session";

const NOTICEABLE_MS = 1_000;

export function ConnectionBanner({ session }: { session: Session }) {
  const connection = useStore(session.connection);
  const isOnline = useOnline();
  const says = !isOnline ? "You are offline" : wordsFor(connection);
  const isLasting = useLasting(says !== undefined);
  const isShown = says !== undefined && (isLasting || !isOnline);
  return (
    <div class="banner-place" role="status">
      {isShown && <p class="banner">{says}</p>}
    </div>
  );
}

function wordsFor(connection: string): string | undefined {
  if (connection === "live") return undefined;
  return connection === "behind" ? "Catching up…" : "Reconnecting…";
}

function useLasting(isSo: boolean): boolean {
  const [isLasting, setLasting] = useState(false);
  useEffect(() => {
    setLasting(false);
    if (!isSo) return;
    const timer = setTimeout(() => setLasting(true), NOTICEABLE_MS);
    return () => clearTimeout(timer);
  }, [isSo]);
  return isLasting;
}

function useOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return isOnline;
}
