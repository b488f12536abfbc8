//! Worker threads, the queue before them and the budget of their memory.
//!
//! Owns when a job runs; refuses to know what it does.
//! The surprising rule: jobs start in the order in which they came. A large one at the front is not
//! overtaken by small ones that would fit, so it cannot starve.

use crate::panics::caught;
use crate::settings::{ImagingSettings, StartError};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Why a job gave no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It did not start in time, or the queue was full.
    Overloaded,
    /// It panicked, with this text.
    Panicked(String),
}

/// What the processor is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Pictures in work.
    pub running: usize,
    /// Pictures that wait for a worker or for their share of the budget.
    pub waiting: usize,
    /// What those in work take of the budget, in bytes.
    pub working_bytes: u64,
    /// The budget, in bytes.
    pub budget_bytes: u64,
}

/// Worker threads that live as long as this does.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Something was queued, finished or closed.
    changed: Condvar,
    budget_bytes: u64,
    queue_bytes: usize,
    max_wait: Duration,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    queued_bytes: usize,
    running_bytes: u64,
    running: usize,
    closed: bool,
}

/// What a job costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// In the budget, while it runs.
    pub(crate) working_bytes: u64,
    /// In the queue, while it waits.
    pub(crate) waiting_bytes: usize,
}

struct Job {
    cost: Cost,
    deadline: Instant,
    work: Box<dyn Work>,
}

/// A job's work together with the way back to its caller.
trait Work: Send {
    /// Whether anybody still waits for the result.
    fn is_wanted(&self) -> bool;
    fn refuse(self: Box<Self>, refusal: Refusal);
    fn run(self: Box<Self>);
}

struct Task<F, T> {
    work: F,
    reply: oneshot::Sender<Result<T, Refusal>>,
}

impl<F: FnOnce() -> T + Send, T: Send> Work for Task<F, T> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn refuse(self: Box<Self>, refusal: Refusal) {
        // A caller that has gone needs no answer.
        let _ = self.reply.send(Err(refusal));
    }

    fn run(self: Box<Self>) {
        let Self { work, reply } = *self;
        let result = caught(work).map_err(Refusal::Panicked);
        let _ = reply.send(result);
    }
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`StartError::Thread`].
    pub(crate) fn new(settings: &ImagingSettings) -> Result<Self, StartError> {
        let pool = Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                changed: Condvar::new(),
                budget_bytes: settings.budget_bytes,
                queue_bytes: settings.queue_bytes,
                max_wait: settings.max_wait,
            }),
        };
        for number in 0..settings.workers {
            pool.spawn(format!("imaging-{number}"), Shared::work)?;
        }
        pool.spawn("imaging-queue".to_owned(), Shared::expire)?;
        Ok(pool)
    }

    /// What is running and waiting at this moment.
    pub(crate) fn load(&self) -> Load {
        let state = self.shared.lock();
        Load {
            running: state.running,
            waiting: state.queue.len(),
            working_bytes: state.running_bytes,
            budget_bytes: self.shared.budget_bytes,
        }
    }

    fn spawn(&self, name: String, body: fn(&Shared)) -> Result<(), StartError> {
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name(name).spawn(move || body(&shared)).map_err(StartError::Thread)?;
        Ok(())
    }

    /// Runs `work` on a worker when its cost fits the budget.
    /// When the future is dropped before the work has started, it never starts.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let job = Job { cost, deadline: Instant::now() + self.shared.max_wait, work: Box::new(Task { work, reply }) };
        self.shared.queue(job)?;
        // The sender is dropped unsent only when the pool goes away.
        answer.await.unwrap_or(Err(Refusal::Overloaded))
    }
}

impl Drop for Pool {
    /// Jobs that run are finished by their threads; waiting ones are refused.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.queue.clear();
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self, job: Job) -> Result<(), Refusal> {
        let mut state = self.lock();
        state.forget_unwanted();
        let bytes = state.queued_bytes.saturating_add(job.cost.waiting_bytes);
        if bytes > self.queue_bytes && !state.queue.is_empty() {
            return Err(Refusal::Overloaded);
        }
        state.queued_bytes = bytes;
        state.queue.push_back(job);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// A worker's life.
    fn work(&self) {
        let mut state = self.lock();
        while !state.closed {
            let Some(job) = state.take(self.budget_bytes) else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            if job.deadline < Instant::now() {
                job.work.refuse(Refusal::Overloaded);
            } else {
                job.work.run();
            }
            state = self.lock();
            state.running -= 1;
            state.running_bytes -= job.cost.working_bytes;
            self.changed.notify_all();
        }
    }

    /// The life of the thread that refuses what has waited too long while every worker is busy.
    fn expire(&self) {
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            while state.queue.front().is_some_and(|job| job.deadline <= now) {
                if let Some(job) = state.pop() {
                    job.work.refuse(Refusal::Overloaded);
                }
            }
            let pause = state.queue.front().map(|job| job.deadline - now);
            state = match pause {
                Some(pause) => self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl State {
    /// The next job, when it fits; a job that never fits runs alone.
    fn take(&mut self, budget_bytes: u64) -> Option<Job> {
        self.forget_unwanted();
        let needed = self.queue.front()?.cost.working_bytes;
        let fits = self.running_bytes.saturating_add(needed) <= budget_bytes;
        if !fits && self.running > 0 {
            return None;
        }
        let job = self.pop()?;
        self.running += 1;
        self.running_bytes += needed;
        Some(job)
    }

    fn pop(&mut self) -> Option<Job> {
        let job = self.queue.pop_front()?;
        self.queued_bytes -= job.cost.waiting_bytes;
        Some(job)
    }

    fn forget_unwanted(&mut self) {
        self.queue.retain(|job| job.work.is_wanted());
        self.queued_bytes = self.queue.iter().map(|job| job.cost.waiting_bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};

    const SMALL: Cost = Cost { working_bytes: 10, waiting_bytes: 10 };
    const LARGE: Cost = Cost { working_bytes: 1000, waiting_bytes: 1000 };

    fn pool(workers: usize, max_wait: Duration) -> Pool {
        let settings =
            ImagingSettings { workers, budget_bytes: 100, queue_bytes: 1100, max_wait, ..ImagingSettings::default() };
        Pool::new(&settings).unwrap()
    }

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    /// Polls once: queues the job.
    fn start<T>(future: &mut std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn work_is_done_on_a_thread_of_the_pool() {
        let name = wait(pool(2, Duration::from_secs(60)).run(SMALL, || thread::current().name().map(str::to_owned)));
        assert!(name.unwrap().unwrap().starts_with("imaging-"));
    }

    #[test]
    fn a_panic_is_answered_and_the_worker_lives_on() {
        let pool = pool(1, Duration::from_secs(60));
        assert_eq!(
            wait(pool.run(SMALL, || -> u8 { panic!("a codec's") })),
            Err(Refusal::Panicked("a codec's".to_owned()))
        );
        assert_eq!(wait(pool.run(SMALL, || 7)), Ok(7));
    }

    #[test]
    fn what_waits_too_long_is_refused_while_the_worker_is_busy() {
        let pool = pool(1, Duration::from_millis(20));
        let (finish, finished) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel();
        let mut busy = pin!(pool.run(SMALL, move || {
            started.send(()).unwrap();
            finished.recv().unwrap();
        }));
        assert!(start(&mut busy).is_pending());
        has_started.recv().unwrap();
        assert_eq!(wait(pool.run(SMALL, || ())), Err(Refusal::Overloaded));
        finish.send(()).unwrap();
        assert_eq!(wait(busy), Ok(()));
    }

    #[test]
    fn what_does_not_fit_the_budget_waits_and_is_not_overtaken() {
        let pool = pool(4, Duration::from_secs(60));
        let (finish, finished) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel();
        let mut first = pin!(pool.run(SMALL, move || {
            started.send(()).unwrap();
            finished.recv().unwrap();
        }));
        assert!(start(&mut first).is_pending());
        has_started.recv().unwrap();
        let (order, ordered) = mpsc::channel();
        let (large, small) = (order.clone(), order);
        // Larger than the whole budget, so it must run alone; the small one behind it would fit.
        let mut second = pin!(pool.run(LARGE, move || large.send("large").unwrap()));
        let mut third = pin!(pool.run(SMALL, move || small.send("small").unwrap()));
        assert!(start(&mut second).is_pending());
        assert!(start(&mut third).is_pending());
        finish.send(()).unwrap();
        assert_eq!(wait(first), Ok(()));
        assert_eq!((wait(second), wait(third)), (Ok(()), Ok(())));
        assert_eq!(ordered.iter().collect::<Vec<_>>(), ["large", "small"]);
    }

    #[test]
    fn a_full_queue_refuses_at_once() {
        let pool = pool(1, Duration::from_secs(60));
        let (finish, finished) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel();
        let mut busy = pin!(pool.run(SMALL, move || {
            started.send(()).unwrap();
            finished.recv().unwrap();
        }));
        assert!(start(&mut busy).is_pending());
        has_started.recv().unwrap();
        let mut waiting = pin!(pool.run(LARGE, || ()));
        assert!(start(&mut waiting).is_pending());
        assert_eq!(pool.load(), Load { running: 1, waiting: 1, working_bytes: 10, budget_bytes: 100 });
        assert_eq!(wait(pool.run(LARGE, || ())), Err(Refusal::Overloaded));
        finish.send(()).unwrap();
        assert_eq!((wait(busy), wait(waiting)), (Ok(()), Ok(())));
    }

    #[test]
    fn a_dropped_caller_costs_no_work() {
        let pool = pool(1, Duration::from_secs(60));
        let (finish, finished) = mpsc::channel::<()>();
        let mut busy = pin!(pool.run(SMALL, move || finished.recv().unwrap()));
        assert!(start(&mut busy).is_pending());
        let (ran, has_run) = mpsc::channel();
        {
            let mut abandoned = pin!(pool.run(SMALL, move || ran.send(()).unwrap()));
            assert!(start(&mut abandoned).is_pending());
        }
        finish.send(()).unwrap();
        assert_eq!(wait(pool.run(SMALL, || 1)), Ok(1));
        assert!(has_run.recv().is_err(), "the sender went away unused");
    }

    #[test]
    fn waiting_work_is_refused_when_the_pool_goes() {
        let pool = pool(1, Duration::from_secs(60));
        let shared = Arc::clone(&pool.shared);
        let (finish, finished) = mpsc::channel::<()>();
        let (reply, answer) = oneshot::channel::<Result<(), Refusal>>();
        let work = Box::new(Task { work: move || finished.recv().unwrap_or(()), reply });
        shared.queue(Job { cost: SMALL, deadline: Instant::now() + Duration::from_secs(60), work }).unwrap();
        drop(pool);
        drop(finish);
        // Whether it had started or not, the caller hears.
        let heard = wait(answer);
        assert!(heard.is_err() || heard == Ok(Ok(())));
    }
}
