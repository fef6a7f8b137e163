//! The one writer of this process: a thread that takes writes from a bounded queue.
//!
//! What is queued when a transaction begins shares it, so under load writes batch by themselves and alone they
//! wait for nobody. Each that shares one has its savepoint: a write that is refused takes no other with it. An answer
//! goes out only after the commit.

use std::{
    cell::RefCell,
    collections::VecDeque,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc, oneshot};
use zstd::bulk::Compressor;

use super::{Read, Write, error::StoreError, folder::Folder, object::Objects, sequence::Sequence, table};
use crate::{clock::Clock, event::Event};

/// Writes waiting at most; who comes later waits for a place.
const WRITES_QUEUED_MAX: usize = 1_024;
/// Writes in one transaction at most.
const BATCH_WRITES_MAX: usize = 1_024;
/// A transaction takes no further write after this long.
const BATCH_MS_MAX: u64 = 250;
/// After a long transaction, so that another process gets its turn.
const TURN_MS: u64 = 4;

/// What a power cut may take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Durability {
    /// Rows of a run: a power cut may take the last of them, a killed process none.
    Normal,
    /// Verdicts, decisions, releases, the log: on the disk before the answer, with everything before them.
    Full,
}

/// A write with its answer.
trait Job: Send {
    fn durability(&self) -> Durability;
    /// May run again when the whole transaction is repeated.
    fn act(&mut self, write: &Write<'_>) -> Result<(), StoreError>;
    fn refuse(&mut self, error: StoreError);
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<T, F> {
    durability: Durability,
    act: F,
    result: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnMut(&Write<'_>) -> Result<T, StoreError> + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn act(&mut self, write: &Write<'_>) -> Result<(), StoreError> {
        self.result = Ok((self.act)(write)?);
        Ok(())
    }

    fn refuse(&mut self, error: StoreError) {
        self.result = Err(error);
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        // Whoever asked may have gone; what was written stays written.
        let _ = self.reply.send(committed.and(self.result));
    }
}

enum Command {
    Write(Box<dyn Job>),
    ChangedElsewhere(oneshot::Sender<Result<bool, StoreError>>),
}

/// The handle to the thread. Dropping it ends the thread once the queue is empty.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        folder: Folder,
        clock: Arc<dyn Clock>,
        events: broadcast::Sender<Event>,
    ) -> Result<Self, StoreError> {
        let (queue, commands) = mpsc::channel(WRITES_QUEUED_MAX);
        let (objects, path) = (Objects::new(folder.objects()), folder.database());
        let data_version = data_version(&connection)?;
        let packer = RefCell::new(table::packer()?);
        let pen = Pen {
            connection,
            folder,
            objects,
            clock,
            packer,
            events,
            synchronous: Durability::Normal,
            data_version,
        };
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || pen.run(commands))
            .map_err(StoreError::file(path))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(crate) async fn write<T, F>(&self, durability: Durability, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (job, answer) = work(durability, act);
        self.queue()?.send(Command::Write(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(crate) fn write_blocking<T, F>(&self, durability: Durability, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (job, answer) = work(durability, act);
        self.queue()?.blocking_send(Command::Write(job)).map_err(|_| StoreError::Closed)?;
        answer.blocking_recv().map_err(|_| StoreError::Closed)?
    }

    pub(crate) async fn changed_elsewhere(&self) -> Result<bool, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue()?.send(Command::ChangedElsewhere(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    fn queue(&self) -> Result<&mpsc::Sender<Command>, StoreError> {
        self.queue.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn work<T, F>(durability: Durability, act: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnMut(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Work { durability, act, result: Err(StoreError::Closed), reply }), answer)
}

fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

/// What the thread holds.
struct Pen {
    connection: Connection,
    folder: Folder,
    objects: Objects,
    clock: Arc<dyn Clock>,
    packer: RefCell<Compressor<'static>>,
    events: broadcast::Sender<Event>,
    synchronous: Durability,
    data_version: i64,
}

impl Pen {
    fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut jobs = VecDeque::new();
        while let Some(command) = commands.blocking_recv() {
            self.take(command, &mut jobs);
            while jobs.len() < BATCH_WRITES_MAX
                && let Ok(command) = commands.try_recv()
            {
                self.take(command, &mut jobs);
            }
            while !jobs.is_empty() {
                self.write_some(&mut jobs);
            }
        }
    }

    fn take(&mut self, command: Command, jobs: &mut VecDeque<Box<dyn Job>>) {
        match command {
            Command::Write(job) => jobs.push_back(job),
            Command::ChangedElsewhere(reply) => {
                // Of the writing connection: it moves only when another connection wrote, and only other
                // processes have one.
                let found = data_version(&self.connection);
                let _ =
                    reply.send(found.map(|found| std::mem::replace(&mut self.data_version, found) != found));
            }
        }
    }

    /// Writes as many of the jobs as fit into one transaction, and answers them.
    fn write_some(&mut self, jobs: &mut VecDeque<Box<dyn Job>>) {
        let started = Instant::now();
        let full = jobs.iter().any(|job| job.durability() == Durability::Full);
        let mut written = self.transact(jobs, full);
        if full && matches!(written, Err(StoreError::DiskFull)) && self.folder.free_reserve() {
            written = self.transact(jobs, full);
        }
        let (count, told, committed) = match written {
            Ok((count, told)) => (count, told, Ok(())),
            Err(error) => (jobs.len(), Vec::new(), Err(error)),
        };
        for job in jobs.drain(..count) {
            job.answer(committed.clone());
        }
        for event in told {
            // Nobody listening is no error.
            let _ = self.events.send(event);
        }
        if started.elapsed() >= Duration::from_millis(BATCH_MS_MAX) {
            std::thread::sleep(Duration::from_millis(TURN_MS));
        }
    }

    /// One transaction: how many jobs it holds, and what they tell. On an error nothing was written.
    fn transact(
        &mut self,
        jobs: &mut VecDeque<Box<dyn Job>>,
        full: bool,
    ) -> Result<(usize, Vec<Event>), StoreError> {
        self.set_synchronous(if full { Durability::Full } else { Durability::Normal })?;
        self.say("BEGIN IMMEDIATE")?;
        let written = self.act(jobs, full).and_then(|done| {
            self.say("COMMIT")?;
            Ok(done)
        });
        if written.is_err() && !self.connection.is_autocommit() {
            self.say("ROLLBACK")?;
        }
        written
    }

    fn act(&self, jobs: &mut VecDeque<Box<dyn Job>>, full: bool) -> Result<(usize, Vec<Event>), StoreError> {
        let started = Instant::now();
        let sequence = Sequence::default();
        let mut told = Vec::new();
        let mut acted = 0;
        // Alone the transaction itself is what is taken back. A savepoint copies every page first, and each statement
        // then walks through all the copies: of many rows that is most of the time.
        let alone = jobs.len() == 1;
        for job in jobs.iter_mut() {
            if !alone {
                self.say("SAVEPOINT job")?;
            }
            let write = Write {
                read: Read { connection: &self.connection, objects: &self.objects },
                clock: &*self.clock,
                packer: &self.packer,
                sequence: &sequence,
                told: RefCell::new(Vec::new()),
            };
            match job.act(&write) {
                Ok(()) => told.extend(write.told.into_inner()),
                // SQLite gave up the transaction, or the reserve will help: the whole batch decides.
                Err(error)
                    if alone
                        || self.connection.is_autocommit()
                        || (full && matches!(error, StoreError::DiskFull)) =>
                {
                    return Err(error);
                }
                Err(error) => {
                    self.say("ROLLBACK TO job")?;
                    job.refuse(error);
                }
            }
            if !alone {
                self.say("RELEASE job")?;
            }
            acted += 1;
            if started.elapsed() >= Duration::from_millis(BATCH_MS_MAX) {
                break;
            }
        }
        sequence.keep(&self.connection)?;
        Ok((acted, told))
    }

    /// A word of the transaction, prepared once.
    fn say(&self, word: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(word)?.execute([])?;
        Ok(())
    }

    /// Cannot be changed inside a transaction.
    fn set_synchronous(&mut self, wanted: Durability) -> Result<(), StoreError> {
        if self.synchronous != wanted {
            let value = if wanted == Durability::Full { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", value)?;
            self.synchronous = wanted;
        }
        Ok(())
    }
}
