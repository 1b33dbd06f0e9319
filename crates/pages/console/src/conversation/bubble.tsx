// One author's turn: a name, and one or more bubbles below each other.

import type { Bubble, Item } from "./transcript-items";
import { piecesOf } from "./links";
import type { Pending } from "../live/unsent";
import { Avatar } from "../ui/avatar";
import { Icon } from "../ui/icon";
import { ClockTime } from "../ui/time";
import { ANONYMOUS } from "../ui/words";

type Turn = Extract<Item, { kind: "group" }>;

interface Props {
  turn: Turn;
  /** The last confirmed message of one's own says that it was sent. */
  sentKey: string | undefined;
  onRetry: (pending: Pending) => void;
  onDiscard: (pending: Pending) => void;
}

export function TurnView({ turn, sentKey, onRetry, onDiscard }: Props) {
  const { voice, author, bubbles } = turn;
  const first = bubbles[0];
  const name = author.name || (voice === "visitor" ? ANONYMOUS : "Agent");
  return (
    <div class={`turn turn-${voice}`}>
      <Avatar id={author.id} name={author.name} />
      <div class="turn-body">
        <p class="turn-head">
          <bdi class="turn-name">{name}</bdi>
          {voice === "note" && (
            <span class="turn-label">
              <Icon name="note" />
              Internal note
            </span>
          )}
          {first !== undefined && <ClockTime at={first.at} />}
        </p>
        {bubbles.map((bubble) => (
          <div class="bubble-row" key={bubble.key}>
            <p class={`bubble ${bubble.pending?.state === "failed" ? "bubble-failed" : ""}`} dir="auto">
              <MessageText text={bubble.text} />
            </p>
            <Delivery bubble={bubble} isSent={bubble.key === sentKey} onRetry={onRetry} onDiscard={onDiscard} />
          </div>
        ))}
      </div>
    </div>
  );
}

function MessageText({ text }: { text: string }) {
  return (
    <>
      {piecesOf(text).map((piece, index) =>
        "href" in piece ? (
          <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

interface DeliveryProps {
  bubble: Bubble;
  isSent: boolean;
  onRetry: (pending: Pending) => void;
  onDiscard: (pending: Pending) => void;
}

function Delivery({ bubble, isSent, onRetry, onDiscard }: DeliveryProps) {
  const { pending } = bubble;
  if (pending === undefined) return isSent ? <DeliveryLine icon="check" says="Sent" /> : null;
  if (pending.state === "sending") return <DeliveryLine icon="clock" says="Sending…" />;
  if (pending.state === "sent") return <DeliveryLine icon="check" says="Sent" />;
  return (
    <p class="delivery delivery-failed">
      <Icon name="warning" />
      <span>Not sent</span>
      {pending.problem !== undefined && <span class="delivery-why">{pending.problem}</span>}
      {pending.canRetry && (
        <button type="button" class="link-button" onClick={() => onRetry(pending)}>
          Try again
        </button>
      )}
      <button type="button" class="link-button" onClick={() => onDiscard(pending)}>
        Discard
      </button>
    </p>
  );
}

function DeliveryLine({ icon, says }: { icon: "check" | "clock"; says: string }) {
  return (
    <p class={`delivery delivery-${icon}`}>
      <Icon name={icon} />
      <span>{says}</span>
    </p>
  );
}
