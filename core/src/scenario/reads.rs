//! Stories of reads after a restart: one that is right, and one that is wrong. That one is what the
//! checkers found in OpenRaft's lease reads, described for its maintainers in
//! `docs/findings/lease-read.md`.

use super::story::{Story, told};
use super::tales::leads;
use crate::event::{EventKind, Role};
use crate::id::NodeId;
use crate::operation::{Operation, ReadFrom, ReadPolicy};
use crate::options::Options;

pub(super) const READ_AFTER_RESTART: Story = Story {
    name: "read-after-restart",
    title: "A read after a restart",
    about: "The leader crashes and is back within its own lease. Whatever it remembers, it may \
            not answer from it.",
    property: "S16 linearizable histories",
    finds: None,
    script: "# gone for less time than a lease lasts\n\
             phase 1\n\
             load off\n\
             after 100 ms write 42 1\n\
             after 50 ms crash n1\n\
             after 5 ms restart n1\n\
             read 42 # asks n1, whom it believes to lead\n\
             wait 2 s",
    options: Options::default,
    captions: &[
        told(
            "wrote",
            "Client 1 wrote key 42, and was told so: two of three disks hold it.",
            ["raft.client_write(operation)", "RawPut"],
            |e| matches!(e, EventKind::Completed { operation: Operation::Write(_), .. }),
        ),
        told(
            "crash",
            "n1 **crashes**, and with it goes what was only in its memory: that it leads, and \
             until when its lease lasts.",
            ["", "store down"],
            |e| matches!(e, EventKind::NodeCrashed { .. }),
        ),
        told(
            "restart",
            "It is back after 5 ms, long before its lease would have ended. But a lease counts \
             from heartbeats **of this life**: it starts as a follower and may not answer a read.",
            ["Raft::new(…) on what the disk holds", "leader lease is volatile"],
            |e| matches!(e, EventKind::NodeStarted { .. }),
        ),
        told(
            "elected",
            "There is a leader again, in a **higher term**. Before it answers it commits an entry \
             of its own term, so it knows of every write before it.",
            ["raft.ensure_linearizable(ReadIndex)", "ReadIndex"],
            leads,
        ),
        told(
            "answer",
            "The read is answered with **what was written**. It took an election, and it is right.",
            ["raft.ensure_linearizable(ReadIndex)", "RawGet"],
            |e| matches!(e, EventKind::Completed { operation: Operation::Read, .. }),
        ),
    ],
};

pub(super) const STALE_LEASE_READ: Story = Story {
    name: "stale-lease-read",
    title: "A stale lease read, found",
    about: "Followers forget, when they restart, the lease that they granted. With lease reads on \
            the old leader answers what was overwritten: this one ends with a violation.",
    property: "S16 linearizable histories",
    finds: Some("S16"),
    script: "# n1 keeps its lease, and those who granted it forget it\n\
             write 42 1\n\
             when completed isolate n1\n\
             crash n2\n\
             crash n3\n\
             restart n2\n\
             restart n3\n\
             write 42 2\n\
             read 42\n\
             wait 3 s",
    options: || Options {
        clients: 1,
        // A lease lasts for the longer of the two, and whoever has forgotten it may campaign after
        // the shorter: the further apart they are, the more often somebody does within the lease.
        election_timeout_ms: (500, 2_400),
        read_policy: ReadPolicy::Lease,
        read_from: ReadFrom::Follower,
        ..Options::default()
    },
    captions: &[
        told(
            "lease",
            "The client wrote 1. With each heartbeat that they answer, n2 and n3 grant n1 a \
             **lease**: while it lasts they vote for nobody else, so n1 answers reads alone. \
             This run reads so.",
            ["raft.get_read_linearizer(ReadPolicy::LeaseRead)", "LeaseRead"],
            |e| matches!(e, EventKind::Completed { operation: Operation::Write(_), .. }),
        ),
        told(
            "cut",
            "n1 is **cut off** from the others; the client still reaches it. Its lease runs on.",
            ["", "leader lease"],
            |e| matches!(e, EventKind::LinkCut { .. }),
        ),
        told(
            "restart",
            "n2 and n3 crash and are back at once. Their votes and logs are on their disks, but the \
             lease that they granted was **only in their memory**.",
            ["Leased::new(now, Duration::default(), vote)", "store restart"],
            |e| matches!(e, EventKind::NodeStarted { node: NodeId(3), .. }),
        ),
        told(
            "other",
            "So one of them campaigns at once, and is **elected in a higher term** while the lease \
             of n1 has not run out. Both believe that they may answer.",
            ["raft.trigger().elect", "campaign"],
            |e| match e {
                EventKind::RoleChanged { node, role: Role::Leader, .. } => *node != NodeId(1),
                _ => false,
            },
        ),
        told(
            "overwritten",
            "The new leader commits 2 for key 42, and the client is told so.",
            ["raft.client_write(operation)", "Propose"],
            |e| matches!(e, EventKind::Completed { operation: Operation::Write(_), .. }),
        ),
        told(
            "stale",
            "The client asks n1, which answers **1, from its lease**: overwritten before the read \
             began. A read by read index, as everywhere else here, asks a quorum first and is \
             right.",
            ["raft.get_read_linearizer(ReadPolicy::LeaseRead)", "LeaseRead"],
            |e| matches!(e, EventKind::Completed { operation: Operation::Read, .. }),
        ),
    ],
};
