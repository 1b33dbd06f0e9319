// The choice between what the visitor reads and what only the team reads.

import type { Tab } from "./drafts";

const TABS: readonly { tab: Tab; label: string }[] = [
  { tab: "reply", label: "Reply" },
  { tab: "note", label: "Internal note" },
];

export function ComposerTabs({ tab, onSelect }: { tab: Tab; onSelect: (tab: Tab) => void }) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const other: Tab = tab === "reply" ? "note" : "reply";
    onSelect(other);
    document.getElementById(`composer-tab-${other}`)?.focus();
  };
  return (
    <div class="composer-tabs" role="tablist" aria-label="Message type" onKeyDown={onKeyDown}>
      {TABS.map((each) => (
        <button
          key={each.tab}
          type="button"
          role="tab"
          id={`composer-tab-${each.tab}`}
          aria-controls="composer-panel"
          aria-selected={each.tab === tab}
          tabIndex={each.tab === tab ? 0 : -1}
          class="composer-tab"
          onClick={() => onSelect(each.tab)}
        >
          {each.label}
        </button>
      ))}
    </div>
  );
}
