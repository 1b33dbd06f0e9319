// The narrow bar at the edge: where one is, and who one is.

import type { Desk } from "./live/desk";
import { useStore } from "./live/store";
import { hrefOf, isForBrowser, navigate, type View } from "./route";
import { Avatar } from "./ui/avatar";
import { Icon } from "./ui/icon";
import { Mark } from "./ui/mark";
import { Menu } from "./ui/menu";

interface Props {
  desk: Desk;
  view: View;
  onSignOut: () => void;
}

export function Rail({ desk, view, onSignOut }: Props) {
  const counts = useStore(desk.counts);
  const inbox = { conversation: null, view };
  const waiting = counts?.unassigned ?? 0;
  const { me } = desk;
  return (
    <div class="rail">
      <Mark />
      <nav class="rail-nav" aria-label="Main">
        <a
          class="rail-link"
          href={hrefOf(inbox)}
          aria-label={waiting > 0 ? `Chats, ${waiting} waiting` : "Chats"}
          aria-current="page"
          onClick={(event) => {
            if (isForBrowser(event)) return;
            event.preventDefault();
            navigate(inbox);
          }}
        >
          <Icon name="inbox" />
          {waiting > 0 && <span class="rail-dot" />}
        </a>
      </nav>
      <Menu
        name="Account"
        button={<Avatar id={me.id} name={me.name} />}
        buttonClass="rail-account"
        side="beside"
        heading={
          <>
            <bdi class="account-name">{me.name}</bdi>
            <span class="account-role">Signed in</span>
          </>
        }
        items={[{ label: "Sign out", icon: <Icon name="signout" />, run: onSignOut }]}
      />
    </div>
  );
}
