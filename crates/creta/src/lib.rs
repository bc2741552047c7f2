//! The command line and the composition root, as a library so that the end-to-end tests hold the same parts in hand.

mod activate;
pub mod cli;
mod client;
pub mod commands;
pub mod compose;
pub mod credentials;
mod export;
mod machine;
mod screen;

use clap::Parser;
use cli::{Cli, Command};
use creta_model::{Code, Letter};
use std::process::ExitCode;

/// Runs one command line; answers its exit status.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen::error_line(&format!("the asynchronous runtime could not start: {error}"));
            return ExitCode::from(6);
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Init(command) => commands::init::run(&command).map_err(Failure::from),
            Command::Up(command) => commands::up::run(command).await.map_err(Failure::from),
            Command::Apply(command) => commands::apply::run(command, cli.json).await.map_err(Failure::from),
            Command::Lint(command) => commands::lint::run(command, cli.json).await,
            Command::Diff(command) => commands::diff::run(command, cli.json).await,
            Command::Config(command) => {
                commands::config::run(&command, cli.json);
                Ok(())
            }
            Command::Features(command) => commands::listing::features(command, cli.json).await.map_err(Failure::from),
            Command::Resolvers(command) => commands::listing::resolvers(command, cli.json).await.map_err(Failure::from),
            Command::Query(command) => commands::query::run(command, cli.json).await,
            Command::Cancel(command) => commands::cancel::run(command, cli.json).await.map_err(Failure::from),
            Command::Train(command) => commands::train::run(command, cli.json).await.map_err(Failure::from),
            Command::Delete(command) => commands::remove::delete(command, cli.json).await.map_err(Failure::from),
            Command::Drop(command) => commands::remove::drop(command, cli.json).await.map_err(Failure::from),
            Command::Trigger(command) => commands::trigger::run(command, cli.json).await,
            Command::Incremental(command) => commands::incremental::run(command, cli.json).await.map_err(Failure::from),
            Command::Explain(command) => commands::explain::run(command, cli.json).await.map_err(Failure::from),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Letters(letters)) => {
            screen::letters(&letters, cli.json);
            exit_code(letters.first().map(|letter| letter.code))
        }
        Err(Failure::Shown(code)) => exit_code(Some(code)),
        Err(Failure::Status(status)) => ExitCode::from(status),
    }
}

/// Why a command ends with another status than 0.
#[derive(Debug)]
pub enum Failure {
    /// Still to be told.
    Letters(Vec<Letter>),
    /// Part of what was printed already.
    Shown(Code),
    /// No error, but an answer that a script reads from the exit status.
    Status(u8),
}

impl From<Vec<Letter>> for Failure {
    fn from(letters: Vec<Letter>) -> Failure {
        Failure::Letters(letters)
    }
}

fn exit_code(code: Option<Code>) -> ExitCode {
    let status = code.unwrap_or(Code::Bug).exit_status();
    ExitCode::from(u8::try_from(status).unwrap_or(6))
}
