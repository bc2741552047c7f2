//! What the pool writes when a worker does not answer.

use crate::breaker::CRASHES;
use crate::frame::Failure;
use creta_model::errors::{Exception, Place};
use creta_model::{Code, Letter, duration};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

pub(crate) fn timed_out(resolver: &str, limit: Duration) -> Letter {
    Letter::new(Code::ResolverTimedOut, format!("`{resolver}` took longer than {}.", shown(limit)))
        .fix("Give the resolver a longer `timeout`, or let it do less per call.")
        .resolver(resolver)
}

pub(crate) fn died(resolver: &str, end: Option<ExitStatus>, place: Option<&Place>) -> Letter {
    let letter = Letter::new(
        Code::WorkerDied,
        format!("The worker process {} while it ran `{resolver}`.", end.map_or("ended".to_owned(), ended)),
    )
    .resolver(resolver);
    let letter = match place {
        Some(place) => letter.at(place),
        None => letter,
    };
    letter.fix(match end.and_then(|end| end.signal()) {
        Some(9) => "Signal 9 often means that memory ran out; let the resolver hold less at once.",
        Some(_) => {
            "Native code crashed; the resolver's log has the lines before it. Check the versions of its libraries."
        }
        None => "Let the function return or raise instead of ending its process.",
    })
}

pub(crate) fn never_begun(resolver: &str) -> Letter {
    let message = format!("Several worker processes ended before they had read the arguments of `{resolver}`.");
    Letter::new(Code::WorkerDied, message)
        .fix("The arguments may need more memory than there is; ask for fewer rows at once.")
        .resolver(resolver)
}

pub(crate) fn garbled(resolver: &str, why: &str) -> Letter {
    let message = format!("The worker process answered the call of `{resolver}` with something unreadable: {why}.");
    Letter::new(Code::WorkerDied, message)
        .fix("Install the version of the `creta` package that belongs to this server.")
        .resolver(resolver)
}

pub(crate) fn resting(resolver: &str, rest: Duration) -> Letter {
    let seconds = rest.as_secs() + 1;
    let message =
        format!("`{resolver}` ended its process {CRASHES} times in a minute and is not called for {seconds} s.");
    Letter::new(Code::WorkerDied, message)
        .fix("Find out from the resolver's log why it ends its process; other resolvers keep running.")
        .resolver(resolver)
}

pub(crate) fn overloaded(resolver: &str, why: &str) -> Letter {
    Letter::new(Code::Overloaded, format!("`{resolver}` was not called: {why}."))
        .fix("Send fewer queries at once, or start the server with more worker processes.")
        .resolver(resolver)
}

pub(crate) fn closing(resolver: &str) -> Letter {
    Letter::new(Code::Cancelled, format!("`{resolver}` was not called: the workers are being stopped."))
        .resolver(resolver)
}

pub(crate) fn import_failed(failure: &Failure) -> Letter {
    let message = format!("The project cannot be imported: {}: {}", failure.kind, failure.message);
    let letter = Letter::new(Code::ImportFailed, message).exception(exception(failure));
    match place(failure) {
        Some(place) => letter.at(&place),
        None => letter,
    }
}

/// The process ended before it said anything. `words` are its last lines on stderr.
pub(crate) fn not_started(python: &Path, end: Option<ExitStatus>, words: &[String]) -> Letter {
    let how = end.map_or("ended".to_owned(), ended);
    let mut message = format!("A worker process of {} {how} before it was ready.", python.display());
    if !words.is_empty() {
        message = format!("{message} It said: {}", words.join("\n"));
    }
    Letter::new(Code::ImportFailed, message)
        .fix(format!("Run `{} -m creta.worker --help` to see whether the SDK works there.", python.display()))
}

pub(crate) fn slow_start(limit: Duration) -> Letter {
    Letter::new(Code::ImportFailed, format!("The project was not imported within {}.", shown(limit)))
        .fix("Move slow work out of module level: load models and open connections when they are first used.")
}

pub(crate) fn machinery(what: &str, error: impl std::fmt::Display) -> Letter {
    Letter::new(Code::ImportFailed, format!("No worker process could be started: {what}: {error}."))
        .fix("Check the interpreter's path, the rights on the temporary folder and the limits on processes.")
}

pub(crate) fn exception(failure: &Failure) -> Exception {
    Exception { kind: failure.kind.clone(), message: failure.message.clone(), stacktrace: failure.stacktrace.clone() }
}

pub(crate) fn place(failure: &Failure) -> Option<Place> {
    Some(Place { file: failure.file.clone()?, line: failure.line? })
}

fn shown(limit: Duration) -> String {
    duration::display(i64::try_from(limit.as_micros()).unwrap_or(i64::MAX))
}

fn ended(status: ExitStatus) -> String {
    let name = |signal| match signal {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => "",
    };
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}{}", name(signal)),
        (None, Some(code)) => format!("exited with status {code}"),
        (None, None) => "ended".to_owned(),
    }
}
