//! Where the database is, and how to get there.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config};

use super::PostgresError;
use super::tls::{Connector, Wish};

/// A connection is there by then, or it is tried again.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// What was sent and is not taken by then will not be: the cable is cut.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
/// No statement takes so long but by mistake. Plans are made for many rows, and none is worth compiling.
const SETTINGS: &str =
    "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000 -c jit=off";

/// An address that was understood. Its `Debug` and its words show no password.
#[derive(Clone)]
pub(super) struct Place {
    config: Config,
    tls: Connector,
    shown: String,
}

impl Place {
    pub(super) fn parse(url: &str) -> Result<Self, PostgresError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(PostgresError::Address("it does not begin with postgres://".into()));
        }
        let (url, wish) = Wish::take_from(url)?;
        let mut config: Config =
            url.parse().map_err(|error| PostgresError::Address(super::error::words(&error)))?;
        let tls = wish.connector()?;
        config.ssl_mode(wish.driver_mode());
        let options = match config.get_options() {
            // What the administrator says comes last, and so counts.
            Some(given) => format!("{SETTINGS} {given}"),
            None => SETTINGS.into(),
        };
        config.options(options).tcp_user_timeout(TAKEN_WITHIN);
        if config.get_application_name().is_none() {
            config.application_name("frontdesk");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        let shown = shown(&config);
        Ok(Self { config, tls, shown })
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn tls(&self) -> Connector {
        self.tls.clone()
    }

    /// A connection, and the task that carries it.
    pub(super) async fn connect(&self) -> Result<(Client, Carrier), tokio_postgres::Error> {
        let (client, connection) = self.config.connect(self.tls()).await?;
        let carrier = tokio::spawn(async move {
            if let Err(error) = connection.await {
                let reason = super::error::words(&error);
                tracing::warn!(%reason, "a connection to the database has ended");
            }
        });
        Ok((client, Carrier(carrier)))
    }

    /// The same, for people who read why it failed.
    pub(super) async fn connect_first(&self) -> Result<(Client, Carrier), PostgresError> {
        let place = self.shown.clone();
        self.connect().await.map_err(|error| PostgresError::connect(place, &error))
    }
}

/// Ends the connection when it is dropped.
pub(super) struct Carrier(JoinHandle<()>);

impl Drop for Carrier {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn shown(config: &Config) -> String {
    let host = config.get_hosts().first().map_or("localhost".into(), |host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap_or("(nobody)");
    let database = config.get_dbname().unwrap_or(user);
    format!("the database \"{database}\" at {host}:{port} as {user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Place::parse(url).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_address_that_cannot_be_used_says_why_and_not_the_password() {
        for (url, why) in [
            ("db.example", "postgres://"),
            ("mysql://me:hunter2@db/x", "postgres://"),
            ("postgres://me:hunter2@db:port/x", "port"),
            ("postgres://me:hunter2@db/x?sslmode=allow", "verify-full"),
            ("postgres://me:hunter2@db/x?sslrootcert=/none/such", "/none/such"),
        ] {
            let said = refusal(url);
            assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn a_place_is_shown_without_its_password() {
        let place = Place::parse("postgres://me:hunter2@db:99/x").unwrap();
        assert_eq!(place.shown, "the database \"x\" at db:99 as me");
    }
}
