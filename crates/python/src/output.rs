//! Captures what worker processes print, line by line and within bounded memory.

use crate::settings::LogSink;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Lines that a pool remembers.
const LINES: usize = 1_000;
/// The rest of a longer line is dropped.
const LINE_BYTES: usize = 8 * 1_024;

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// One line that the user's code printed.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// The resolver that was running, or ran last; none while the project is imported.
    pub resolver: Option<Arc<str>>,
    /// Process id of the worker.
    pub worker: u32,
    pub stream: Stream,
    pub text: String,
}

/// The default sink: one event per line.
pub(crate) fn trace(line: &LogLine) {
    let resolver = line.resolver.as_deref().unwrap_or("(import)");
    tracing::info!(target: "creta::resolver", resolver, worker = line.worker, stream = ?line.stream, "{}", line.text);
}

/// The newest lines of all workers of a pool.
pub(crate) struct Journal {
    sink: LogSink,
    lines: Mutex<VecDeque<LogLine>>,
}

impl Journal {
    pub fn new(sink: LogSink) -> Journal {
        Journal { sink, lines: Mutex::new(VecDeque::new()) }
    }

    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn add(&self, line: LogLine) {
        (self.sink)(&line);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// The resolver to which a worker's lines belong.
#[derive(Clone, Default)]
pub(crate) struct Speaker(Arc<Mutex<Option<Arc<str>>>>);

impl Speaker {
    /// Lines that come late still belong to the last resolver, so nothing is said at the end of a call.
    pub fn is(&self, resolver: &str) {
        let mut speaker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if speaker.as_deref() != Some(resolver) {
            *speaker = Some(resolver.into());
        }
    }

    fn name(&self) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads one stream of one worker until it is closed.
pub(crate) async fn capture(
    from: impl AsyncRead + Unpin,
    stream: Stream,
    worker: u32,
    speaker: Speaker,
    journal: Arc<Journal>,
) {
    let mut reader = BufReader::with_capacity(LINE_BYTES, from);
    let mut line = Vec::new();
    let emit = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        journal.add(LogLine { resolver: speaker.name(), worker, stream, text });
    };
    while let Ok(chunk) = reader.fill_buf().await {
        if chunk.is_empty() {
            break;
        }
        let length = chunk.len();
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES.saturating_sub(line.len());
            line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                emit(&mut line);
            }
        }
        reader.consume(length);
    }
    if !line.is_empty() {
        emit(&mut line);
    }
}
