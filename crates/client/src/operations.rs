//! Every operation by name. The arguments are whatever the caller says: the server is who judges.

use std::fmt::Display;

use protocol::{
    Bulked, CountsAnswer, Empty, Hello, HistoryPage, InboxPage, Ponged, Sent, SeqAnswer, Started,
    Watched,
};
use serde_json::{Value, json};

use crate::{Connection, Failure};

/// What a request comes to.
type Outcome<T> = Result<T, Failure>;

impl Connection {
    /// `hello` with these arguments.
    pub async fn hello(&mut self, args: Value) -> Outcome<Hello> {
        self.ask("hello", args).await
    }

    /// `ping`.
    pub async fn ping(&mut self) -> Outcome<Ponged> {
        self.ask("ping", json!({})).await
    }

    /// `conversation.watch` from the number after `after`.
    pub async fn watch(&mut self, conversation: impl Display, after: u64) -> Outcome<Watched> {
        let args = json!({ "conversation": conversation.to_string(), "after": after });
        self.ask("conversation.watch", args).await
    }

    /// `conversation.unwatch`.
    pub async fn unwatch(&mut self, conversation: impl Display) -> Outcome<Empty> {
        self.ask("conversation.unwatch", json!({ "conversation": conversation.to_string() })).await
    }

    /// `history` with these bounds: an object of `after`, `before` and `limit`.
    pub async fn history(
        &mut self,
        conversation: impl Display,
        bounds: Value,
    ) -> Outcome<HistoryPage> {
        let mut args = bounds;
        args["conversation"] = conversation.to_string().into();
        self.ask("history", args).await
    }

    /// `message.send`.
    pub async fn say(
        &mut self,
        conversation: impl Display,
        key: &str,
        text: &str,
    ) -> Outcome<Sent> {
        let args = json!({ "conversation": conversation.to_string(), "key": key, "text": text });
        self.ask("message.send", args).await
    }

    /// `message.send` with `then: "close"`.
    pub async fn say_and_close(
        &mut self,
        conversation: impl Display,
        key: &str,
        text: &str,
    ) -> Outcome<Sent> {
        let conversation = conversation.to_string();
        let args =
            json!({ "conversation": conversation, "key": key, "text": text, "then": "close" });
        self.ask("message.send", args).await
    }

    /// `typing`.
    pub async fn typing(&mut self, conversation: impl Display, active: bool) -> Outcome<Empty> {
        let args = json!({ "conversation": conversation.to_string(), "active": active });
        self.ask("typing", args).await
    }

    /// `conversation.start`.
    pub async fn start(&mut self, key: &str, text: &str) -> Outcome<Started> {
        self.ask("conversation.start", json!({ "key": key, "text": text })).await
    }

    /// `conversation.claim`.
    pub async fn claim(&mut self, conversation: impl Display, key: &str) -> Outcome<SeqAnswer> {
        self.keyed("conversation.claim", conversation, key).await
    }

    /// `conversation.unclaim`.
    pub async fn unclaim(&mut self, conversation: impl Display, key: &str) -> Outcome<SeqAnswer> {
        self.keyed("conversation.unclaim", conversation, key).await
    }

    /// `conversation.close`. Not to be taken for the end of the connection: that is [`Self::leave`].
    pub async fn end(&mut self, conversation: impl Display, key: &str) -> Outcome<SeqAnswer> {
        self.keyed("conversation.close", conversation, key).await
    }

    /// `conversation.close` with `expected_seq`.
    pub async fn end_at(
        &mut self,
        conversation: impl Display,
        key: &str,
        expected_seq: u64,
    ) -> Outcome<SeqAnswer> {
        let conversation = conversation.to_string();
        let args =
            json!({ "conversation": conversation, "key": key, "expected_seq": expected_seq });
        self.ask("conversation.close", args).await
    }

    /// `note.add`.
    pub async fn note(
        &mut self,
        conversation: impl Display,
        key: &str,
        text: &str,
    ) -> Outcome<SeqAnswer> {
        let args = json!({ "conversation": conversation.to_string(), "key": key, "text": text });
        self.ask("note.add", args).await
    }

    /// `inbox.list` with these filters.
    pub async fn inbox(&mut self, filters: Value) -> Outcome<InboxPage> {
        self.ask("inbox.list", filters).await
    }

    /// `inbox.watch`.
    pub async fn watch_inbox(&mut self, on: bool) -> Outcome<CountsAnswer> {
        self.ask("inbox.watch", json!({ "on": on })).await
    }

    /// `bulk`.
    pub async fn bulk<C: Display>(
        &mut self,
        key: &str,
        action: &str,
        conversations: impl IntoIterator<Item = C>,
    ) -> Outcome<Bulked> {
        let ids: Vec<String> = conversations.into_iter().map(|id| id.to_string()).collect();
        self.ask("bulk", json!({ "key": key, "action": action, "conversations": ids })).await
    }

    async fn keyed(
        &mut self,
        op: &str,
        conversation: impl Display,
        key: &str,
    ) -> Outcome<SeqAnswer> {
        self.ask(op, json!({ "conversation": conversation.to_string(), "key": key })).await
    }
}
