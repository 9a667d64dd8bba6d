//! How much was sent, by kind of message. Owned by the observer.

use litemap::LiteMap;

use crate::event::{Event, EventKind};
use crate::network::MessageKind;
use crate::view::TrafficView;

/// See the module.
#[derive(Default)]
pub(crate) struct Traffic(LiteMap<MessageKind, (u64, u64)>);

impl Traffic {
    pub(crate) fn note(&mut self, event: &Event) {
        if let EventKind::MessageSent { kind, bytes, .. } = event.kind {
            let (messages, sent) = self.0.entry(kind).or_default();
            *messages += 1;
            *sent += u64::from(bytes);
        }
    }

    pub(crate) fn views(&self) -> Vec<TrafficView> {
        let view = |(kind, (messages, bytes)): (&MessageKind, &(u64, u64))| TrafficView {
            kind: *kind,
            messages: *messages,
            bytes: *bytes,
        };
        self.0.iter().map(view).collect()
    }
}
