//! `hello`: who is there, and what it was watching.
//!
//! It runs as a task of its own while the connection reads nothing more; what it finds goes through
//! the outbox, before everything that was told meanwhile.

use std::sync::Arc;
use std::time::Duration;

use conversation::{Audience, Author, Conversation, Subject};
use futures::future::join_all;
use hub::{Answer, Ask, Refusal, Reply};
use protocol::limits::{FRAME_BYTES_MAX, TEXT_CHARS_MAX};
use protocol::{
    ConversationId, Hello, HelloArgs, HelloLimits, HelloSelf, Role, SiteId, Summary, VisitorId,
    WatchFrom, WatchOutcome,
};
use store::{StoreError, VisitorRecord};
use tokio::sync::oneshot::Receiver;
use uuid::Uuid;

use crate::gateway::now_ms;
use crate::outbox::Outbox;
use crate::page::{self, PAGE_WIRE_BYTES_MAX};
use crate::session::{Known, Session};
use crate::ticker::millis;
use crate::{BadToken, Gateway, refusal, translate};

/// Which way somebody came in.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    Visitor(SiteId),
    /// With the token from the cookie, if there was one.
    Agent {
        cookie: Option<Box<str>>,
    },
}

/// Somebody is there.
#[derive(Debug)]
pub(crate) struct Welcome {
    pub hello: Box<Hello>,
    pub session: Session,
    /// Unix milliseconds.
    pub expires_at: i64,
}

/// Why `hello` was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HelloRefused {
    Unauthorized,
    Unavailable,
}

/// Who it is, before it has joined.
struct Guest {
    subject: Subject,
    author: Author,
    /// For agents, `None`.
    known: Option<Known>,
    /// A visitor who has been here before: only then can there be a conversation.
    returning: bool,
    token: Option<String>,
    expires_at: i64,
}

impl Door {
    pub fn role(&self) -> &'static str {
        match self {
            Door::Visitor(_) => "visitor",
            Door::Agent { .. } => "agent",
        }
    }
}

/// Checks who it is, joins the hub and takes up what was watched.
pub(crate) async fn greet(
    gateway: &Gateway,
    door: &Door,
    args: HelloArgs,
    outbox: Arc<Outbox>,
) -> Result<Welcome, HelloRefused> {
    let guest = match door {
        Door::Visitor(site) => visitor(gateway, *site, &args).await?,
        Door::Agent { cookie } => {
            agent(gateway, args.token.as_deref().or(cookie.as_deref())).await?
        }
    };
    let Guest { subject, author, known, returning, token, expires_at } = guest;
    let me = oneself(&subject, &author);
    let who = (subject, author);
    let mut session = Session::join(&gateway.hub, gateway.next_session(), who, outbox, known);
    let TakenUp { watching, open } = take_up(gateway, &mut session, &args.watch).await;
    let conversation = match subject {
        Subject::Visitor { id, .. } if returning => current(gateway, id, open).await?,
        _ => None,
    };
    let hello = Hello {
        protocol: 1,
        node: gateway.settings.node.clone(),
        session: Uuid::new_v4().to_string(),
        me,
        token,
        online: gateway.hub.team_online(subject.site()),
        heartbeat_ms: millis(gateway.settings.ping_every),
        limits: HelloLimits { text_max: TEXT_CHARS_MAX as u64, frame_max: FRAME_BYTES_MAX as u64 },
        conversation,
        watching,
    };
    Ok(Welcome { hello: Box::new(hello), session, expires_at })
}

fn oneself(subject: &Subject, author: &Author) -> HelloSelf {
    let (role, name) = match author {
        Author::Visitor { name, .. } => (Role::Visitor, name.clone()),
        Author::Agent(agent) => (Role::Agent, agent.name.clone()),
        Author::System => (Role::System, translate::no_name()),
    };
    HelloSelf { role, id: subject.person(), name }
}

async fn agent(gateway: &Gateway, token: Option<&str>) -> Result<Guest, HelloRefused> {
    let token = token.ok_or(BadToken)?;
    let token = gateway.credentials.verify_agent(token, now_ms())?;
    let record = gateway.store.agent(token.agent).await?.ok_or(BadToken)?;
    if record.site != token.site {
        return Err(HelloRefused::Unauthorized);
    }
    Ok(Guest {
        subject: Subject::Agent { site: token.site, id: token.agent },
        author: Author::Agent(record.agent.clone()),
        known: None,
        returning: false,
        token: None,
        expires_at: token.expires_at,
    })
}

async fn visitor(gateway: &Gateway, site: SiteId, args: &HelloArgs) -> Result<Guest, HelloRefused> {
    let now = now_ms();
    let (ttl, renew) =
        (gateway.settings.visitor_token_ttl, gateway.settings.visitor_token_renew_after);
    let mint = |id| Some(gateway.credentials.mint_visitor(site, id, now, ttl));
    let mut expires_at = now + ms(ttl);
    let (id, token, record) = match &args.token {
        None => {
            let id = VisitorId(Uuid::new_v4());
            (id, mint(id), None)
        }
        Some(token) => {
            let token = gateway.credentials.verify_visitor(token, site, now)?;
            let old = token.issued_at.saturating_add(ms(renew)) < now;
            let fresh = if old { mint(token.visitor) } else { None };
            expires_at = if old { expires_at } else { token.expires_at };
            let record = gateway.store.visitor(token.visitor).await?;
            (token.visitor, fresh, record.filter(|record| record.site == site))
        }
    };
    let known = known(gateway, args, record).await;
    Ok(Guest {
        subject: Subject::Visitor { site, id },
        author: Author::Visitor { id, name: known.name.clone() },
        known: Some(known),
        returning: args.token.is_some(),
        token,
        expires_at,
    })
}

/// What is on record, with what the visitor says of itself now. Somebody who only looks at a page is
/// not put on record.
async fn known(gateway: &Gateway, args: &HelloArgs, record: Option<VisitorRecord>) -> Known {
    let stored = record.as_ref().map_or_else(Known::nothing, |record| Known {
        name: record.name.as_str().into(),
        email: record.email.as_deref().map(Into::into),
    });
    let Some(profile) = &args.profile else { return stored };
    let known = stored.merged(profile);
    if let Some(record) = record
        && known != stored
    {
        let (name, email) = (known.name.to_string(), known.email.as_deref().map(str::to_owned));
        let changed = VisitorRecord { name, email, ..record };
        if let Err(error) = gateway.store.put_visitor(changed).await {
            // It is said again with the next hello.
            tracing::debug!(%error, "a visitor's profile was not stored");
        }
    }
    known
}

/// The visitor's open conversation, if any, else the last one. There is one open at most, so if it
/// watches that one nobody has to look for another.
async fn current(
    gateway: &Gateway,
    visitor: VisitorId,
    open: Option<Arc<Conversation>>,
) -> Result<Option<Summary>, HelloRefused> {
    let current = match open {
        Some(open) => Some(open),
        None => {
            let found = gateway.hub.current_of(visitor).await;
            found.map_err(|_| HelloRefused::Unavailable)?.map(Arc::new)
        }
    };
    Ok(current.map(|found| translate::summary(&found, Audience::Visitor, true)))
}

/// What became of everything that was watched.
struct TakenUp {
    /// In the order asked.
    watching: Vec<WatchOutcome>,
    /// One of them that is open.
    open: Option<Arc<Conversation>>,
}

/// Takes up everything that was watched, side by side, and answers in the order asked.
async fn take_up(gateway: &Gateway, session: &mut Session, watch: &[WatchFrom]) -> TakenUp {
    let ask = |from: &WatchFrom| {
        let id = ConversationId::parse(&from.conversation).unwrap_or(ConversationId::NOWHERE);
        // Noted before it is asked: whatever becomes of this hello, leaving undoes it.
        session.watch(id);
        let (reply, answer) = Reply::waiting();
        gateway.hub.ask(id, &session.asker, Ask::Watch { after: from.after }, reply);
        gateway.metrics.resumes.inc_by(u64::from(from.after > 0));
        (id, answer)
    };
    let asked: Vec<_> = watch.iter().map(ask).collect();
    let within = gateway.settings.answer_within * 3 / 4;
    let answers = asked.into_iter().map(|(id, answer)| snapshot(id, answer, within));
    let answers = join_all(answers.collect::<Vec<_>>()).await;
    let mut budget = PAGE_WIRE_BYTES_MAX;
    let (mut watching, mut open) = (Vec::with_capacity(watch.len()), None);
    for (from, (id, answer)) in watch.iter().zip(answers) {
        watching.push(match answer {
            Ok(snapshot) => {
                if !snapshot.conversation.is_closed() {
                    open = Some(snapshot.conversation.clone());
                }
                let subject = session.asker.subject;
                let watched = page::watched(&snapshot, &subject, &mut budget);
                WatchOutcome::Watched(Box::new(watched))
            }
            Err(refused) => {
                // A late answer would begin a stream that nobody has a beginning of.
                session.unwatch(id);
                gateway.hub.ask(id, &session.asker, Ask::Leave, Reply::nobody());
                let err = refusal::body(&refused, id, &session.asker.subject);
                WatchOutcome::Refused { id: from.conversation.clone(), err }
            }
        });
    }
    TakenUp { watching, open }
}

async fn snapshot(
    id: ConversationId,
    answer: Receiver<Result<Answer, Refusal>>,
    within: Duration,
) -> (ConversationId, Result<Box<hub::Snapshot>, Refusal>) {
    let answer = match tokio::time::timeout(within, answer).await {
        Ok(Ok(Ok(Answer::Watched(snapshot)))) => Ok(snapshot),
        Ok(Ok(Err(refusal))) => Err(refusal),
        _ => Err(Refusal::UNAVAILABLE),
    };
    (id, answer)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl From<BadToken> for HelloRefused {
    fn from(_: BadToken) -> Self {
        Self::Unauthorized
    }
}

impl From<StoreError> for HelloRefused {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}
