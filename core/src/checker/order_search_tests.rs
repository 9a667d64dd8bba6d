//! Small histories whose verdict is known, and drawn ones against an independent checker.

use proptest::prelude::*;
use todc_utils::{Action, History, Specification, WGLChecker};

use super::*;
use crate::operation::Change;

/// One line of a history.
#[derive(Clone, Copy, Debug)]
enum Line {
    Begin(u16, Operation),
    Answer(u16, Answer),
    Fail(u16),
    Abandon(u16),
}
use Line::{Abandon, Answer as Says, Begin, Fail};

const READ: Operation = Operation::Read;
const DONE: Answer = Answer::Written(WriteAnswer::Done);

const fn put(value: u64) -> Operation {
    Operation::Write(Change::Put { value })
}

const fn set(expected: Option<u64>, value: u64) -> Operation {
    Operation::Write(Change::CompareAndSet { expected, value })
}

const fn found(value: u64) -> Answer {
    Answer::Value(Some(value))
}

/// Whether some order explains the history; each client has one operation at a time.
fn is_explained(history: &[Line]) -> bool {
    let mut search = OrderSearch::default();
    let mut serials = [0; 8];
    history.iter().all(|line| match *line {
        Begin(client, operation) => {
            serials[usize::from(client)] += 1;
            search.begin((client, serials[usize::from(client)]), operation);
            true
        }
        Says(client, answer) => {
            let searched = search.answered((client, serials[usize::from(client)]), answer);
            assert_ne!(searched, Ok(false), "it is small enough to be searched");
            searched.is_ok()
        }
        Fail(client) => search.failed((client, serials[usize::from(client)])).is_ok(),
        Abandon(client) => {
            search.abandoned((client, serials[usize::from(client)]));
            true
        }
    })
}

#[test]
fn small_histories_have_their_known_verdict() {
    // Porcupine's README: a read sees a write that is under way, and later ones must see it too.
    let mut seen = vec![Begin(0, put(100)), Begin(1, READ), Begin(2, READ), Says(2, found(100))];
    seen.push(Says(1, Answer::Value(None)));
    seen.push(Says(0, DONE));
    assert!(is_explained(&seen));
    let back = [
        Begin(0, put(100)),
        Begin(1, READ),
        Says(1, found(100)),
        Begin(2, READ),
        Says(2, Answer::Value(None)),
        Says(0, DONE),
    ];
    assert!(!is_explained(&back), "once it is seen, it stays seen");
    // todc-utils' example: three writes that overlap, read in the opposite order.
    let writes = (0..3u16).map(|c| Begin(c, put(u64::from(c))));
    let reads = [2, 1, 0].into_iter().flat_map(|v| [Begin(3, READ), Says(3, found(v))]);
    let ends = (0..3).map(|c| Says(c, DONE));
    let opposite: Vec<Line> = writes.chain(reads).chain(ends).collect();
    assert!(is_explained(&opposite));
    let again = [Begin(3, READ), Says(3, found(2))];
    assert!(!is_explained(&[&opposite[..], &again].concat()), "each was written once");
}

#[test]
fn a_read_under_way_may_have_seen_what_is_overwritten_by_now() {
    let history = |value| {
        [
            Begin(0, put(1)),
            Says(0, DONE),
            Begin(1, READ),
            Begin(0, put(2)),
            Says(0, DONE),
            Begin(0, put(3)),
            Says(0, DONE),
            Says(1, Answer::Value(value)),
        ]
    };
    assert!([1, 2, 3].iter().all(|value| is_explained(&history(Some(*value)))));
    assert!(!is_explained(&history(None)));
    assert!(!is_explained(&history(Some(4))));
}

#[test]
fn of_two_that_expect_the_same_one_sets() {
    let both = [Begin(0, set(None, 1)), Begin(1, set(None, 2)), Says(1, DONE)];
    let unequal = |found| Says(0, Answer::Written(WriteAnswer::Unequal { found }));
    assert!(is_explained(&[&both[..], &[unequal(Some(2))]].concat()));
    assert!(!is_explained(&[&both[..], &[Says(0, DONE)]].concat()));
    assert!(!is_explained(&[&both[..], &[unequal(Some(3))]].concat()));
    assert!(!is_explained(&[&both[..], &[unequal(None)]].concat()));
}

#[test]
fn an_unknown_outcome_is_late_or_never_and_a_failed_one_never() {
    let lost = [Begin(0, put(1)), Abandon(0), Begin(1, READ), Says(1, Answer::Value(None))];
    assert!(is_explained(&lost));
    let late = [Begin(1, READ), Says(1, found(1))];
    let gone = [Begin(1, READ), Says(1, Answer::Value(None))];
    assert!(is_explained(&[&lost[..], &late].concat()));
    assert!(!is_explained(&[&lost[..], &late, &gone].concat()), "it took effect once");
    let failed = [Begin(0, put(1)), Fail(0), Begin(1, READ), Says(1, found(1))];
    assert!(!is_explained(&failed));
    let seen = [Begin(0, put(1)), Begin(1, READ), Says(1, found(1)), Fail(0)];
    assert!(!is_explained(&seen), "it was seen, and failed for certain");
}

#[test]
fn many_unknown_outcomes_cost_little_and_too_many_are_given_up() {
    let mut search = OrderSearch::default();
    for serial in 1..=60 {
        search.begin((0, serial), put(serial));
        search.abandoned((0, serial));
        search.begin((1, serial), put(1_000 + serial));
        assert_eq!(search.answered((1, serial), DONE), Ok(true));
    }
    assert!(search.configurations.len() < 4, "{}", search.configurations.len());
    search.begin((2, 1), READ);
    assert_eq!(search.answered((2, 1), found(7)), Ok(true), "it may take effect now");
    for serial in 61..=70 {
        search.begin((0, serial), put(serial));
    }
    assert_eq!(search.answered((0, 61), DONE), Ok(false));
}

/// The same object for the independent checker: an operation with its answer.
struct Register;

impl Specification for Register {
    type State = Option<u64>;
    type Operation = (Operation, Option<Answer>);

    fn init() -> Self::State {
        None
    }

    fn apply((operation, answer): &Self::Operation, state: &Self::State) -> (bool, Self::State) {
        let (value, says) = match operation {
            Operation::Write(change) => {
                let (value, says) = change.applied_to(*state);
                (value, Answer::Written(says))
            }
            Operation::Read | Operation::Scan { .. } => (*state, Answer::Value(*state)),
        };
        (answer.is_none_or(|answer| answer == says), value)
    }
}

/// What the independent checker says. It knows complete histories only: of operations without an
/// answer, each choice of those that took effect is tried, and they end with the history.
fn is_linearizable(history: &[Line]) -> bool {
    let open: Vec<usize> = history
        .iter()
        .enumerate()
        .filter(|(at, line)| matches!(line, Begin(..)) && answer_of(history, *at).is_none())
        .map(|(at, _)| at)
        .collect();
    (0..1u32 << open.len()).any(|choice| {
        let dropped = |at: usize| {
            open.iter().position(|o| *o == at).is_some_and(|bit| choice & (1 << bit) == 0)
        };
        let (mut actions, mut ends) = (Vec::new(), Vec::new());
        let mut current = [None; 8];
        // A client whose operation has no answer goes on as another process.
        let mut process: Vec<usize> = (0..8).collect();
        let mut next_process = 8;
        for (at, line) in history.iter().enumerate() {
            match *line {
                Begin(client, operation) => {
                    let client = usize::from(client);
                    let answer = answer_of(history, at);
                    current[client] = Some((operation, answer));
                    if dropped(at) {
                        continue;
                    }
                    actions.push((process[client], Action::Call((operation, answer))));
                    if answer.is_none() {
                        ends.push((process[client], Action::Response((operation, None))));
                        process[client] = next_process;
                        next_process += 1;
                    }
                }
                Says(client, answer) => {
                    let client = usize::from(client);
                    let (operation, _) = current[client].expect("it began");
                    actions.push((process[client], Action::Response((operation, Some(answer)))));
                }
                Fail(_) | Abandon(_) => {}
            }
        }
        actions.extend(ends);
        actions.is_empty()
            || WGLChecker::<Register>::is_linearizable(History::from_actions(actions))
    })
}

/// What the operation that begins on that line is answered.
fn answer_of(history: &[Line], at: usize) -> Option<Answer> {
    let Begin(client, _) = history[at] else { return None };
    history[at + 1..].iter().find_map(|line| match *line {
        Says(by, answer) if by == client => Some(Some(answer)),
        Abandon(by) | Begin(by, _) if by == client => Some(None),
        _ => None,
    })?
}

/// A step of a drawn history: a client begins, takes effect, or is answered, if it is at that
/// point; rarely, it is told something else, or nothing.
#[derive(Clone, Copy, Debug)]
struct Step {
    client: u16,
    operation: Operation,
    ends: u8,
    lie: Option<u64>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let operation = prop_oneof![
        Just(READ),
        (1..4u64).prop_map(put),
        Just(Operation::Write(Change::Delete)),
        (prop::option::of(1..4u64), 1..4u64).prop_map(|(expected, value)| set(expected, value)),
    ];
    let lie = prop_oneof![12 => Just(None), 1 => (0..4u64).prop_map(Some)];
    let step = (0..3u16, operation, 0..8u8, lie).prop_map(|(client, operation, ends, lie)| Step {
        client,
        operation,
        ends,
        lie,
    });
    prop::collection::vec(step, 1..28)
}

/// The history of one register that does each operation at one instant, but for the lies.
fn play(steps: &[Step]) -> Vec<Line> {
    let (mut value, mut history) = (None, Vec::new());
    let mut clients: [Option<(Operation, Option<Answer>)>; 3] = [None; 3];
    for step in steps {
        let at = usize::from(step.client);
        match clients[at] {
            None => {
                clients[at] = Some((step.operation, None));
                history.push(Begin(step.client, step.operation));
            }
            Some((operation, None)) => {
                let answer = match operation {
                    Operation::Write(change) => Answer::Written(change.applied_to(value).1),
                    _ => Answer::Value(value),
                };
                value = Register::apply(&(operation, None), &value).1;
                clients[at] = Some((operation, Some(answer)));
            }
            Some((_, Some(answer))) => {
                clients[at] = None;
                let lied = match (answer, step.lie) {
                    (Answer::Value(_), Some(lie)) => Answer::Value((lie > 0).then_some(lie)),
                    (Answer::Written(WriteAnswer::Unequal { .. }), Some(_)) => DONE,
                    (answer, _) => answer,
                };
                let abandoned = step.ends == 0 && matches!(answer, Answer::Written(_));
                history.push(if abandoned {
                    Abandon(step.client)
                } else {
                    Says(step.client, lied)
                });
            }
        }
    }
    history
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_search_says_what_an_independent_checker_says(steps in steps()) {
        let history = play(&steps);
        prop_assert_eq!(is_explained(&history), is_linearizable(&history), "{:?}", history);
    }

    #[test]
    fn what_happened_at_one_instant_each_is_explained(steps in steps()) {
        let truthful: Vec<Step> = steps.into_iter().map(|s| Step { lie: None, ..s }).collect();
        prop_assert!(is_explained(&play(&truthful)));
    }
}

/// The drawn histories are worth comparing: some are explained, and some are not.
#[test]
fn drawn_histories_are_of_both_kinds() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let verdicts: Vec<bool> = (0..400)
        .map(|_| {
            let drawn = steps().new_tree(&mut runner).expect("nothing is filtered out").current();
            is_explained(&play(&drawn))
        })
        .collect();
    let explained = verdicts.iter().filter(|v| **v).count();
    assert!((80..380).contains(&explained), "{explained} of 400");
}
