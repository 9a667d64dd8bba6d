//! A question and its answer, with a deadline that is always honoured: a lost reply must not wedge
//! the asker.

use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

use super::{CallId, Endpoint, Envelope, Network, Payload};
use crate::id::ShardId;
use crate::sim::Sim;

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// None came in time. What was asked for may have been done all the same.
    TimedOut,
}

impl<P: Payload> Network<P> {
    /// Asks `to` and waits for the answer, at most `ttl`.
    pub(crate) async fn call(
        &self,
        from: Endpoint,
        to: Endpoint,
        shard: Option<ShardId>,
        payload: P,
        ttl: Duration,
    ) -> Result<P, CallError> {
        let (tx, rx) = oneshot::channel();
        let call = {
            let mut inner = self.0.inner.borrow_mut();
            let call = CallId(inner.next_call);
            inner.next_call += 1;
            inner.calls.insert(call, tx);
            call
        };
        let _forget = Forget { network: self, call };
        self.send(Envelope { call: Some(call), ..Envelope::new(from, to, shard, payload) });
        let deadline = Sim::current().sleep(ttl);
        match select(rx, std::pin::pin!(deadline)).await {
            Either::Left((Ok(answer), _)) => Ok(answer),
            // The sender is only ever dropped by `Forget`, which lives as long as this future.
            Either::Left((Err(_), _)) | Either::Right(_) => Err(CallError::TimedOut),
        }
    }
}

/// Takes the call off the list when its future ends or is dropped with its node.
struct Forget<'a, P: Payload> {
    network: &'a Network<P>,
    call: CallId,
}

impl<P: Payload> Drop for Forget<'_, P> {
    fn drop(&mut self) {
        let waiting = self.network.0.inner.borrow_mut().calls.remove(&self.call);
        drop(waiting);
    }
}
