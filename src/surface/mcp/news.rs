//! Notifies subscribers of resources about changes.
//!
//! Clients of the older era subscribe to single addresses, those of the newer era open a
//! stream; both are kept here. After each call, and after a commit of any process, the feed of
//! events is read from the cursor on, once for all subscribers. That happens at most five times
//! a second, so that a burst of changes is one notice for an address. Without subscribers the
//! feed is not read and commits are not watched.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{SubscriptionContext, SubscriptionSink};
use rmcp::{Peer, RoleServer};
use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::ask::ask;
use super::resources::{Asked, Topic};
use crate::ops::{self, Input};
use crate::{App, Error, Listening, Patience, Result};

/// The shortest time between two notices.
const PAUSE: Duration = Duration::from_millis(200);
/// The most addresses of one subscriber.
const MOST_ADDRESSES: usize = 1_000;

/// The topics that each kind of event changes. A kind that is missing here may change any.
const CHANGES: &[(&str, &[Topic])] = &[
    ("created", &[Topic::Tasks]),
    ("edited", &[Topic::Tasks]),
    ("scheduled", &[Topic::Tasks]),
    ("due", &[Topic::Tasks]),
    ("fired", &[]),
    ("clock", &[Topic::Tasks]),
    ("extended", &[Topic::Tasks]),
    ("status", &[Topic::Tasks]),
    ("renamed", &[Topic::Tasks]),
    ("linked", &[Topic::Tasks]),
    ("unlinked", &[Topic::Tasks]),
    ("deleted", &[Topic::Tasks]),
    ("undeleted", &[Topic::Tasks]),
    ("obliterated", &[Topic::Tasks]),
    ("thought", &[Topic::Workers]),
    ("connected", &[Topic::Workers]),
    ("worker_away", &[Topic::Workers]),
    ("worker_left", &[Topic::Workers]),
    ("mark_claimed", &[Topic::Marks]),
    ("mark_released", &[Topic::Marks]),
    ("mark_wanted", &[Topic::Marks]),
    ("mark_withdrawn", &[Topic::Marks]),
    ("attached", &[]),
    ("detached", &[]),
    ("metrics", &[]),
    ("gate_waived", &[]),
    ("overlays", &[]),
    ("feedback", &[]),
    ("sent", &[]),
];

/// The operation that reads the feed.
const FEED: &str = "events";

#[derive(Default)]
pub struct News {
    listeners: Mutex<Vec<Listener>>,
    /// Notified when something may have changed.
    nudge: Arc<Notify>,
    is_heard: AtomicBool,
    is_telling: AtomicBool,
    /// The position in the feed.
    cursor: AtomicI64,
    /// The end of the feed when the last stream was granted, until the stream is served.
    granted: Mutex<Option<i64>>,
    last_id: AtomicU64,
    /// The watch for commits of all processes, while there are subscribers.
    commits: Mutex<Option<Listening>>,
}

struct Listener {
    id: u64,
    addresses: BTreeSet<String>,
    voice: Voice,
}

/// The way to notify a subscriber.
#[derive(Clone)]
enum Voice {
    /// A client of the older era; a connection has only one.
    Client(Peer<RoleServer>),
    Stream(SubscriptionSink),
}

impl News {
    /// Triggers a read of the feed: something may have changed.
    pub fn look(&self) {
        if self.is_heard.load(Ordering::Relaxed) {
            self.nudge.notify_one();
        }
    }

    /// Notifies a client of the older era of changes at an address from now on.
    pub async fn subscribe(
        self: &Arc<Self>,
        app: &Arc<App>,
        address: &str,
        client: Peer<RoleServer>,
    ) -> Result<()> {
        Asked::find(address)?;
        self.begin(app).await?;
        let mut listeners = self.listeners();
        let known = listeners.iter_mut().find(|listener| matches!(listener.voice, Voice::Client(_)));
        let Some(known) = known else {
            let addresses = BTreeSet::from([address.to_owned()]);
            listeners.push(Listener { id: self.new_id(), addresses, voice: Voice::Client(client) });
            return Ok(());
        };
        if known.addresses.len() >= MOST_ADDRESSES && !known.addresses.contains(address) {
            let what = format!("{MOST_ADDRESSES} addresses are subscribed to already");
            return Err(Error::input(what, "unsubscribe from some"));
        }
        known.addresses.insert(address.to_owned());
        Ok(())
    }

    pub fn unsubscribe(&self, address: &str) {
        let mut listeners = self.listeners();
        for listener in listeners.iter_mut() {
            if matches!(listener.voice, Voice::Client(_)) {
                listener.addresses.remove(address);
            }
        }
        listeners.retain(|listener| !listener.addresses.is_empty());
        self.rest_if_nobody(&listeners);
    }

    /// Returns the addresses that a stream can serve.
    pub fn accepted(wanted: &[String]) -> Vec<String> {
        let known = wanted.iter().filter(|address| Asked::find(address).is_ok());
        known.take(MOST_ADDRESSES).cloned().collect()
    }

    /// Notes the end of the feed: a client may rely on notices from the grant of its
    /// stream on, before the feed is read.
    pub fn grant(&self, app: &App) {
        let feed = ops::find(FEED)
            .and_then(|feed| feed.call(app, Input::at_once(newest_only(), Patience::Hurries)))
            .inspect_err(|error| tracing::debug!(%error, "a stream begins where it is first read"));
        *self.granted.lock().unwrap_or_else(PoisonError::into_inner) = feed.ok().map(|feed| end_of(&feed));
    }

    /// Moves the cursor back to the end of the feed at the grant of the stream that is served now.
    fn catch_up(&self) {
        let granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(granted) = granted {
            self.cursor.fetch_min(granted, Ordering::Relaxed);
            self.nudge.notify_one();
        }
    }

    /// Notifies a stream of changes until its client cancels it.
    pub async fn stream(self: &Arc<Self>, app: &Arc<App>, stream: SubscriptionContext) -> Result<()> {
        let wanted = stream.accepted().resource_subscriptions.as_deref().unwrap_or_default();
        let addresses: BTreeSet<String> = wanted.iter().cloned().collect();
        if addresses.is_empty() {
            stream.cancelled().await;
            return Ok(());
        }
        self.begin(app).await?;
        let id = self.new_id();
        self.listeners().push(Listener { id, addresses, voice: Voice::Stream(stream.sink().clone()) });
        self.catch_up();
        stream.cancelled().await;
        let mut listeners = self.listeners();
        listeners.retain(|listener| listener.id != id);
        self.rest_if_nobody(&listeners);
        Ok(())
    }

    /// Starts to read the feed, from its end, if there were no subscribers so far.
    async fn begin(self: &Arc<Self>, app: &Arc<App>) -> Result<()> {
        if self.is_heard.load(Ordering::Relaxed) {
            return Ok(());
        }
        let nudge = Arc::clone(&self.nudge);
        let listening = app.store.on_commit(move || nudge.notify_one())?;
        self.cursor.store(newest(app).await?, Ordering::Relaxed);
        *self.commits.lock().unwrap_or_else(PoisonError::into_inner) = Some(listening);
        self.is_heard.store(true, Ordering::Relaxed);
        if !self.is_telling.swap(true, Ordering::Relaxed) {
            tokio::spawn(Arc::clone(self).tell(Arc::clone(app)));
        }
        Ok(())
    }

    /// Stops the watch when there are no subscribers left.
    fn rest_if_nobody(&self, listeners: &[Listener]) {
        if listeners.is_empty() {
            self.is_heard.store(false, Ordering::Relaxed);
            *self.commits.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Notifies the subscribers, whenever something may have changed.
    async fn tell(self: Arc<Self>, app: Arc<App>) {
        loop {
            self.nudge.notified().await;
            match self.kinds(&app).await {
                Ok(kinds) => self.changed(&kinds).await,
                Err(error) => tracing::debug!(%error, "the feed was not read"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Returns the kinds of new events; `*` stands for more than were read.
    async fn kinds(&self, app: &Arc<App>) -> Result<BTreeSet<String>> {
        const MOST: usize = 500;
        let since = self.cursor.load(Ordering::Relaxed);
        let asked = Map::from_iter([("since".to_owned(), since.into()), ("limit".to_owned(), MOST.into())]);
        let news = feed(app, asked).await?;
        let rows = news["events"].as_array().into_iter().flatten();
        let mut kinds: BTreeSet<String> =
            rows.filter_map(|row| row["event"].as_str()).map(str::to_owned).collect();
        let mut read = news["cursor"].as_i64().unwrap_or(since);
        if news["more"] == true {
            kinds.insert("*".into());
            read = newest(app).await?;
        }
        self.cursor.store(read, Ordering::Relaxed);
        Ok(kinds)
    }

    /// Notifies every subscriber of the addresses that events of these kinds concern.
    async fn changed(&self, kinds: &BTreeSet<String>) {
        let told: Vec<(Voice, Vec<String>)> = self
            .listeners()
            .iter()
            .map(|Listener { addresses, voice, .. }| {
                let concerned = addresses.iter().filter(|address| concerns(kinds, address));
                (voice.clone(), concerned.cloned().collect())
            })
            .collect();
        for (voice, addresses) in told {
            for address in addresses {
                voice.tell(address).await;
            }
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Listener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Voice {
    async fn tell(&self, address: String) {
        // A failure to send means that the subscriber is gone.
        match self {
            Self::Client(peer) => {
                let _ = peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(address)).await;
            }
            Self::Stream(sink) => {
                let _ = sink.notify_resource_updated(address).await;
            }
        }
    }
}

/// Returns true if events of these kinds change the resource at an address.
fn concerns(kinds: &BTreeSet<String>, address: &str) -> bool {
    let Ok(asked) = Asked::find(address) else {
        return false;
    };
    let topics = asked.row.topics;
    let changes = |kind: &String| match CHANGES.iter().find(|(known, _)| known == kind) {
        Some((_, changed)) => changed.iter().any(|topic| topics.contains(topic)),
        None => !topics.is_empty(),
    };
    kinds.iter().any(changes)
}

/// Returns the number of the newest event.
async fn newest(app: &Arc<App>) -> Result<i64> {
    feed(app, newest_only()).await.map(|feed| end_of(&feed))
}

fn newest_only() -> Map<String, Value> {
    Map::from_iter([("limit".to_owned(), 1.into())])
}

fn end_of(feed: &Value) -> i64 {
    feed["cursor"].as_i64().unwrap_or_default()
}

async fn feed(app: &Arc<App>, arguments: Map<String, Value>) -> Result<Value> {
    ask(app, move |app: &App, patience: Patience| {
        let arguments = arguments.clone();
        ops::find(FEED)?.call(app, Input::at_once(arguments, patience))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_concerned_by_what_it_shows() {
        for (kind, address, is_concerned) in [
            ("status", "query://tasks/ready", true),
            ("status", "query://tasks/tree/t", true),
            ("status", "query://agents/all", true),
            ("status", "config://states", false),
            ("thought", "query://agents/all", true),
            ("thought", "query://tasks/ready", false),
            ("attached", "query://tasks/all", false),
            ("mark_wanted", "query://files/marks", true),
            ("mark_claimed", "query://tasks/all", false),
            ("never heard of", "query://tasks/all", true),
            ("*", "query://agents/all", true),
            ("*", "docs://skills/worker", false),
            ("status", "nowhere://at/all", false),
        ] {
            let kinds = BTreeSet::from([kind.to_owned()]);
            assert_eq!(concerns(&kinds, address), is_concerned, "{kind} {address}");
        }
    }
}
