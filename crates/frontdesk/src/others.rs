//! How this node hears of others that share its store.

use std::sync::Arc;

use fanout::{Alone, Apart, Fanout, FanoutMetrics, Reach, RedisAddress, RedisFanout};

use crate::config::Config;

/// What carries hints between the nodes of this configuration. Redis need not be there: it is looked for
/// until it is, and until then heads are compared.
pub fn fanout(config: &Config, metrics: &FanoutMetrics) -> Arc<dyn Fanout> {
    choose(config.home.is_shared(), config.redis.as_ref(), metrics)
}

fn choose(shared: bool, redis: Option<&RedisAddress>, metrics: &FanoutMetrics) -> Arc<dyn Fanout> {
    match (shared, redis) {
        (false, _) => Arc::new(Alone),
        (true, None) => Arc::new(Apart),
        (true, Some(address)) => Arc::new(RedisFanout::start(address.clone(), metrics.clone())),
    }
}

/// How the others are heard of, for people who ask whether this node is well.
pub fn in_words(reach: Reach) -> Option<&'static str> {
    match reach {
        Reach::Alone => None,
        Reach::AtOnce => Some("heard at once"),
        Reach::ByComparing => Some("no Redis: heard within 5 s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shared_store_has_other_nodes_with_redis_or_without() {
        let metrics = FanoutMetrics::default();
        // Nobody listens on port 1.
        let redis: RedisAddress = "redis://127.0.0.1:1".parse().unwrap();
        let reach = |shared, redis| choose(shared, redis, &metrics).reach();
        assert_eq!(reach(false, None), Reach::Alone);
        assert_eq!(reach(true, None), Reach::ByComparing);
        assert_eq!(reach(true, Some(&redis)), Reach::ByComparing, "it is not there yet");
    }
}
