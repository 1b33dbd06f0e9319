// What stands in place of rows: nothing to do, nothing found, something wrong, not there yet.

import { DEFAULT_FILTERS, navigate, withView, type Filters, type View } from "../route";
import { Icon } from "../ui/icon";

export function EmptyInbox({ view }: { view: View }) {
  const { title, text } = wordsFor(view);
  const isDefault = view.queue === "all" && view.status === "open" && view.search === "";
  return (
    <div class="empty" role="status">
      <span class="empty-icon">
        <Icon name={view.search === "" ? "inbox" : "search"} />
      </span>
      <h2>{title}</h2>
      <p>{text}</p>
      {!isDefault && (
        <button type="button" class="button" onClick={() => navigate(withView({ conversation: null, view }, DEFAULT_FILTERS))}>
          Show all open conversations
        </button>
      )}
    </div>
  );
}

export function InboxProblem({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div class="inbox-problem" role="alert">
      <Icon name="warning" />
      <span>The list could not be loaded. {text}</span>
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

export function InboxSkeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Loading conversations">
      {[62, 48, 71, 55, 66, 44, 58].map((width) => (
        <div class="skeleton-row" key={width}>
          <span class="skeleton-face" />
          <svg class="skeleton-lines" aria-hidden="true" viewBox="0 0 100 36" preserveAspectRatio="none">
            <rect width={width / 2.5} height="11" y="3" rx="1" />
            <rect width={width} height="11" y="21" rx="1" />
          </svg>
        </div>
      ))}
    </div>
  );
}

function wordsFor({ queue, status, search }: Filters): { title: string; text: string } {
  if (search !== "") return { title: "Nothing found", text: "No conversation in this view holds all of these words." };
  if (status === "converted") {
    return { title: "No converted conversations", text: "Chats that became support tickets while the team was away appear here." };
  }
  if (queue === "mine") return { title: "Nothing assigned to you", text: "Claim a conversation and it appears here." };
  if (queue === "unassigned") return { title: "Nobody is waiting", text: "Every conversation in this view has an owner." };
  if (status === "closed") return { title: "No closed conversations", text: "Conversations appear here once they are closed." };
  if (status === "all") return { title: "No conversations yet", text: "They appear here as soon as a visitor writes." };
  return { title: "All caught up", text: "New conversations appear here as soon as a visitor writes." };
}
