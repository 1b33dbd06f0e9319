//! Ids: 128 random bits, on the wire always the 36-character lower-case string, in both codecs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::text::read_str;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// An id that no thing ever has. A string that is no id decodes to it, so that asking for
            /// such a thing is answered like asking for any other that is not there.
            pub const NOWHERE: Self = Self(Uuid::nil());

            /// Reads the canonical form and nothing else; `None` for every other string.
            pub fn parse(text: &str) -> Option<Self> {
                let id = Uuid::try_parse(text).ok()?;
                let canonical = text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase());
                canonical.then_some(Self(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut buffer = Uuid::encode_buffer();
                serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut buffer))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let make = |text: &str| Ok::<_, &str>(Self::parse(text).unwrap_or(Self::NOWHERE));
                read_str(deserializer, make)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    };
}

id!(
    /// One tenant: its widget, its agents, its conversations.
    SiteId
);
id!(
    /// One thread with one visitor.
    ConversationId
);
id!(
    /// The person asking.
    VisitorId
);
id!(
    /// The person answering, as other agents know it. Visitors see a [`PersonId`] instead.
    AgentId
);
id!(
    /// Whoever did something, as its audience may know it: a visitor's id, an agent's id (to agents)
    /// or the agent's opaque alias (to visitors). The system's own is [`PersonId::NOWHERE`].
    PersonId
);

impl From<AgentId> for PersonId {
    fn from(id: AgentId) -> Self {
        Self(id.0)
    }
}

impl From<VisitorId> for PersonId {
    fn from(id: VisitorId) -> Self {
        Self(id.0)
    }
}
