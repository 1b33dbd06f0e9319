//! One connection to Redis, or one to each server of a cluster: what we ask of it, and nothing more.

use std::time::Duration;

use ::redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo};
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, ProtocolVersion, RedisError,
    RedisResult, TlsCertificates, Value, cmd,
};
use futures::future::join_all;
use protocol::{ConversationId, SiteId};

use super::address::{Login, Place, RedisAddress};
use crate::Topic;

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long an answer may take. A server that stands still, or a line that is dead without a word, gives
/// none.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// Requests on their way to a cluster at one time.
const TOGETHER_MAX: usize = 128;

/// Dropping it hangs up.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Connects; what is pushed goes to `pushes`.
    pub async fn open(address: &RedisAddress, pushes: impl AsyncPushSender) -> RedisResult<Self> {
        match &address.place {
            Place::One(server) => Self::to_one(server, address.tls.as_ref(), pushes).await,
            Place::Sentinels { sentinels, master, login } => {
                let sentinels = (sentinels.clone(), master.clone());
                Self::to_the_master(sentinels, login, pushes).await
            }
            Place::Cluster(servers) => {
                Self::to_a_cluster(servers, address.tls.as_ref(), pushes).await
            }
        }
    }

    async fn to_one(
        server: &ConnectionInfo,
        tls: Option<&TlsCertificates>,
        pushes: impl AsyncPushSender,
    ) -> RedisResult<Self> {
        let client = match tls {
            Some(tls) => Client::build_with_tls(server.clone(), tls.clone())?,
            None => Client::open(server.clone())?,
        };
        let config = config(pushes);
        Ok(Self::One(client.get_multiplexed_async_connection_with_config(&config).await?))
    }

    /// Asked anew each time, so that a failover is followed.
    async fn to_the_master(
        (sentinels, master): (Vec<ConnectionInfo>, String),
        login: &Login,
        pushes: impl AsyncPushSender,
    ) -> RedisResult<Self> {
        let node =
            SentinelNodeConnectionInfo::default().set_redis_connection_info(login.settings());
        let kind = SentinelServerType::Master;
        let mut client = SentinelClient::build(sentinels, master, Some(node), kind)?;
        let connection = client.get_async_connection_with_config(&config(pushes)).await?;
        Ok(Self::One(connection))
    }

    async fn to_a_cluster(
        servers: &[ConnectionInfo],
        tls: Option<&TlsCertificates>,
        pushes: impl AsyncPushSender,
    ) -> RedisResult<Self> {
        let mut client = ClusterClient::builder(servers.to_vec());
        if let Some(tls) = tls {
            client = client.certs(tls.clone());
        }
        let client = client
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(CONNECT_WITHIN)
            .response_timeout(ANSWER_WITHIN)
            .retries(2)
            .push_sender(pushes)
            .build()?;
        Ok(Self::Cluster(client.get_async_connection().await?))
    }

    /// Subscribes, and waits until the server has confirmed it. In a cluster some may have failed and
    /// others not.
    pub async fn join(&mut self, topics: &[Topic]) -> RedisResult<()> {
        match self {
            _ if topics.is_empty() => Ok(()),
            Self::One(one) => one.subscribe(channels(topics)).await,
            Self::Cluster(cluster) => {
                let join = |channel: String| {
                    let mut cluster = cluster.clone();
                    async move { cluster.ssubscribe(channel).await }
                };
                all_of(topics, join).await
            }
        }
    }

    /// The end of [`Self::join`].
    pub async fn leave(&mut self, topics: &[Topic]) -> RedisResult<()> {
        match self {
            _ if topics.is_empty() => Ok(()),
            Self::One(one) => one.unsubscribe(channels(topics)).await,
            Self::Cluster(cluster) => {
                let leave = |channel: String| {
                    let mut cluster = cluster.clone();
                    async move { cluster.sunsubscribe(channel).await }
                };
                all_of(topics, leave).await
            }
        }
    }

    /// Publishes; what goes to one topic in this order.
    pub async fn publish(&mut self, messages: &[(Topic, &[u8])]) -> RedisResult<()> {
        match self {
            Self::One(one) => publish(one, "PUBLISH", messages).await,
            Self::Cluster(cluster) => {
                // A cluster does some things side by side, but not what stands in one pipeline.
                let mut by_topic = messages.to_vec();
                by_topic.sort_by_key(|(topic, _)| *topic);
                let each: Vec<_> = by_topic.chunk_by(|(a, _), (b, _)| a == b).collect();
                for some in each.chunks(TOGETHER_MAX) {
                    let publishing = some.iter().map(|messages| {
                        let mut cluster = cluster.clone();
                        async move { publish(&mut cluster, "SPUBLISH", messages).await }
                    });
                    join_all(publishing).await.into_iter().collect::<RedisResult<()>>()?;
                }
                Ok(())
            }
        }
    }

    /// Whether there is one server only, so that whatever comes is a sign of its life.
    pub fn is_to_one(&self) -> bool {
        matches!(self, Self::One(_))
    }

    /// Asks for a sign of life, in a cluster from every server.
    pub async fn ping(&mut self) -> RedisResult<()> {
        let answer = match self {
            Self::One(one) => one.req_packed_command(&cmd("PING")).await?,
            Self::Cluster(cluster) => {
                let everybody = MultipleNodeRoutingInfo::AllMasters;
                let all = RoutingInfo::MultiNode((everybody, Some(ResponsePolicy::AllSucceeded)));
                cluster.route_command(cmd("PING"), all).await?
            }
        };
        match answer {
            Value::SimpleString(pong) if pong == "PONG" => Ok(()),
            // Whoever gets another's answers must not go on with this line.
            _ => Err(RedisError::from((ErrorKind::UnexpectedReturnType, "no pong"))),
        }
    }
}

/// In one pipeline, with one flush.
async fn publish(
    connection: &mut impl ConnectionLike,
    command: &str,
    messages: &[(Topic, &[u8])],
) -> RedisResult<()> {
    let mut pipe = ::redis::pipe();
    for (topic, message) in messages {
        pipe.cmd(command).arg(channel(topic)).arg(*message);
    }
    // How many listen does not matter, but an answer that is no number is another's.
    pipe.query_async::<Vec<u64>>(connection).await.map(drop)
}

fn config(pushes: impl AsyncPushSender) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_WITHIN))
        .set_response_timeout(Some(ANSWER_WITHIN))
        .set_push_sender(pushes)
}

/// Does it for all topics, some at a time, and says what went wrong with the first that failed.
async fn all_of<F>(topics: &[Topic], ask: impl Fn(String) -> F) -> RedisResult<()>
where
    F: Future<Output = RedisResult<()>>,
{
    let mut outcome = Ok(());
    for some in topics.chunks(TOGETHER_MAX) {
        let asked = some.iter().map(|topic| ask(channel(topic)));
        outcome = outcome.and(join_all(asked).await.into_iter().collect());
    }
    outcome
}

fn channels(topics: &[Topic]) -> Vec<String> {
    topics.iter().map(channel).collect()
}

/// The channel of a topic.
fn channel(topic: &Topic) -> String {
    match topic {
        Topic::Conversation(id) => format!("frontdesk:conversation:{id}"),
        Topic::Site(id) => format!("frontdesk:site:{id}"),
        Topic::Team(id) => format!("frontdesk:team:{id}"),
    }
}

/// The topic of a channel, if it is one of ours.
pub(super) fn topic_of(channel: &[u8]) -> Option<Topic> {
    let (kind, id) =
        std::str::from_utf8(channel).ok()?.strip_prefix("frontdesk:")?.split_once(':')?;
    match kind {
        "conversation" => ConversationId::parse(id).map(Topic::Conversation),
        "site" => SiteId::parse(id).map(Topic::Site),
        "team" => SiteId::parse(id).map(Topic::Team),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{conversation, site, team};

    #[test]
    fn every_topic_has_its_channel_and_back() {
        for topic in [conversation(1), site(1), team(1)] {
            assert_eq!(topic_of(channel(&topic).as_bytes()), Some(topic));
        }
        for foreign in ["", "frontdesk:site", "frontdesk:site:x", "news", "frontdesk:x:1"] {
            assert_eq!(topic_of(foreign.as_bytes()), None, "{foreign}");
        }
        assert_eq!(topic_of(&[0xff]), None);
    }
}
