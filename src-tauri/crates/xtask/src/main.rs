//! `cargo xtask`: set-up and chores, in plain `std`, so that it starts in seconds on a machine where nothing is
//! built yet. A command is a file; what commands share stands in `step`, `place`, `need`, `interface` and
//! `display`.

mod demo;
mod display;
mod interface;
mod lint;
mod need;
mod place;
mod rates;
mod say;
mod step;
mod story;
mod test;

use std::process::ExitCode;

use say::say;
use step::{Failure, Steps};

/// What there is.
const HELP: &str = "\
Chores of this repository. Each installs what it needs first (Debian and Ubuntu packages through
apt; elsewhere it says what to install), and may be run again at any time.

  cargo xtask demo [--headless]   build everything and open the app on the sample workspace;
                                  without a display, or with --headless, play the sample's
                                  story in the terminal
  cargo xtask test                check and test everything: format, lints, interface, Rust,
                                  and the real window
  cargo xtask lint                only the format and the lints
  cargo xtask ui                  build the interface into ui/dist
  cargo xtask rates               measure the error rates of every kind of criterion again, and write
                                  the table of them
  cargo xtask help                say this";

/// Exit code of a chore that did not succeed.
const FAILED: u8 = 1;
/// Exit code of a call that nobody understands.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let chore: fn(&mut Steps) -> Result<(), Failure> = match words[..] {
        [] | ["help" | "--help" | "-h"] => {
            say!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["demo"] => demo::window_or_terminal,
        ["demo", "--headless"] => demo::terminal,
        ["test"] => test::everything,
        ["lint"] => lint::alone,
        ["ui"] => interface::alone,
        ["rates"] => rates::write,
        _ => {
            say!("There is no chore `{}`.\n\n{HELP}", words.join(" "));
            return ExitCode::from(USAGE);
        }
    };
    let mut steps = Steps::new();
    let result = chore(&mut steps);
    steps.sum_up();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say!("\nFailed: {failure}");
            ExitCode::from(FAILED)
        }
    }
}
