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
            Command::Init(command) => commands::init::run(&command),
            Command::Up(command) => commands::up::run(command).await,
            Command::Apply(command) => commands::apply::run(command, cli.json).await,
            Command::Query(command) => commands::query::run(command, cli.json).await,
            Command::Train(command) => commands::train::run(command, cli.json).await,
            Command::Explain(command) => commands::explain::run(command, cli.json).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(letters) => {
            screen::letters(&letters, cli.json);
            let status = letters.iter().map(|letter| letter.code.exit_status()).next().unwrap_or(6);
            ExitCode::from(u8::try_from(status).unwrap_or(6))
        }
    }
}
