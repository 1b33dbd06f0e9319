//! Connections that have said `hello`.

use std::ops::{Deref, DerefMut};

use protocol::Hello;
use serde_json::json;

use crate::{Connection, Failure, OpenError, Target};

/// A connection of somebody who asks.
pub struct Visitor {
    pub connection: Connection,
    pub hello: Hello,
    /// What makes this visitor the same one next time.
    pub token: String,
}

/// A connection of somebody who answers.
pub struct Agent {
    pub connection: Connection,
    pub hello: Hello,
}

impl Visitor {
    /// Comes for the first time.
    pub async fn enter(target: &Target) -> Result<Self, Failure> {
        Self::enter_named(target, None).await
    }

    /// Comes for the first time and says its name and e-mail.
    pub async fn enter_named(target: &Target, who: Option<(&str, &str)>) -> Result<Self, Failure> {
        let mut connection = open(target).await?;
        let args = match who {
            Some((name, email)) => json!({ "profile": { "name": name, "email": email } }),
            None => json!({}),
        };
        let hello = connection.hello(args).await?;
        let token = hello.token.clone();
        let token = token.ok_or_else(|| Failure::Malformed("no token for a new visitor".into()))?;
        Ok(Self { connection, hello, token })
    }

    /// Comes back.
    pub async fn return_with(target: &Target, token: &str) -> Result<Self, Failure> {
        let mut connection = open(target).await?;
        let hello = connection.hello(json!({ "token": token })).await?;
        Ok(Self { connection, hello, token: token.to_owned() })
    }
}

impl Agent {
    /// Signs in.
    pub async fn enter(target: &Target, token: &str) -> Result<Self, Failure> {
        let mut connection = open(target).await?;
        let hello = connection.hello(json!({ "token": token })).await?;
        Ok(Self { connection, hello })
    }
}

async fn open(target: &Target) -> Result<Connection, Failure> {
    Connection::open(target).await.map_err(Failure::from)
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Failure::Ended(crate::Ended { bye: None, code: None, why: error.to_string() })
    }
}

macro_rules! is_a_connection {
    ($($who:ty),*) => {$(
        impl Deref for $who {
            type Target = Connection;

            fn deref(&self) -> &Connection {
                &self.connection
            }
        }

        impl DerefMut for $who {
            fn deref_mut(&mut self) -> &mut Connection {
                &mut self.connection
            }
        }
    )*};
}

is_a_connection!(Visitor, Agent);
