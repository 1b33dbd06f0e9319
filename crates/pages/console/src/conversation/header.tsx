// Who it is about, who looks after it, and what can be done with it.

import type { Summary } from "@frontdesk/client";
import { useEffect, useState } from "preact/hooks";
import { navigate, hrefOf, isForBrowser, type View } from "../route";
import { Avatar } from "../ui/avatar";
import { StatusBadge } from "../ui/badge";
import { Icon } from "../ui/icon";
import { ownershipLabel, visitorName } from "../ui/words";
import type { Doing } from "./thread";

const SETTLES_AFTER_MS = 1000;

interface Props {
  summary: Summary;
  me: string;
  view: View;
  doing: Doing | undefined;
  onClaim: () => void;
  onUnclaim: () => void;
  onClose: () => void;
  detailsOpen: boolean;
  onToggleDetails: () => void;
}

export function ConversationHeader(props: Props) {
  const { summary, me, doing } = props;
  const { visitor, owner, status } = summary;
  const isOpen = status === "open";
  const isOwner = owner?.id === me;
  const settled = useSettled(isOwner);
  return (
    <header class="conversation-header">
      <BackLink view={props.view} />
      <Avatar id={visitor.id} name={visitor.name} online={visitor.online} />
      <div class="conversation-who">
        <div class="conversation-title">
          <h1>
            <bdi>{visitorName(visitor)}</bdi>
          </h1>
          <StatusBadge status={status} />
        </div>
        <p class="conversation-sub">
          {visitor.email && (
            <>
              <bdi class="conversation-email">{visitor.email}</bdi>
              <span aria-hidden="true" class="conversation-dot">·</span>
            </>
          )}
          <span class={owner === null ? "ownership ownership-none" : "ownership"} data-part="ownership">
            {ownershipLabel(owner, me)}
          </span>
        </p>
      </div>
      <div class="conversation-actions">
        {isOpen && owner === null && (
          <button type="button" class="button button-primary" disabled={doing !== undefined} onClick={props.onClaim}>
            Claim
          </button>
        )}
        {isOpen && isOwner && (
          <>
            <button type="button" class="button" disabled={doing !== undefined || !settled} onClick={props.onUnclaim}>
              Unclaim
            </button>
            <button type="button" class="button button-danger" disabled={doing !== undefined || !settled} onClick={props.onClose}>
              End Chat and Close
            </button>
          </>
        )}
        <button
          type="button"
          class="icon-button details-toggle"
          aria-label="Customer details"
          aria-expanded={props.detailsOpen}
          onClick={props.onToggleDetails}
        >
          <Icon name="person" />
        </button>
      </div>
    </header>
  );
}

/** False for a moment after a claim: its buttons come up where "Claim" was, under a second click. */
function useSettled(isOwner: boolean): boolean {
  const [settled, setSettled] = useState(isOwner);
  useEffect(() => {
    if (!isOwner) return setSettled(false);
    const timer = setTimeout(() => setSettled(true), SETTLES_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isOwner]);
  return settled;
}

export function BackLink({ view }: { view: View }) {
  const inbox = { conversation: null, view };
  const go = (event: MouseEvent) => {
    if (isForBrowser(event)) return;
    event.preventDefault();
    navigate(inbox);
  };
  return (
    <a class="back-link" href={hrefOf(inbox)} onClick={go}>
      <Icon name="back" />
      Inbox
    </a>
  );
}
