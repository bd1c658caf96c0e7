//! The body of an S3 object as a blocking reader, taken up again where the connection breaks.
//!
//! A task on the runtime reads the body and hands the chunks over; it may be at most [`IN_FLIGHT`] bytes ahead of the
//! reader. The end of the body is a message of its own, sent only when as many bytes came as the first answer
//! promised: a task that dies can never look like the end of an object.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};
use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::s3::{Resume, system_time, unquoted};
use super::s3_error::reason;
use super::{FetchError, Inner, ObjectRef, Opened};
use crate::error::ErrorClass;

/// Bytes of one body that were received and not read yet.
const IN_FLIGHT: u32 = 2 << 20;
/// Tries to go on after a cut, without getting [`PROGRESS`] bytes further, each after the client's own retries.
const TRIES: u32 = 5;
/// Getting this much further makes the number of tries start again.
const PROGRESS: u64 = 1 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// From the task to the reader, in this order: `Opened`, chunks, `End`; or an error at any point.
enum Message {
    Opened(Box<ObjectRef>),
    Chunk(Bytes, OwnedSemaphorePermit),
    End,
    Failed(FetchError),
}

/// Sends the GET and waits for the head of the answer.
pub(super) fn open(inner: &Arc<Inner>, object: &ObjectRef) -> Result<Opened, FetchError> {
    let (sender, messages) = unbounded();
    let download = Download { inner: Arc::clone(inner), object: object.clone(), out: sender };
    let task = inner.runtime.spawn(download.run()).abort_handle();
    let stopped = || FetchError::Stopped { place: object.to_string() };
    let reader = Reader { messages, task, chunk: None, state: State::Reading, place: object.to_string() };
    match reader.messages.recv() {
        Ok(Message::Opened(object)) => Ok(Opened { object: *object, body: Box::new(reader) }),
        Ok(Message::Failed(error)) => Err(error),
        Ok(Message::Chunk(..) | Message::End) | Err(_) => Err(stopped()),
    }
}

struct Reader {
    messages: Receiver<Message>,
    task: AbortHandle,
    chunk: Option<(Bytes, OwnedSemaphorePermit)>,
    state: State,
    place: String,
}

enum State {
    Reading,
    Ended,
    Failed(FetchError),
}

impl Reader {
    fn take(&mut self, message: Message) {
        match message {
            Message::Chunk(bytes, permit) => self.chunk = Some((bytes, permit)),
            Message::End => self.state = State::Ended,
            Message::Failed(error) => self.state = State::Failed(error),
            Message::Opened(_) => {}
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            if let Some((bytes, _permit)) = &mut self.chunk {
                let rest = buffer.get_mut(filled..).unwrap_or_default();
                let count = bytes.len().min(rest.len());
                bytes.copy_to_slice(rest.get_mut(..count).unwrap_or_default());
                filled += count;
                if bytes.is_empty() {
                    self.chunk = None;
                }
                continue;
            }
            match &self.state {
                State::Reading => {}
                // What was read before goes out first; the next call says why it ends.
                State::Ended | State::Failed(_) if filled > 0 => break,
                State::Ended => return Ok(0),
                State::Failed(error) => return Err(error.clone().into_io()),
            }
            let stopped = || Message::Failed(FetchError::Stopped { place: self.place.clone() });
            let message = if filled == 0 {
                self.messages.recv().unwrap_or_else(|_| stopped())
            } else {
                match self.messages.try_recv() {
                    Ok(message) => message,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => stopped(),
                }
            };
            self.take(message);
        }
        Ok(filled)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Download {
    inner: Arc<Inner>,
    object: ObjectRef,
    out: Sender<Message>,
}

/// What the first answer said; the rest has to be of the same object.
struct Found {
    size: Option<u64>,
    etag: Option<String>,
    version_id: Option<String>,
}

/// The reader went away.
struct Gone;

impl Download {
    async fn run(self) {
        let last = match self.inner.s3.get(&self.object, None).await {
            Ok(answer) => self.stream(answer).await,
            Err(error) => Ok(Message::Failed(error)),
        };
        if let Ok(message) = last {
            let _ = self.out.send(message);
        }
    }

    /// The whole body; returns the message that ends it.
    async fn stream(&self, answer: GetObjectOutput) -> Result<Message, Gone> {
        let found = Found {
            size: answer.content_length().and_then(|size| u64::try_from(size).ok()),
            etag: answer.e_tag().map(str::to_owned),
            version_id: answer.version_id().map(str::to_owned).or_else(|| self.object.version_id.clone()),
        };
        self.send(Message::Opened(Box::new(self.describe(&answer, &found))))?;
        let room = Arc::new(Semaphore::new(IN_FLIGHT as usize));
        let mut body = answer.body;
        let (mut offset, mut tries, mut tried_at) = (0_u64, 0_u32, 0_u64);
        loop {
            let cut = match self.forward(&mut body, &mut offset, &room).await? {
                Ok(()) if found.size.is_none_or(|size| size == offset) => return Ok(Message::End),
                Ok(()) => "fewer bytes than promised".to_owned(),
                Err(words) => words,
            };
            if found.size.is_some_and(|size| offset >= size) {
                return Ok(Message::Failed(FetchError::Damaged {
                    place: self.object.to_string(),
                    reason: cut,
                }));
            }
            if offset.saturating_sub(tried_at) >= PROGRESS {
                tries = 0;
            }
            tried_at = offset;
            body = match self.resume(&found, offset, &mut tries, cut).await {
                Ok(rest) => rest,
                Err(error) => return Ok(Message::Failed(error)),
            };
        }
    }

    /// Hands over what comes until the body ends, or breaks with the words returned.
    async fn forward(
        &self,
        body: &mut ByteStream,
        offset: &mut u64,
        room: &Arc<Semaphore>,
    ) -> Result<Result<(), String>, Gone> {
        loop {
            let mut bytes = match body.next().await {
                Some(Ok(bytes)) => bytes,
                Some(Err(error)) => return Ok(Err(reason(&error))),
                None => return Ok(Ok(())),
            };
            *offset += bytes.len() as u64;
            while !bytes.is_empty() {
                let chunk = bytes.split_to(bytes.len().min(IN_FLIGHT as usize));
                let length = u32::try_from(chunk.len()).unwrap_or(IN_FLIGHT);
                let permit = Arc::clone(room).acquire_many_owned(length).await.map_err(|_| Gone)?;
                self.send(Message::Chunk(chunk, permit))?;
            }
        }
    }

    /// The body from `offset` on, of the very same object.
    async fn resume(
        &self,
        found: &Found,
        offset: u64,
        tries: &mut u32,
        mut cut: String,
    ) -> Result<ByteStream, FetchError> {
        let place = self.object.to_string();
        if found.etag.is_none() && found.version_id.is_none() {
            return Err(FetchError::Cut { place, offset, reason: cut });
        }
        while *tries < TRIES {
            let pause = pause_before(*tries);
            *tries += 1;
            tracing::debug!(place, offset, tries, ?pause, cut, "body was cut, going on from there");
            tokio::time::sleep(pause).await;
            let rest =
                Resume { offset, etag: found.etag.as_deref(), version_id: found.version_id.as_deref() };
            match self.inner.s3.get(&self.object, Some(rest)).await {
                Ok(answer) if starts_at(&answer, offset, found.size) => return Ok(answer.body),
                Ok(_) => cut = "the service did not answer with the rest that was asked for".to_owned(),
                Err(error @ FetchError::Replaced { .. }) => return Err(error),
                Err(error) if error.class() == ErrorClass::Transient => cut = error.to_string(),
                Err(error) => return Err(error),
            }
        }
        Err(FetchError::Cut { place, offset, reason: cut })
    }

    fn describe(&self, answer: &GetObjectOutput, found: &Found) -> ObjectRef {
        ObjectRef {
            version_id: found.version_id.clone(),
            etag: found.etag.as_deref().map(unquoted).or_else(|| self.object.etag.clone()),
            size: found.size.or(self.object.size),
            modified: answer.last_modified().and_then(system_time).or(self.object.modified),
            ..self.object.clone()
        }
    }

    fn send(&self, message: Message) -> Result<(), Gone> {
        self.out.send(message).map_err(|_| Gone)
    }
}

/// `Content-Range: bytes 5-9/10` for offset 5 of 10.
fn starts_at(answer: &GetObjectOutput, offset: u64, size: Option<u64>) -> bool {
    let Some((range, total)) = answer.content_range().and_then(|text| text.split_once('/')) else {
        return false;
    };
    let start = range.strip_prefix("bytes ").and_then(|range| range.split_once('-')).map(|(start, _)| start);
    let same_size = size.is_none_or(|size| total.parse() == Ok(size));
    start.and_then(|start| start.parse().ok()) == Some(offset) && same_size
}

/// Full jitter: anything up to the doubled pause, so that many cut bodies do not come back at once.
fn pause_before(tries: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST_PAUSE);
    // A fresh RandomState is seeded by the system: random enough to spread, and no dependency.
    let random = RandomState::new().hash_one(tries);
    longest.mul_f64((random % 1024) as f64 / 1024.0)
}
