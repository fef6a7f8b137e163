//! The command line of Gatewright: the app's peer, over the same engine. It reads words, calls one function of the
//! api for each command, and shows the document that it returns.

mod args;
mod command;
mod demo;
mod exit;
mod output;
mod progress;
mod show;

use std::process::ExitCode;

use clap::Parser as _;
use gatewright_api::error::ApiError;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    args::Cli,
    exit::{Exit, Interrupted},
    output::Output,
};

/// The variable that turns on what the engine tells of itself.
const LOG_VARIABLE: &str = "GATEWRIGHT_LOG";

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(unparsed(&error) as u8),
    };
    let output = Output::new(cli.common.json, cli.common.quiet, cli.common.no_color);
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error("internal", &format!("the program cannot start: {error}"), None);
            return ExitCode::from(Exit::Internal as u8);
        }
    };
    let cancel = CancellationToken::new();
    runtime.spawn(listen_for_interrupt(cancel.clone()));
    let exit = match runtime.block_on(command::execute(cli, output, cancel)) {
        Ok(exit) => exit,
        Err(error) => refused(output, &error),
    };
    let exit = if output.tell_loss() { Exit::Internal } else { exit };
    ExitCode::from(exit as u8)
}

/// Help was asked for, or the words do not fit.
fn unparsed(error: &clap::Error) -> Exit {
    let asked = |word: &str| std::env::args_os().any(|given| given == word);
    let output = Output::new(asked("--json"), false, asked("--no-color"));
    let text = if output.colour { error.render().ansi().to_string() } else { error.render().to_string() };
    let exit = if error.use_stderr() {
        output.usage(text.trim_end());
        Exit::Usage
    } else {
        output.raw(&text);
        Exit::Done
    };
    if output.tell_loss() { Exit::Internal } else { exit }
}

/// The first interrupt stops cleanly; a second one ends the program.
async fn listen_for_interrupt(cancel: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        cancel.cancel();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(Exit::Interrupted as i32);
    }
}

fn refused(output: Output, error: &anyhow::Error) -> Exit {
    if error.is::<Interrupted>() {
        return Exit::Interrupted;
    }
    match error.downcast_ref::<ApiError>() {
        Some(known) => {
            let code = serde_json::to_value(known.code).ok();
            let code = code.as_ref().and_then(|code| code.as_str()).unwrap_or("internal");
            output.error(code, &known.message, known.hint.as_deref());
            Exit::of_error(known.code)
        }
        None => {
            output.error("internal", &format!("{error:#}"), None);
            Exit::Internal
        }
    }
}
