// "Send" with its shortcut, and the menu beside it. A note cannot close, so its menu is not there.

import type { Tab } from "./drafts";
import { SEND_SHORTCUT, SEND_SHORTCUT_ARIA } from "./shortcut";
import { Icon } from "../ui/icon";
import { Menu } from "../ui/menu";

interface Props {
  tab: Tab;
  disabled: boolean;
  onSend: (closes: boolean) => void;
}

export function SendButtons({ tab, disabled, onSend }: Props) {
  return (
    <div class={`send-buttons send-${tab}`}>
      <button
        type="button"
        class="button button-primary send-button"
        aria-keyshortcuts={SEND_SHORTCUT_ARIA}
        disabled={disabled}
        onClick={() => onSend(false)}
      >
        Send
        <kbd aria-hidden="true">{SEND_SHORTCUT}</kbd>
      </button>
      {tab === "reply" && (
        <Menu
          name="More send options"
          button={<Icon name="chevron" />}
          buttonClass="button button-primary send-more"
          side="above"
          disabled={disabled}
          items={[{ label: "Send and close", icon: <Icon name="check" />, run: () => onSend(true) }]}
        />
      )}
    </div>
  );
}
