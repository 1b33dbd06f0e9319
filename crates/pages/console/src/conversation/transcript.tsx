// Everything said, newest at the foot. It follows the newest while one reads there, and stands
// still while one reads above.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { TurnView } from "./bubble";
import type { Pending } from "../live/unsent";
import type { ThreadState } from "./thread";
import { itemsOf, type Author, type Item } from "./transcript-items";
import { Icon } from "../ui/icon";
import { ClockTime, dayName, useNow } from "../ui/time";
import { ANONYMOUS, visitorName } from "../ui/words";

const NEAR_FOOT_PX = 64;
const NEAR_TOP_PX = 120;
const AT_REST_MS = 200;

interface Props {
  state: ThreadState;
  me: Author;
  onLoadEarlier: () => void;
  onRetry: (pending: Pending) => void;
  onDiscard: (pending: Pending) => void;
}

export function Transcript({ state, me, onLoadEarlier, onRetry, onDiscard }: Props) {
  const { events, pending, earlier, newFrom, visitorTypes, summary } = state;
  const items = useMemo(() => itemsOf(events, pending, me, newFrom), [events, pending, me, newFrom]);
  const sentKey = lastSentKey(items);
  const { scroller, missed, isAway, onScroll, jump } = useFollowing(state);

  const atRest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(atRest.current), []);

  const scrolled = () => {
    onScroll();
    clearTimeout(atRest.current);
    // At rest only: the button must not move away from under a click that scrolled it into view.
    atRest.current = setTimeout(() => {
      if ((scroller.current?.scrollTop ?? NEAR_TOP_PX) < NEAR_TOP_PX) onLoadEarlier();
    }, AT_REST_MS);
  };

  return (
    <div class="transcript-frame">
      <div
        class="transcript"
        ref={scroller}
        role="log"
        aria-label="Transcript"
        aria-live={earlier === "loading" ? "off" : "polite"}
        tabIndex={0}
        onScroll={scrolled}
      >
        <div class="transcript-content">
          {earlier !== "none" && (
            <button type="button" class="button load-earlier" disabled={earlier === "loading"} onClick={onLoadEarlier}>
              {earlier === "loading" ? "Loading…" : "Load earlier"}
            </button>
          )}
          {items.map((item) => (
            <ItemView key={item.key} item={item} sentKey={sentKey} onRetry={onRetry} onDiscard={onDiscard} />
          ))}
          <div class="typing-line" role="status">
            {visitorTypes && summary?.status === "open" && (
              <span class="typing">
                <span class="typing-dots" aria-hidden="true">
                  <i />
                  <i />
                  <i />
                </span>
                <span>
                  <bdi>{visitorName(summary.visitor)}</bdi> is typing…
                </span>
              </span>
            )}
          </div>
        </div>
      </div>
      {isAway && missed > 0 && (
        <button type="button" class="button jump" aria-label="Jump to latest" onClick={jump}>
          <Icon name="down" />
          Jump to latest
          <span class="count">{missed}</span>
        </button>
      )}
    </div>
  );
}

interface ItemProps {
  item: Item;
  sentKey: string | undefined;
  onRetry: (pending: Pending) => void;
  onDiscard: (pending: Pending) => void;
}

function ItemView({ item, sentKey, onRetry, onDiscard }: ItemProps) {
  switch (item.kind) {
    case "day":
      return <DayLine at={item.at} />;
    case "new":
      return (
        <div class="new-line" role="separator">
          <span>New</span>
        </div>
      );
    case "system":
      return (
        <p class="system-line">
          <span>
            <bdi>{item.who || ANONYMOUS}</bdi> {item.says}
          </span>
          <ClockTime at={item.at} />
        </p>
      );
    case "group":
      return <TurnView turn={item} sentKey={sentKey} onRetry={onRetry} onDiscard={onDiscard} />;
  }
}

function DayLine({ at }: { at: number }) {
  const now = useNow();
  return (
    <div class="day-line" role="separator">
      <span>{dayName(at, now)}</span>
    </div>
  );
}

function lastSentKey(items: readonly Item[]): string | undefined {
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (item?.kind === "group" && item.own) return item.bubbles.at(-1)?.key;
  }
  return undefined;
}

/** Scrolling: at the foot stay at the foot, elsewhere stay put, and count what came meanwhile. */
function useFollowing({ events, pending, visitorTypes }: ThreadState) {
  const scroller = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const atFoot = useRef(true);
  const ends = useRef({ first: 0, last: 0, pending: 0 });
  const [missed, setMissed] = useState(0);
  const [isAway, setAway] = useState(false);

  const toFoot = () => {
    const box = scroller.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
  };
  const jump = () => {
    atFoot.current = true;
    toFoot();
    setAway(false);
    setMissed(0);
  };

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const before = ends.current;
    const now = { first: events[0]?.seq ?? 0, last: events.at(-1)?.seq ?? 0, pending: pending.length };
    ends.current = now;
    const grewAbove = before.first !== 0 && now.first < before.first;
    if (now.pending > before.pending) jump();
    else if (atFoot.current) toFoot();
    else if (grewAbove) box.scrollTop += box.scrollHeight - height.current;
    else if (now.last > before.last && before.last !== 0) {
      const came = events.filter((event) => event.seq > before.last).length;
      setMissed((count) => count + came);
    }
    height.current = box.scrollHeight;
  }, [events, pending, visitorTypes]);

  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => atFoot.current && toFoot());
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const box = scroller.current;
    if (box === null) return;
    atFoot.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_FOOT_PX;
    setAway(!atFoot.current);
    if (atFoot.current) setMissed(0);
  };
  return { scroller, missed, isAway, onScroll, jump };
}
