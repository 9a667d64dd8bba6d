//! Every bug that can be planted: what it breaks, and what must catch it.
//!
//! A table and nothing else. Where each one sits, a search for its name in the code tells.

macro_rules! plants {
    ($($plant:ident, $name:literal, $breaks:literal, [$($id:literal),+];)+) => {
        /// A bug that can be planted in this crate, one at a time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Plant {
            $(#[doc = $breaks] $plant,)+
        }

        impl Plant {
            /// All of them, in the order of the layers that they sit in.
            pub const ALL: &[Self] = &[$(Self::$plant),+];

            /// Its name, as on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$plant => $name,)+
                }
            }

            /// What it breaks, in a sentence.
            #[must_use]
            pub fn breaks(self) -> &'static str {
                match self {
                    $(Self::$plant => $breaks,)+
                }
            }

            /// The ids of the properties that it makes false; `liveness` where something that must
            /// come true does not.
            #[must_use]
            pub fn makes_false(self) -> &'static [&'static str] {
                match self {
                    $(Self::$plant => &[$($id),+],)+
                }
            }
        }
    };
}

plants! {
    // The disk, the vote and the log.
    VoteNotFlushed, "vote-not-flushed",
        "A vote is answered before it is durable.", ["R10", "R9", "R1"];
    AcknowledgedBeforeFlush, "acknowledged-before-flush",
        "Entries are acknowledged before they are durable.", ["R10", "R6", "R5", "S16"];
    VoteGoesBack, "vote-goes-back",
        "A replica that restarts is one term behind the vote that it wrote.", ["R9", "R1"];
    TruncatesTooMuch, "truncates-too-much",
        "A log loses one entry more than its new leader has replaced.", ["R10", "R3", "R6"];
    LeaderDropsLastEntry, "leader-drops-last-entry",
        "A leader deletes its last entry when it hands over.", ["R2"];
    PurgesTooMuch, "purges-too-much",
        "A log drops one entry more than its snapshot covers.", ["R11", "R8"];
    PurgeWithoutSnapshot, "purge-without-snapshot",
        "A log is dropped up to a snapshot that was never written.", ["R11", "R8"];
    SnapshotAnsweredEarly, "snapshot-answered-early",
        "A snapshot of what a replica has, but not durable, is answered at once, as OpenRaft does.",
        ["R10", "R6"];
    InstalledSnapshotNotWritten, "installed-snapshot-not-written",
        "A snapshot that is installed is taken over, but not written.", ["R11", "R8", "R9"];
    HalfABatchSurvives, "half-a-batch-survives",
        "A crash leaves half of the batch that was being flushed.", ["S12", "S13"];
    LeaderRestoredInItsTerm, "leader-restored-in-its-term",
        "A leader that restarts goes on leading in its term.", ["R5", "R7", "R3"];

    // What is applied.
    NoEpochCheckAtApply, "no-epoch-check-at-apply",
        "Nothing is checked against range and epoch when it is applied.", ["S7"];
    EpochNotBumped, "epoch-not-bumped",
        "A split leaves its shard's version as it is.", ["S8", "S7"];
    ConfVerNotBumped, "conf-ver-not-bumped",
        "A membership change leaves its shard's conf_ver as it is.", ["S8"];
    AppliedTwiceAfterRestart, "applied-twice-after-restart",
        "A replica that restarts applies the last entry of its snapshot again.", ["R8"];
    EntrySkipped, "entry-skipped",
        "A replica now and then leaves out a write that others apply.", ["R5"];
    RetryAppliedAgain, "retry-applied-again",
        "A write that is retried takes effect each time.", ["S16"];
    OlderSerialApplied, "older-serial-applied",
        "A late duplicate of a write before the client's last one takes effect again.", ["S16"];
    DeleteLeavesValue, "delete-leaves-value",
        "A delete is acknowledged and leaves the value.", ["S16"];
    ComparisonNeverFails, "comparison-never-fails",
        "A compare-and-set of another value says that it was done.", ["S16"];
    SessionsNotInSnapshot, "sessions-not-in-snapshot",
        "A snapshot leaves out the clients' sessions.", ["R5", "S16"];
    SnapshotWithoutRange, "snapshot-without-range",
        "A snapshot leaves out its shard's range: who installs it holds every key.", ["R5", "S2"];

    // Splits.
    ChildNotInParentsBatch, "child-not-in-parents-batch",
        "A split writes the child in a batch behind the parent's.", ["S13", "S12"];
    SplitKeyOffByOne, "split-key-off-by-one",
        "A split leaves the pair at the split key with the parent.", ["S16", "S5"];
    ChildGetsEverything, "child-gets-everything",
        "A split gives the child a copy of all data, and cuts off nothing.", ["S4", "S5"];
    ChildGetsWrongHalf, "child-gets-wrong-half",
        "A split gives the child the left half's data.", ["S16", "S5"];
    SessionsNotSplit, "sessions-not-split",
        "A split gives the child no sessions.", ["S16"];
    SplitLowersVote, "split-lowers-vote",
        "A split starts a child anew that has voted before.", ["S15", "R9", "R1"];
    SplitOverwritesChild, "split-overwrites-child",
        "A late split makes a child again that is destroyed or has moved on.", ["S11", "S14"];

    // Messages between replicas.
    VoteGrantedTwice, "vote-granted-twice",
        "A replica votes for two candidates in a term.", ["R10", "S18", "R1"];
    VoteIgnoresLog, "vote-ignores-log",
        "A replica votes for a candidate that has less in its log.", ["R4"];
    LostAnswerTakenForSuccess, "lost-answer-taken-for-success",
        "An append without an answer counts as stored.", ["R6", "R5", "S16"];
    ConflictTakenForSuccess, "conflict-taken-for-success",
        "An append that does not fit the follower's log counts as stored.", ["R6", "R5"];
    LearnerCountedInQuorum, "learner-counted-in-quorum",
        "A learner's answer counts for a voter that does not answer.", ["R6", "R5", "S16"];
    MessageToWrongShard, "message-to-wrong-shard",
        "A message now and then reaches another shard of its node.", ["S20", "R5", "R1"];
    ReplyToWrongCall, "reply-to-wrong-call",
        "An answer now and then reaches somebody else who waits for one.", ["S16"];
    OverlappingSnapshotInstalled, "overlapping-snapshot-installed",
        "A node takes a snapshot over a range that it still holds.", ["S2"];

    // Which replicas a node holds.
    NoTombstone, "no-tombstone",
        "A replica is destroyed and leaves no tombstone.", ["S11", "S12"];
    TombstoneIgnored, "tombstone-ignored",
        "A late message makes a destroyed replica again.", ["S11"];
    DestroyedGoesOn, "destroyed-goes-on",
        "A replica that is destroyed is not stopped.", ["S21", "S10"];
    DestroyLeavesRows, "destroy-leaves-rows",
        "A destroyed replica's rows stay on the disk.", ["S21"];
    CatalogRowNotWritten, "catalog-row-not-written",
        "A replica that a message makes is not in its node's catalog.", ["S12", "S21"];
    RemovedReplicaStays, "removed-replica-stays",
        "A replica that is out of its shard's membership is not destroyed.", ["liveness"];

    // Reads and writes.
    EpochCheckedOnlyForWrites, "epoch-checked-only-for-writes",
        "Reads are answered whatever epoch they name.", ["S3", "S16"];
    ReadNotRechecked, "read-not-rechecked",
        "Range and epoch are not looked at again when a read is answered.", ["S16"];
    ReadWithoutReadIndex, "read-without-read-index",
        "A leader answers reads without asking whether it still leads.", ["S16"];
    LeaseKeptAfterTransfer, "lease-kept-after-transfer",
        "A leader answers reads by itself for a while after it has handed over.", ["S19", "S16"];
    FollowerReadsTooEarly, "follower-reads-too-early",
        "A follower answers a read before it has applied what it must.", ["S16"];
    ScanMissesBorder, "scan-misses-border",
        "A scan leaves out the first key of each next shard.", ["S16"];
    WriteAnsweredBeforeCommit, "write-answered-before-commit",
        "A write is acknowledged when it is proposed.", ["S16"];

    // Placement and membership.
    ReplicaIdReused, "replica-id-reused",
        "Placement forgets which replica ids it gave out when it restarts.", ["S9"];
    DiskLossForgotten, "disk-loss-forgotten",
        "A node that lost its disk takes part as the replicas that it had.", ["S9"];
    ShardIdReused, "shard-id-reused",
        "Placement forgets which shard ids it gave out when it restarts.", ["S8"];
    JointConfigurationSkipped, "joint-configuration-skipped",
        "Voters change without the joint configuration between.", ["S17"];
    StepWithoutPrecondition, "step-without-precondition",
        "A membership step is done whatever epoch it names, so that a late order counts.",
        ["S22", "liveness"];
    QuorumNotMinded, "quorum-not-minded",
        "Nobody asks whether a change leaves a live quorum.", ["S22", "liveness"];

    // Clients.
    StaleRouteNeverRepaired, "stale-route-never-repaired",
        "A router learns nothing from being told that its route is stale.", ["liveness"];
    RetryWithFreshSerial, "retry-with-fresh-serial",
        "A client retries a write as a new one.", ["S16"];
    UnknownTakenForFailed, "unknown-taken-for-failed",
        "A client takes a write without an answer for one that failed.", ["S16"];
}
