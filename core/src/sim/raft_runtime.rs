//! What openraft asks of a runtime, answered by the simulation that is running.
//!
//! Owns nothing: every function finds its [`Sim`] in the context. The only file of `sim` that
//! names openraft. Used as the runtime of the raft type configuration.

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use openraft::rt::{
    AsyncRuntime, Instant, Mpsc, MpscReceiver, MpscSender, MpscWeakSender, Mutex, Oneshot,
    OneshotSender, RecvError, SendError, TryRecvError, Watch, WatchReceiver, WatchSender,
};

use super::channel::{Closed, mpsc, mutex, oneshot, watch};
use super::clock::saturating_nanos;
use super::{Owner, Rng, Sim, Sleep, Time, WakeOrder, context};

/// Runs openraft's own conformance suites for a runtime on this one, and panics where it differs.
///
/// They include its suite for deterministic simulation. For the native and the browser tests.
pub(crate) fn run_runtime_suites() {
    openraft::testing::runtime::Suite::<SimRuntime>::test_all();
    openraft::rt::testing::DetsimSuite::<SimRuntime>::test_all();
}

/// The runtime of openraft's type configuration.
///
/// As a value, it is a simulation of its own whose clock jumps to whatever is due next: what
/// openraft's suites are run on. The cluster never makes one.
pub struct SimRuntime(Sim);

impl SimRuntime {
    /// On this simulation, which it shuts down when it is dropped.
    pub(super) fn of(sim: Sim) -> SimRuntime {
        SimRuntime(sim)
    }
}

impl fmt::Debug for SimRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimRuntime").finish_non_exhaustive()
    }
}

impl Drop for SimRuntime {
    fn drop(&mut self) {
        self.0.shutdown();
    }
}

impl AsyncRuntime for SimRuntime {
    type JoinError = JoinError;
    type JoinHandle<T: 'static> = JoinHandle<T>;
    type Sleep = Sleep;
    type Instant = SimInstant;
    type TimeoutError = Elapsed;
    type Timeout<R, T: Future<Output = R>> = Timeout<T>;
    type ThreadLocalRng = Rng;
    type Mpsc = SimChannels;
    type Watch = SimChannels;
    type Oneshot = SimChannels;
    type Mutex<T: 'static> = mutex::Mutex<T>;

    fn spawn<T>(future: T) -> JoinHandle<T::Output>
    where
        T: Future + 'static,
        T::Output: 'static,
    {
        let (done, joined) = oneshot::channel();
        let task = Box::pin(async move {
            // Of no consequence if it fails: then the handle was dropped, which detaches.
            let _ = done.send(future.await);
        });
        Sim::current().spawn_named(context::owner(), std::any::type_name::<T>(), task);
        JoinHandle(joined)
    }

    fn sleep(duration: Duration) -> Sleep {
        Sim::current().sleep(duration)
    }

    fn sleep_until(deadline: SimInstant) -> Sleep {
        Sleep::new(Sim::current(), context::owner(), deadline.0)
    }

    fn timeout<R, F: Future<Output = R>>(duration: Duration, future: F) -> Timeout<F> {
        Timeout { future, sleep: Self::sleep(duration) }
    }

    fn timeout_at<R, F: Future<Output = R>>(deadline: SimInstant, future: F) -> Timeout<F> {
        Timeout { future, sleep: Self::sleep_until(deadline) }
    }

    /// Never: a panic in a task is a bug, and ends the run.
    fn is_panic(_: &JoinError) -> bool {
        false
    }

    fn thread_rng() -> Rng {
        Sim::current().rng("raft")
    }

    fn new(_threads: usize) -> SimRuntime {
        SimRuntime::of(Sim::new(0, WakeOrder::Fifo))
    }

    fn block_on<F: Future<Output = T>, T>(&mut self, future: F) -> T {
        let sim = &self.0;
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        let mut future = pin!(future);
        loop {
            if woken.0.swap(false, Ordering::AcqRel) {
                let mut cx = Context::from_waker(&waker);
                let poll = sim.enter(Owner::WORLD, || future.as_mut().poll(&mut cx));
                if let Poll::Ready(output) = poll {
                    return output;
                }
            }
            sim.run_ready();
            let idle = !woken.0.load(Ordering::Acquire);
            if idle && sim.fire_next(Time::MAX).is_none() {
                panic!("deadlock: the future waits, and no task and no timer can wake it");
            }
        }
    }

    /// Runs it here and now: there is no other thread.
    fn spawn_blocking<F, T>(f: F) -> impl Future<Output = Result<T, io::Error>> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        std::future::ready(Ok(f()))
    }
}

/// Whether the future that is blocked on was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// What the clock of a node shows, in nanoseconds; negative before the beginning of the world.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SimInstant(i64);

impl SimInstant {
    /// A reading of a node's clock.
    pub(super) fn of(reading: i64) -> Self {
        Self(reading)
    }
}

impl Instant for SimInstant {
    /// By the clock of the node that is running.
    fn now() -> SimInstant {
        let reading = context::with(|sim, owner| sim.reading(owner.node));
        SimInstant(reading.expect("there is no time outside of a simulation"))
    }
}

impl Add<Duration> for SimInstant {
    type Output = SimInstant;

    fn add(self, duration: Duration) -> SimInstant {
        SimInstant(self.0.saturating_add_unsigned(saturating_nanos(duration)))
    }
}

impl Sub<Duration> for SimInstant {
    type Output = SimInstant;

    fn sub(self, duration: Duration) -> SimInstant {
        SimInstant(self.0.saturating_sub_unsigned(saturating_nanos(duration)))
    }
}

/// Zero if `earlier` is the later one, as with `std`'s.
impl Sub<SimInstant> for SimInstant {
    type Output = Duration;

    fn sub(self, earlier: SimInstant) -> Duration {
        let nanos = if self > earlier { self.0.abs_diff(earlier.0) } else { 0 };
        Duration::from_nanos(nanos)
    }
}

impl AddAssign<Duration> for SimInstant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl SubAssign<Duration> for SimInstant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

/// Ready with what a task returned; dropped, the task goes on without it.
#[derive(Debug)]
pub struct JoinHandle<T>(oneshot::Receiver<T>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(|Closed| JoinError)
    }
}

/// The task was killed before it was done.
#[derive(Copy, Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the task was killed before it was done")]
pub struct JoinError;

/// The time was over before the future was ready.
#[derive(Copy, Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Elapsed;

pin_project_lite::pin_project! {
    /// A future with a deadline. A future that is ready in the moment of its deadline is in time.
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(this.sleep).poll(cx).map(|()| Err(Elapsed))
    }
}

/// Stands for the channels of [`super::channel`].
#[derive(Debug)]
pub struct SimChannels;

impl Oneshot for SimChannels {
    type Sender<T> = oneshot::Sender<T>;
    type Receiver<T> = oneshot::Receiver<T>;
    type ReceiverError = Closed;

    fn channel<T>() -> (oneshot::Sender<T>, oneshot::Receiver<T>) {
        oneshot::channel()
    }
}

impl<T> OneshotSender<T> for oneshot::Sender<T> {
    fn send(self, value: T) -> Result<(), T> {
        oneshot::Sender::send(self, value)
    }
}

impl Mpsc for SimChannels {
    type Sender<T> = mpsc::Sender<T>;
    type Receiver<T> = mpsc::Receiver<T>;
    type WeakSender<T> = mpsc::WeakSender<T>;

    fn channel<T>(buffer: usize) -> (mpsc::Sender<T>, mpsc::Receiver<T>) {
        mpsc::channel(buffer)
    }
}

impl<T> MpscSender<SimChannels, T> for mpsc::Sender<T> {
    async fn send(&self, message: T) -> Result<(), SendError<T>> {
        mpsc::Sender::send(self, message).await.map_err(SendError)
    }

    fn downgrade(&self) -> mpsc::WeakSender<T> {
        mpsc::Sender::downgrade(self)
    }
}

impl<T> MpscWeakSender<SimChannels, T> for mpsc::WeakSender<T> {
    fn upgrade(&self) -> Option<mpsc::Sender<T>> {
        mpsc::WeakSender::upgrade(self)
    }
}

impl<T> MpscReceiver<T> for mpsc::Receiver<T> {
    async fn recv(&mut self) -> Option<T> {
        mpsc::Receiver::recv(self).await
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        mpsc::Receiver::try_recv(self).map_err(|error| match error {
            mpsc::TryRecvError::Empty => TryRecvError::Empty,
            mpsc::TryRecvError::Closed => TryRecvError::Disconnected,
        })
    }
}

impl Watch for SimChannels {
    type Sender<T> = watch::Sender<T>;
    type Receiver<T> = watch::Receiver<T>;
    type Ref<'a, T: 'a> = std::cell::Ref<'a, T>;

    fn channel<T>(initial: T) -> (watch::Sender<T>, watch::Receiver<T>) {
        watch::channel(initial)
    }
}

impl<T> WatchSender<SimChannels, T> for watch::Sender<T> {
    fn send(&self, value: T) -> Result<(), openraft::rt::watch::SendError<T>> {
        watch::Sender::send(self, value).map_err(openraft::rt::watch::SendError)
    }

    fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        watch::Sender::send_if_modified(self, modify)
    }

    fn borrow_watched(&self) -> std::cell::Ref<'_, T> {
        self.borrow()
    }

    fn subscribe(&self) -> watch::Receiver<T> {
        watch::Sender::subscribe(self)
    }
}

impl<T> WatchReceiver<SimChannels, T> for watch::Receiver<T> {
    async fn changed(&mut self) -> Result<(), RecvError> {
        watch::Receiver::changed(self).await.map_err(|Closed| RecvError(()))
    }

    fn borrow_watched(&self) -> std::cell::Ref<'_, T> {
        self.borrow()
    }

    fn borrow_and_update(&mut self) -> std::cell::Ref<'_, T> {
        watch::Receiver::borrow_and_update(self)
    }
}

impl<T: 'static> Mutex<T> for mutex::Mutex<T> {
    type Guard<'a> = mutex::Guard<'a, T>;

    fn new(value: T) -> mutex::Mutex<T> {
        mutex::Mutex::new(value)
    }

    async fn lock(&self) -> mutex::Guard<'_, T> {
        mutex::Mutex::lock(self).await
    }
}
