//! Environments and releases.

use gatewright_api::document::{EnvironmentDocument, ReleaseDocument, StatusDocument};

use super::{short, time};
use crate::output::{Ink, Output};

/// Prints every environment.
pub(crate) fn status(output: Output, document: &StatusDocument) {
    if document.environments.is_empty() {
        output.line("No environment yet: name one under `environments:` in gatewright.yaml when something is to go live.");
    }
    for environment in &document.environments {
        lane(output, environment);
    }
}

fn lane(output: Output, environment: &EnvironmentDocument) {
    output.line(output.paint(Ink::Strong, &environment.environment));
    match &environment.live {
        Some(live) => {
            let label = live.label.as_ref().map(|label| format!("{label} ")).unwrap_or_default();
            output.line(format!(
                "  live       {} {label}{}  since {} ({})",
                output.paint(Ink::Good, "●"),
                short(live.version),
                time(&live.since),
                live.rung,
            ));
            if let Some(word) = &live.overridden {
                let line = format!("             {} by {}: {}", word.kind, word.by, word.reason);
                output.line(output.paint(Ink::Open, &line));
            }
        }
        None => output.line("  live       ○ nothing yet"),
    }
    let candidate = &environment.candidate;
    let id = candidate.version.map_or_else(|| "none".to_owned(), short);
    let standing = if candidate.may_ship {
        output.paint(Ink::Good, "● may ship")
    } else {
        output.paint(Ink::Bad, "■ blocked")
    };
    output.line(format!("  candidate  {standing}  {id}"));
    for reason in &candidate.reasons {
        output.line(output.paint(Ink::Quiet, &format!("             {reason}")));
    }
    for tried in &candidate.candidates_tried {
        if let Some(sentence) = &tried.sentence {
            output.line(output.paint(Ink::Quiet, &format!("             {}: {sentence}", tried.spec)));
        }
    }
    for sentence in &candidate.quarantine {
        output.line(output.paint(Ink::Open, &format!("             {sentence}")));
    }
    let back = match (&environment.previous, environment.rollback.ready) {
        (Some(previous), true) => format!("{} ready: {}", output.paint(Ink::Good, "●"), short(previous)),
        (Some(previous), false) => {
            let why = environment.rollback.reason.as_deref().unwrap_or("not ready");
            format!("{} {}: {why}", output.paint(Ink::Bad, "■"), short(previous))
        }
        (None, _) => "○ nothing was live before".to_owned(),
    };
    output.line(format!("  way back   {back}"));
    if let Some(open) = &environment.open {
        output.line(output.paint(
            Ink::Open,
            &format!(
                "  open       release {} to {} is {}: `gatewright settle`",
                open.release,
                short(open.to),
                open.state
            ),
        ));
    }
}

/// Prints what a release did.
pub(crate) fn release(output: Output, document: &ReleaseDocument) {
    let ink = if document.state == "live" { Ink::Good } else { Ink::Bad };
    let shape = if document.state == "live" { "●" } else { "■" };
    output.line(format!("{} {}", output.paint(ink, shape), document.sentence));
    let times = document.times_ms;
    let parts = [
        ("acknowledged", times.acknowledged),
        ("first new answer", times.first_new),
        ("last old answer", times.last_old),
        ("verified", times.verified),
    ];
    let shown: Vec<String> =
        parts.iter().filter_map(|(name, ms)| ms.map(|ms| format!("{name} after {ms:.0} ms"))).collect();
    if !shown.is_empty() {
        output.line(output.paint(Ink::Quiet, &format!("  {}", shown.join(", "))));
    }
    if let Some(word) = &document.overridden {
        output.line(output.paint(Ink::Open, &format!("  {} by {}: {}", word.kind, word.by, word.reason)));
    }
}
