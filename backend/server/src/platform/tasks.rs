//! Background loops that can be stopped and are seen to fail: a loop that ends by itself is started again and counted.

use super::ctx::Ctx;
use super::problem::Problem;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const RESTART_DELAY: Duration = Duration::from_millis(500);
/// More than the database gives one statement. A host that lost its power in the middle of an answer never says so:
/// without a limit here the turn would wait for it for ever, with its connection.
const TURN_WITHIN: Duration = Duration::from_secs(16);

/// One turn of a loop, limited in time. Only one that came to a good end is a beat; what came of it, if it did.
pub async fn turn<T>(
    ctx: &Ctx,
    name: &'static str,
    work: Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + '_>>,
) -> Option<T> {
    ctx.beats.begins(name);
    let outcome = tokio::time::timeout(TURN_WITHIN, work).await;
    ctx.beats.ends(name);
    match outcome {
        Ok(Ok(done)) => {
            ctx.beats.beat(name);
            return Some(done);
        }
        Ok(Err(problem)) => {
            tracing::warn!(task = name, status = %problem.status(), "a loop could not do its work");
        }
        Err(_) => tracing::error!(task = name, "a loop's turn took too long and was given up"),
    }
    metrics::counter!("task_failed_turns_total", "task" => name).increment(1);
    None
}

#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `work` until it is told to stop; a panic or an early end is logged, counted and followed by a restart.
    pub fn keep<F, Fut>(&self, name: &'static str, mut work: F)
    where
        F: FnMut(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        let tracker = self.tracker.clone();
        self.tracker.spawn(async move {
            while !stop.is_cancelled() {
                let ended = tracker.spawn(work(stop.clone())).await;
                if stop.is_cancelled() {
                    return;
                }
                metrics::counter!("task_restarts_total", "task" => name).increment(1);
                tracing::error!(
                    task = name,
                    panicked = ended.is_err(),
                    "a loop ended by itself; starting it again"
                );
                tokio::time::sleep(RESTART_DELAY).await;
            }
        });
    }

    /// Tells every loop to stop and waits until all have, or until `patience` is over.
    pub async fn stop(&self, patience: Duration) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(patience, self.tracker.wait()).await.is_err() {
            tracing::warn!("some loops did not stop in time");
        }
    }
}
