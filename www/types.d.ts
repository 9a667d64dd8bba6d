// The words that the page and the engine share, for the type checker only: nothing here is loaded at run time.
// `View` and `EventView` mirror core/src/view.rs; `EngineModule` is what web/ exports; `State` belongs to state.js.

export type NodeStatus = 'up' | 'paused' | 'down';
export type Role =
  | 'leader'
  | 'follower'
  | 'candidate'
  | 'learner'
  | 'uninitialized'
  | 'asleep'
  | 'tombstone';
export type MessageKind =
  | 'vote'
  | 'pre_vote'
  | 'append'
  | 'heartbeat'
  | 'snapshot'
  | 'transfer'
  | 'write'
  | 'read'
  | 'read_index'
  | 'placement';
export type EntryKind = 'data' | 'membership' | 'split' | 'blank';

export interface PhaseCost {
  phase: number;
  durationNs: number;
  messages: number;
  bytes: number;
  unwritableNs: number;
  roundTripNs: number;
  operations: number;
  operationsPerSecond: number;
  latencyNs: number;
  latencyP99Ns: number;
  digest: string;
}
export interface Scenario {
  name: string;
  title: string;
  about: string;
  property: string;
  isFoundFalse: boolean;
  script: string;
}
export interface Incident {
  what: string;
  atNs: number;
  hit: boolean;
  noticedNs: number | null;
  recoveredNs: number | null;
}
export interface Traffic {
  kind: MessageKind;
  messages: number;
  bytes: number;
}
export interface Why {
  kind: string;
  id: number;
  question: string;
  answer: string;
}
export type Availability = 'writable' | 'readable' | 'unavailable';
export interface Change {
  number: number;
  timeNs: number;
  first: number;
  last: number;
  availability: Availability;
}
export interface ScriptStep {
  line: number;
  afterNs: number;
  when: { name: string; node: number | null } | null;
  command: Command | null;
}
export interface Phase {
  completed: number;
  running: number;
  names: string[];
  waitingFor: string;
  costs: PhaseCost[];
}
export interface Caption {
  id: string;
  phase: number;
  text: string;
  call: string;
  tikv: string;
  reached: boolean;
}
export interface Node {
  id: number;
  name: string;
  status: NodeStatus;
  isolated: boolean;
  flushLatencyNs: number;
  diskHeld: boolean;
  diskFull: boolean;
  clockOffsetNs: number;
  guest: boolean;
  opsPerSecond: number;
  queued: number;
  starts: number;
}
export interface Shard {
  id: number;
  name: string;
  first: number;
  last: number;
  version: number;
  confVer: number;
  leader: number | null;
  voters: number[];
  learners: number[];
  origin: { parent: number; index: number; first: number } | null;
  opsPerSecond: number;
  latencyNs: number;
  latencyP99Ns: number;
  hot: boolean;
  availability: Availability;
  sinceNs: number;
  longestGapNs: number;
}
export interface Replica {
  id: number;
  shard: number;
  node: number;
  role: Role;
  term: number;
  committed: number;
  applied: number;
  lastLog: number;
  snapshot: number;
  range: [number, number] | null;
  epoch: [number, number];
  keys: number;
  leader: number | null;
  leaderHeardNs: number | null;
  electionLeftPermille: number | null;
  catchUpPermille: number | null;
  votesGranted: number[];
  votesHeard: number[];
  progress: { node: number; matched: number }[];
  applyHeld: boolean;
}
export interface Message {
  id: number;
  kind: MessageKind;
  reply: boolean;
  ok: boolean;
  shard: number | null;
  from: string;
  to: string;
  sentNs: number;
  dueNs: number | null;
  bytes: number;
  summary: string;
}
export interface Link {
  from: number;
  to: number;
  shard: number | null;
  kind: MessageKind | null;
  cut: boolean;
  held: boolean;
  slowNs: number;
  lossPermille: number;
  duplicatePermille: number;
  reorderNs: number;
}
export interface Route {
  shard: number;
  first: number;
  last: number;
  version: number;
  leader: number | null;
  stale: boolean;
}
export interface Client {
  id: number;
  routes: Route[];
  pending: string;
  attempts: number;
  setback: string;
  lastRepair: string;
  lastRepairNs: number | null;
  home: number | null;
  latencyNs: number;
  ok: number;
  failed: number;
  unknown: number;
}
export interface LogEntry {
  index: number;
  term: number;
  kind: EntryKind;
}
export interface Log {
  replica: number;
  shard: number;
  node: number;
  purged: number;
  entries: LogEntry[];
}
export interface Violation {
  id: string;
  name: string;
  text: string;
  event: EventView;
}
export interface View {
  timeNs: number;
  steps: number;
  eventSeq: number;
  digest: string;
  seed: string;
  openraft: string;
  phase: Phase;
  scenario: Scenario | null;
  captions: Caption[];
  keySpace: { first: number; last: number; heat: number[] };
  nodes: Node[];
  shards: Shard[];
  replicas: Replica[];
  messages: Message[];
  messagesTotal: number;
  links: Link[];
  clients: Client[];
  logs: Log[];
  placement: { shard: number; name: string; cells: string[] }[];
  placementNote: string;
  placementDown: boolean;
  proposals: string[];
  incidents: Incident[];
  traffic: Traffic[];
  whys: Why[];
  safety: { holds: boolean; properties: number; checks: number; violation: Violation | null };
}
export interface EventView {
  seq: number;
  timeNs: number;
  name: string;
  text: string;
  major: boolean;
  node: number | null;
  shard: number | null;
}

/** See core/src/command.rs: what else there is depends on the type. */
export type Command = { type: string; [field: string]: unknown };
export interface Progress {
  timeNs: number;
  steps: number;
  done: boolean;
  violations: number;
  found: boolean;
}
export interface Engine {
  submit(command: Command): void;
  step(): boolean;
  advance(durationNs: number, maxTimers: number): Progress;
  advanceTo(
    name: string,
    node: number,
    since: number,
    durationNs: number,
    maxTimers: number,
  ): Progress;
  view(): View;
  eventsSince(seq: number): EventView[];
  availabilitySince(number: number): Change[];
  script(): string;
  recording(): string;
  free(): void;
}
export interface EngineModule {
  default(from?: { module_or_path: string | ArrayBuffer }): Promise<unknown>;
  lastPanic(): string;
  Engine: {
    new (options: { seed: string; scenario?: string; shards?: number }): Engine;
    replay(recording: string, steps: number): Engine;
    readScript(text: string): ScriptStep[];
    gallery(): Scenario[];
    commands(): string[];
    versions(): { shardscope: string; openraft: string };
  };
}

/** What the worker answers to everything that may have changed the run. */
export interface Report {
  /** `null` if it is the one sent last. */
  view: View | null;
  events: EventView[];
  changes: Change[];
  playing: boolean;
  /** Whether a script is under way. */
  scripted: boolean;
  /** Why the script stopped; '' if it did not. */
  fault: string;
  /** Whether the machine cannot keep up with the speed asked for. */
  behind: boolean;
  /** The latest time that this run has seen: later than the view's after stepping back. */
  headNs: number;
}
export interface Panic {
  text: string;
  seed: string;
  recording: string;
}
/**
 * `node` is the node that it is or was on: faults act there, also once it is down and shows nothing; 0 if on none. `place` is
 * a cell of the placement table without a replica: `id` is its shard. `link` goes from `node` to the node `id`.
 */
export type Selection = {
  kind: 'node' | 'replica' | 'shard' | 'message' | 'client' | 'place' | 'link' | 'placement';
  id: number;
  node: number;
};
export interface Mark {
  seq: number;
  timeNs: number;
  glyph: string;
  text: string;
  rank: number;
  name: string;
  node: number | null;
  shard: number | null;
}

export interface State {
  view: View | null;
  /** Newest last. */
  events: EventView[];
  playing: boolean;
  behind: boolean;
  headNs: number;
  /** The virtual time that is drawn: the view's, smoothed. */
  shownNs: number;
  /** Virtual seconds a second, as it is now. */
  speed: number;
  /** The user's choice; 0 lets the page choose. */
  speedAsked: number;
  selection: Selection;
  /** The shard whose log is shown; 0 is the last one. */
  logShard: number;
  /** The caption that the user went back to; '' follows the newest. */
  captionId: string;
  /** For the timeline: what happened, by time. */
  marks: Mark[];
  /** For the timeline: what could be done with which keys, from when on. */
  changes: Change[];
  /** What the timeline spans: 0 what the page chooses, -1 all, else the last so many nanoseconds. */
  spanNs: number;
  /** The key that is meant; 0 before there is a key space. */
  key: number;
  /** The commands that the engine knows. */
  commands: string[];
  /** Which of the tabs is shown. */
  tab: 'log' | 'numbers' | 'text';
  scripted: boolean;
  /** When each phase was seen to be complete, by phase. */
  phaseEndNs: number[];
  /** One sentence for the alert region; '' if all is well. */
  problem: string;
  /** A word of confirmation; '' most of the time. */
  notice: string;
  panic: Panic | null;
  /** No travelling dots: the user prefers less motion. */
  calm: boolean;
  /** For pictures: the cluster is drawn only while time stands still. */
  still: boolean;
}

/** One part of the page: draws the state, keeps none of its own that matters. */
export interface Part {
  update(state: State): void;
}
