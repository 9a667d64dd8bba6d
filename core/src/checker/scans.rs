//! Scans under way, and what was known of each key when the next part of one began.
//!
//! A part reads every key between where it starts and where the next one does, all at one instant
//! after the part before it was answered. To remember for each of these keys what was known then
//! would cost as much as the range is wide; so what is learned while a scan is under way is written
//! down instead, to be undone when a part is looked at. Used by `client_histories`.

use std::collections::BTreeMap;

use crate::id::ClientId;
use crate::key::Key;

/// See the module.
#[derive(Default)]
pub(super) struct Scans {
    under_way: BTreeMap<ClientId, Scan>,
    /// For each key, when it became known that it is newer, and what was known before: since the
    /// oldest part under way began.
    raised: BTreeMap<Key, Vec<(u64, u64)>>,
}

/// One scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) serial: u64,
    /// Where its next part starts.
    pub(super) next: Key,
    pub(super) end: Key,
    /// How many pairs it has found.
    pub(super) pairs: u64,
    /// At which event its next part began.
    since: u64,
}

impl Scans {
    pub(super) fn any(&self) -> bool {
        !self.under_way.is_empty()
    }

    pub(super) fn begin(&mut self, client: ClientId, serial: u64, range: (Key, Key), seq: u64) {
        let (next, end) = range;
        let scan = Scan { serial, next, end, pairs: 0, since: seq };
        self.under_way.insert(client, scan);
    }

    /// The client's scan.
    pub(super) fn get(&self, client: ClientId) -> Option<Scan> {
        self.under_way.get(&client).copied()
    }

    /// The client's scan goes on at `next`, having found so many pairs more.
    pub(super) fn go_on(&mut self, client: ClientId, next: Key, pairs: u64, seq: u64) {
        if let Some(scan) = self.under_way.get_mut(&client) {
            (scan.next, scan.since) = (next, seq);
            scan.pairs += pairs;
        }
    }

    pub(super) fn end(&mut self, client: ClientId) -> Option<Scan> {
        let ended = self.under_way.remove(&client);
        let oldest = self.under_way.values().map(|scan| scan.since).min();
        match oldest {
            None => self.raised.clear(),
            Some(oldest) => self.raised.retain(|_, raised| {
                raised.retain(|(seq, _)| *seq > oldest);
                !raised.is_empty()
            }),
        }
        ended
    }

    /// At that event it became known that `key` is newer than `before`.
    pub(super) fn raise(&mut self, key: Key, before: u64, seq: u64) {
        if self.any() {
            self.raised.entry(key).or_default().push((seq, before));
        }
    }

    /// What was known of `key` when the scan's next part began; `now` is known now.
    pub(super) fn known_then(&self, scan: &Scan, key: Key, now: u64) -> u64 {
        let raised = self.raised.get(&key).into_iter().flatten();
        raised.into_iter().find(|(seq, _)| *seq > scan.since).map_or(now, |(_, before)| *before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key(5);

    fn scan(scans: &Scans, client: u16) -> Scan {
        scans.get(ClientId(client)).expect("it is under way")
    }

    #[test]
    fn a_part_is_held_to_what_was_known_when_it_began() {
        let mut scans = Scans::default();
        scans.raise(KEY, 0, 1);
        scans.begin(ClientId(1), 1, (Key(1), Key(9)), 2);
        assert_eq!(scans.known_then(&scan(&scans, 1), KEY, 1), 1);
        scans.raise(KEY, 1, 3);
        scans.begin(ClientId(2), 1, (Key(1), Key(9)), 4);
        scans.raise(KEY, 2, 5);
        let known = |scans: &Scans, client| scans.known_then(&scan(scans, client), KEY, 3);
        assert_eq!((known(&scans, 1), known(&scans, 2)), (1, 2));
        scans.go_on(ClientId(1), Key(4), 2, 6);
        assert_eq!((known(&scans, 1), known(&scans, 2)), (3, 2));
    }

    #[test]
    fn what_no_scan_can_ask_for_any_more_is_forgotten() {
        let mut scans = Scans::default();
        scans.begin(ClientId(1), 1, (Key(1), Key(9)), 1);
        scans.raise(KEY, 0, 2);
        scans.begin(ClientId(2), 1, (Key(1), Key(9)), 3);
        scans.raise(KEY, 1, 4);
        assert!(scans.end(ClientId(1)).is_some());
        assert_eq!(scans.raised.get(&KEY), Some(&vec![(4, 1)]));
        assert!(scans.end(ClientId(2)).is_some());
        assert!(scans.raised.is_empty() && !scans.any());
    }
}
