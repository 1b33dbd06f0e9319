// What is known of the person, docked beside the transcript.

import type { Summary } from "@frontdesk/client";
import type { ComponentChildren } from "preact";
import { Avatar } from "../ui/avatar";
import { StatusBadge } from "../ui/badge";
import { Icon } from "../ui/icon";
import { fullTime } from "../ui/time";
import { UNKNOWN, visitorName } from "../ui/words";

interface Props {
  summary: Summary;
  isOpen: boolean;
  onClose: () => void;
}

export function Customer({ summary, isOpen, onClose }: Props) {
  const { visitor } = summary;
  return (
    <aside class={`customer ${isOpen ? "customer-open" : ""}`} aria-label="Customer">
      <div class="customer-head">
        <h2>Customer</h2>
        <button type="button" class="icon-button customer-close" aria-label="Close customer details" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </div>
      <div class="customer-identity">
        <Avatar id={visitor.id} name={visitor.name} size="large" online={visitor.online} />
        <div>
          <bdi class="customer-name">{visitorName(visitor)}</bdi>
          <p class="customer-presence">{visitor.online ? "Online now" : "Offline"}</p>
        </div>
      </div>
      <section class="customer-block">
        <h3>Profile</h3>
        <dl>
          <Row name="Name">{visitor.name ? <bdi>{visitor.name}</bdi> : UNKNOWN}</Row>
          <Row name="Email">{visitor.email ? <bdi>{visitor.email}</bdi> : UNKNOWN}</Row>
        </dl>
      </section>
      <section class="customer-block">
        <h3>Conversation</h3>
        <dl>
          <Row name="Status">
            <StatusBadge status={summary.status} />
          </Row>
          <Row name="Started">
            <time dateTime={new Date(summary.started_at).toISOString()}>{fullTime(summary.started_at)}</time>
          </Row>
          {summary.closed_at !== undefined && (
            <Row name="Closed">
              <time dateTime={new Date(summary.closed_at).toISOString()}>{fullTime(summary.closed_at)}</time>
            </Row>
          )}
        </dl>
      </section>
    </aside>
  );
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="customer-row">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
