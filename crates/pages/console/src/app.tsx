// The frame: sign-in or inbox, and what is said about the connection.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ConnectionBanner } from "./banner";
import { Conversation } from "./conversation/conversation";
import { Feed } from "./inbox/feed";
import { Inbox } from "./inbox/inbox";
import type { Desk } from "./live/desk";
import { useStore } from "./live/store";
import { Rail } from "./rail";
import { navigate, useRoute, type Route } from "./route";
import type { Session } from "./session";
import { SignIn } from "./signin";
import { useMedia } from "./ui/media";
import { Mark } from "./ui/mark";
import { Toasts } from "./ui/toast";
import { INBOX_TITLE } from "./ui/words";

export function App({ session }: { session: Session }) {
  const state = useStore(session.state);
  return (
    <>
      {state.phase !== "out" && <ConnectionBanner session={session} />}
      {state.phase === "checking" && <Splash />}
      {state.phase === "out" && <SignIn notice={state.notice} onSignedIn={() => session.connect()} />}
      {state.phase === "in" && <Desktop key={state.desk.me.id} desk={state.desk} onSignOut={() => session.leave()} />}
      <Toasts />
    </>
  );
}

function Splash() {
  return (
    <div class="splash" role="status" aria-label="Loading">
      <Mark />
    </div>
  );
}

function Desktop({ desk, onSignOut }: { desk: Desk; onSignOut: () => void }) {
  const route = useRoute();
  const feed = useFeed(desk, route);
  const [title, setTitle] = useState<string>();
  const isPhone = useMedia("(max-width: 759px)");
  const { conversation } = route;
  useTitle(desk, title);
  return (
    <div class={conversation === null ? "desktop" : "desktop desktop-open"}>
      <Rail desk={desk} view={route.view} onSignOut={onSignOut} />
      <main class="panes">
        <Inbox desk={desk} feed={feed} route={route} isNarrow={isPhone || conversation !== null} />
        {conversation !== null && (
          <Conversation key={conversation} desk={desk} id={conversation} view={route.view} onTitle={setTitle} />
        )}
      </main>
    </div>
  );
}

function useFeed(desk: Desk, route: Route): Feed {
  const { queue, status, search, sort, order, size, page } = route.view;
  const shown = useRef(route);
  shown.current = route;
  const goBack = (last: number) => {
    const { view } = shown.current;
    navigate({ ...shown.current, view: { ...view, page: last } }, "replace");
  };
  const feed = useMemo(() => new Feed(desk, route.view, goBack), [desk, queue, status, search, sort, order, size]);
  useEffect(() => feed.start(), [feed]);
  useEffect(() => feed.show(page), [feed, page]);
  return feed;
}

function useTitle(desk: Desk, conversation: string | undefined): void {
  const waiting = useStore(desk.counts)?.unassigned ?? 0;
  useEffect(() => {
    const name = conversation === undefined ? INBOX_TITLE : `${conversation} · ${INBOX_TITLE}`;
    document.title = waiting > 0 ? `(${waiting}) ${name}` : name;
  }, [waiting, conversation]);
}
