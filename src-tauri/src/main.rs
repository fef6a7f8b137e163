//! The desktop host: a window around the command list. It is thin on purpose: it opens the window, hands calls to
//! [`gatewright_api`], and knows nothing of specs, gates or releases. It is the only crate that knows Tauri.

#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod again;
mod argument;
mod command;
mod demo;
mod desktop;
mod window;

use std::{io, process::ExitCode};

use argument::{Asked, Opening};
use tracing_subscriber::EnvFilter;

/// Exit code of a start with arguments that nobody understands; as the command line's.
const USAGE: u8 = 2;
/// Exit code of a start that the machine did not allow; as the command line's.
const INTERNAL: u8 = 70;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(EnvFilter::try_from_env("GATEWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("warn")))
        .init();
    match argument::parse(std::env::args_os().skip(1), std::env::current_dir().ok().as_deref()) {
        Asked::Show(opening) => show(opening),
        Asked::Tell(text) => {
            say(&mut io::stdout().lock(), &text);
            ExitCode::SUCCESS
        }
        Asked::Nonsense(why) => {
            say(&mut io::stderr().lock(), &why);
            ExitCode::from(USAGE)
        }
    }
}

fn show(opening: Opening) -> ExitCode {
    let shown = window::screen().and_then(|()| window::run(opening));
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if window::first_is_going(&error) {
                again::start();
            }
            say(&mut io::stderr().lock(), &format!("{error:#}"));
            ExitCode::from(INTERNAL)
        }
    }
}

/// A closed stream is no reason to fail: there is nobody left to tell.
fn say(to: &mut dyn io::Write, text: &str) {
    let _ = writeln!(to, "{}", text.trim_end());
}
