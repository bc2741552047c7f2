//! One worker process: started, spoken to, and ended together with everything it has started itself.

use crate::environment;
use crate::frame::{Exchange, Header, Lost};
use crate::letters;
use crate::output::{Journal, LogLine, Speaker, Stream, capture};
use crate::settings::WorkerSettings;
use creta_model::Letter;
use creta_model::errors::Place;
use creta_ports::Result;
use creta_ports::python::Call;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a process whose socket is closed may take to be gone.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long its output may take to arrive after it is gone; a grandchild may hold the pipe open for ever.
const LAST_LINES: Duration = Duration::from_millis(200);
/// Lines on stderr that a letter about a failed start quotes.
const QUOTED_LINES: usize = 8;

pub(crate) struct Worker {
    child: Child,
    pid: u32,
    stream: UnixStream,
    exchange: Exchange,
    speaker: Speaker,
    readers: JoinSet<()>,
}

impl Worker {
    /// Starts a process and waits until it has imported the project. `socket` is a free path.
    pub async fn start(settings: &WorkerSettings, socket: &Path, journal: &Arc<Journal>) -> Result<Worker> {
        let listener = UnixListener::bind(socket).map_err(|error| letters::machinery("its socket", error))?;
        let started = Worker::launch(settings, socket, listener, journal);
        let started = timeout(settings.start_up, started).await;
        // Nobody but the process that was just started connects to a socket.
        let _ = std::fs::remove_file(socket);
        started.unwrap_or_else(|_| Err(letters::slow_start(settings.start_up)))
    }

    async fn launch(
        settings: &WorkerSettings,
        socket: &Path,
        listener: UnixListener,
        journal: &Arc<Journal>,
    ) -> Result<Worker> {
        let mut child = command(settings, socket)
            .spawn()
            .map_err(|error| letters::machinery(&settings.python.display().to_string(), error))?;
        let pid = child.id().unwrap_or_default();
        let speaker = Speaker::default();
        let mut readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(capture(stdout, Stream::Stdout, pid, speaker.clone(), journal.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(capture(stderr, Stream::Stderr, pid, speaker.clone(), journal.clone()));
        }
        let stream = tokio::select! {
            connected = listener.accept() => connected.map_err(|error| letters::machinery("its socket", error))?.0,
            end = child.wait() => {
                collect(&mut readers).await;
                return Err(letters::not_started(&settings.python, end.ok(), &complaint(journal, pid)));
            }
        };
        let mut worker = Worker { child, pid, stream, exchange: Exchange::default(), speaker, readers };
        match worker.greeting().await {
            Ok(Header::Ready { python, pid }) => {
                tracing::debug!(python, pid, "a worker process is ready");
                Ok(worker)
            }
            Ok(Header::Failed { error }) => Err(letters::import_failed(&error)),
            Ok(Header::Result { .. }) | Err(Lost::Garbled(_)) => {
                Err(letters::garbled("(start)", "a worker must begin with `ready`"))
            }
            Err(Lost::NotBegun | Lost::Died) => {
                let end = worker.end().await;
                Err(letters::not_started(&settings.python, end, &complaint(journal, pid)))
            }
        }
    }

    async fn greeting(&mut self) -> std::result::Result<Header, Lost> {
        self.exchange.expect();
        self.exchange.drive(&mut self.stream).await?;
        self.exchange.take().map(|(header, _)| header)
    }

    /// Makes a call ready to be sent.
    pub fn begin(&mut self, id: u64, call: &Call) -> Result<()> {
        self.speaker.is(&call.resolver);
        self.exchange.call(id, &call.resolver, call.rows, call.batch.as_ref(), &call.query_context).map_err(|error| {
            Letter::new(
                creta_model::Code::Bug,
                format!("The arguments of `{}` could not be encoded: {error}.", call.resolver),
            )
        })
    }

    /// Sends the call and waits for the answer; may be dropped and called again.
    pub async fn exchange(&mut self) -> std::result::Result<(), Lost> {
        self.exchange.drive(&mut self.stream).await
    }

    pub fn answer(&mut self) -> std::result::Result<(Header, Vec<u8>), Lost> {
        self.exchange.take()
    }

    /// The process id, which is also the number of its process group.
    pub fn process(&self) -> u32 {
        self.pid
    }

    pub fn is_busy(&self) -> bool {
        self.exchange.is_waiting()
    }

    /// The process closed its socket while it was idle.
    pub fn has_left(&self) -> bool {
        !matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// How a process ended that has closed its socket.
    pub async fn end(&mut self) -> Option<ExitStatus> {
        let end = match timeout(LAST_WORDS, self.child.wait()).await {
            Ok(end) => end.ok(),
            Err(_) => None,
        };
        collect(&mut self.readers).await;
        end
    }

    /// The line of the project at which native code crashed, from what Python printed about it.
    pub fn crash_place(&self, root: &Path, journal: &Journal) -> Option<Place> {
        let lines = journal.lines();
        let own = lines.iter().filter(|line| line.worker == self.pid && line.stream == Stream::Stderr);
        let after: Vec<&LogLine> = own.skip_while(|line| !line.text.starts_with("Fatal Python error")).collect();
        after.iter().find_map(|line| crash_line(&line.text, root))
    }

    /// Ends the process at once, with its whole process group.
    pub async fn kill(mut self) {
        let _ = self.child.start_kill();
        // The group's number stays taken until the process is reaped below, so it can mean no other group.
        kill_group(self.pid).await;
        let _ = self.child.wait().await;
    }

    /// Lets an idle process end by closing its socket; kills it when it does not.
    pub async fn stop(self) {
        let Worker { mut child, pid, stream, readers, .. } = self;
        drop(stream);
        if timeout(LAST_WORDS, child.wait()).await.is_err() {
            let _ = child.start_kill();
            kill_group(pid).await;
            let _ = child.wait().await;
        }
        drop(readers);
    }
}

fn command(settings: &WorkerSettings, socket: &Path) -> Command {
    let mut command = Command::new(&settings.python);
    command.args(["-m", "creta.worker", "--socket"]).arg(socket);
    command.arg("--bundle").arg(&settings.bundle).arg("--root").arg(&settings.root);
    command.current_dir(&settings.root).env_clear().envs(environment::variables(settings));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    command
}

/// The standard library signals single processes only, so a shell signals the group.
pub(crate) async fn kill_group(leader: u32) {
    let killer = Command::new("/bin/sh")
        .args(["-c", "kill -s KILL -- \"-$0\""])
        .arg(leader.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if let Err(error) = killer.await {
        tracing::warn!(%error, "children of a worker process may still be running");
    }
}

async fn collect(readers: &mut JoinSet<()>) {
    let all = async { while readers.join_next().await.is_some() {} };
    let _ = timeout(LAST_LINES, all).await;
}

fn complaint(journal: &Journal, pid: u32) -> Vec<String> {
    let lines = journal.lines();
    let own = lines.into_iter().filter(|line| line.worker == pid && line.stream == Stream::Stderr);
    let mut texts: Vec<String> = own.map(|line| line.text).collect();
    texts.split_off(texts.len().saturating_sub(QUOTED_LINES))
}

/// `  File "/root/features.py", line 3 in compute` → features.py:3.
fn crash_line(text: &str, root: &Path) -> Option<Place> {
    let (file, rest) = text.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    let line = rest.split(' ').next()?.parse().ok()?;
    let file = Path::new(file).strip_prefix(root).ok()?;
    Some(Place { file: file.to_str()?.to_owned(), line })
}
