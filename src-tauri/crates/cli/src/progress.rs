//! How far something is, on standard error, while somebody looks.

use std::io::IsTerminal as _;

use gatewright_api::local::{Progress, Tell};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// A line that follows a run; nothing without a terminal.
#[must_use]
pub(crate) fn follow(output: Output) -> (Tell, ProgressBar) {
    let shown = !output.quiet && !output.json && std::io::stderr().is_terminal();
    let bar = if shown { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    let told = bar.clone();
    let tell = Box::new(move |progress: &Progress| {
        let Progress { spec, asked, heard, left_at_most } = progress;
        told.set_message(format!("{spec}: {heard} heard, {asked} asked, at most {left_at_most} more"));
        told.tick();
    });
    (tell, bar)
}

/// A bar that counts simulated versions; nothing without a terminal.
pub(crate) fn count(output: Output) -> (impl Fn(u32, u32) + Sync, ProgressBar) {
    let shown = !output.quiet && !output.json && std::io::stderr().is_terminal();
    let bar = if shown { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos} of {len} simulated versions {elapsed}") {
        bar.set_style(style);
    }
    let told = bar.clone();
    let tell = move |done: u32, total: u32| {
        told.set_length(u64::from(total));
        told.set_position(u64::from(done));
    };
    (tell, bar)
}
