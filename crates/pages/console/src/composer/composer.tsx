// Where one writes: a reply to the visitor, or a note that stays inside.

import { LIMITS, type Summary } from "@frontdesk/client";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ComposerTabs } from "./tabs";
import { draftOf, keepDraft, onDraftReturned, type Tab } from "./drafts";
import { SendButtons } from "./send";
import { isSendShortcut } from "./shortcut";
import { Icon } from "../ui/icon";

const TEXT_MAX = LIMITS.text_chars_max;
const COUNT_FROM = 3600;
const PLACEHOLDERS: Record<Tab, string> = { reply: "Write a reply…", note: "Add an internal note…" };
const FIELD_NAMES: Record<Tab, string> = { reply: "Reply", note: "Internal note" };

interface Props {
  summary: Summary;
  me: string;
  /** Grows when the reply box should have the caret, for instance after a claim. */
  focusRequests: number;
  onSend: (tab: Tab, text: string, closes: boolean) => void;
  /** The visitor-facing text moved (true), or rests (false). */
  onTyping: (active: boolean) => void;
}

export function Composer({ summary, me, focusRequests, onSend, onTyping }: Props) {
  const [tab, setTab] = useState<Tab>("reply");
  const [text, setText] = useDraft(me, summary.id, tab);
  const field = useRef<HTMLTextAreaElement>(null);
  const lock = tab === "reply" ? lockOn(summary, me) : undefined;
  const length = [...text.trim()].length;
  const canSend = lock === undefined && length > 0 && length <= TEXT_MAX;

  useGrowing(field, text, tab);
  useEffect(() => {
    if (focusRequests === 0) return;
    setTab("reply");
    // The box may be unlocked by this very drawing.
    requestAnimationFrame(() => field.current?.focus());
  }, [focusRequests]);

  const type = (next: string) => {
    setText(next);
    if (tab === "reply") onTyping(next.trim() !== "");
  };
  const send = (closes: boolean) => {
    if (!canSend) return;
    setText("");
    if (tab === "reply") onTyping(false);
    onSend(tab, text.trim(), closes);
    field.current?.focus();
  };
  const select = (next: Tab) => {
    if (tab === "reply") onTyping(false);
    setTab(next);
  };

  return (
    <section class={`composer composer-${tab}`} aria-label="Composer">
      <ComposerTabs tab={tab} onSelect={select} />
      <div class="composer-panel" role="tabpanel" id="composer-panel" aria-labelledby={`composer-tab-${tab}`}>
        {lock !== undefined && (
          <p class="composer-lock" id="composer-lock">
            <Icon name="lock" />
            <span>{lock}</span>
          </p>
        )}
        <textarea
          ref={field}
          class="composer-field"
          rows={1}
          dir="auto"
          aria-label={FIELD_NAMES[tab]}
          aria-describedby={lock === undefined ? undefined : "composer-lock"}
          placeholder={lock === undefined ? PLACEHOLDERS[tab] : ""}
          hidden={lock !== undefined && text === ""}
          disabled={lock !== undefined}
          value={text}
          onInput={(event) => type(event.currentTarget.value)}
          onBlur={() => tab === "reply" && onTyping(false)}
          onKeyDown={(event) => {
            if (!isSendShortcut(event)) return;
            event.preventDefault();
            send(false);
          }}
        />
        <div class="composer-foot">
          {tab === "note" && <span class="composer-hint">Only your team sees this.</span>}
          {length > COUNT_FROM && (
            <span class={length > TEXT_MAX ? "composer-length composer-over" : "composer-length"} role="status">
              {length.toLocaleString()} / {TEXT_MAX.toLocaleString()}
            </span>
          )}
          <SendButtons tab={tab} disabled={!canSend} onSend={send} />
        </div>
      </div>
    </section>
  );
}

/** Why no reply can be written now, if so. */
function lockOn({ owner }: Summary, me: string): string | undefined {
  if (owner === null) return "Claim this conversation to reply.";
  return owner.id === me ? undefined : `Assigned to ${owner.name}.`;
}

function useDraft(me: string, conversation: string, tab: Tab): [string, (text: string) => void] {
  const [, redraw] = useState({});
  useEffect(() => onDraftReturned(() => redraw({})), []);
  const set = (text: string) => {
    keepDraft(me, conversation, tab, text);
    redraw({});
  };
  return [draftOf(me, conversation, tab), set];
}

/** The box is as high as its text, up to what the style sheet allows. */
function useGrowing(field: { current: HTMLTextAreaElement | null }, text: string, tab: Tab): void {
  useLayoutEffect(() => {
    const box = field.current;
    if (box === null) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
  }, [text, tab]);
}
