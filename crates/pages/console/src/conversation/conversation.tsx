// The conversation view: header, transcript, composer or footer, and the customer beside them.

import { useEffect, useState } from "preact/hooks";
import { TypingNotice } from "@frontdesk/client";
import { Customer } from "./customer";
import { ClosedFooter, UnseenQuestion } from "./ending";
import { BackLink, ConversationHeader } from "./header";
import { Thread } from "./thread";
import { Transcript } from "./transcript";
import { Composer } from "../composer/composer";
import type { Desk } from "../live/desk";
import { useStore } from "../live/store";
import type { View } from "../route";
import { Icon } from "../ui/icon";
import { visitorName } from "../ui/words";

interface Props {
  desk: Desk;
  id: string;
  view: View;
  onTitle: (title: string | undefined) => void;
}

/** Give it the conversation's id as `key`: one view, one conversation. */
export function Conversation({ desk, id, view, onTitle }: Props) {
  const [thread] = useState(() => new Thread(desk, id));
  const [typing] = useState(() => new TypingNotice(desk.client, id));
  const [detailsOpen, setDetailsOpen] = useState(false);
  const [focusRequests, setFocusRequests] = useState(0);
  const state = useStore(thread.state);
  const { phase, problem, summary, doing } = state;
  const title = summary && visitorName(summary.visitor);

  useEffect(() => {
    return () => {
      typing.ended();
      thread.close();
    };
  }, []);
  useEffect(() => {
    onTitle(title);
    return () => onTitle(undefined);
  }, [title]);

  if (phase === "failed") return <ConversationProblem view={view} text={problem} />;
  if (summary === undefined) return <section class="conversation" aria-label="Conversation" aria-busy="true" />;
  const claim = async () => {
    if (await thread.claim()) setFocusRequests((count) => count + 1);
  };
  return (
    <section class="conversation" aria-label="Conversation" aria-busy={phase === "loading"}>
      <ConversationHeader
        summary={summary}
        me={desk.me.id}
        view={view}
        doing={doing}
        onClaim={claim}
        onUnclaim={() => thread.unclaim()}
        onClose={() => thread.end()}
        detailsOpen={detailsOpen}
        onToggleDetails={() => setDetailsOpen(!detailsOpen)}
      />
      <div class="conversation-body">
        <div class="conversation-main">
          <Transcript
            state={state}
            me={desk.me}
            onLoadEarlier={() => thread.loadEarlier()}
            onRetry={(pending) => thread.retry(pending)}
            onDiscard={(pending) => thread.discard(pending)}
          />
          {summary.status === "open" ? (
            <Composer
              summary={summary}
              me={desk.me.id}
              focusRequests={focusRequests}
              onSend={(tab, text, closes) => thread.send(tab, text, closes)}
              onTyping={(active) => (active ? typing.pressed() : typing.ended())}
            />
          ) : (
            <ClosedFooter desk={desk} view={view} />
          )}
        </div>
        <Customer summary={summary} isOpen={detailsOpen} onClose={() => setDetailsOpen(false)} />
      </div>
      {state.unseen !== undefined && (
        <UnseenQuestion
          name={visitorName(summary.visitor)}
          unseen={state.unseen}
          onClose={() => thread.endAllTheSame()}
          onCancel={() => thread.keepOpen()}
        />
      )}
    </section>
  );
}

function ConversationProblem({ view, text }: { view: View; text: string | undefined }) {
  return (
    <section class="conversation" aria-label="Conversation">
      <div class="empty" role="alert">
        <span class="empty-icon">
          <Icon name="warning" />
        </span>
        <h2>This conversation cannot be shown</h2>
        <p>{text}</p>
        <BackLink view={view} />
      </div>
    </section>
  );
}
