//! Environments and releases.

use gatewright_api::{
    document::{EnvironmentDocument, ReleaseDocument, StatusDocument},
    local::wall_time,
};

use super::short;
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
    for line in live(output, environment) {
        output.line(line);
    }
    candidate(output, environment);
    let back = match (&environment.previous, environment.rollback.ready) {
        (Some(previous), true) => format!("{} ready: {}", output.paint(Ink::Good, "●"), short(previous)),
        (Some(previous), false) => {
            let why = environment.rollback.reason.as_deref().unwrap_or("not ready");
            format!("{} {}: {why}", output.paint(Ink::Bad, "■"), short(previous))
        }
        (None, _) => {
            format!("○ {}", environment.rollback.reason.as_deref().unwrap_or("nothing was live before"))
        }
    };
    output.line(format!("  way back   {back}"));
    if let Some(open) = &environment.open {
        output.line(output.paint(
            Ink::Open,
            &format!(
                "  open       release {} to {} is {}: `gatewright settle` goes on if nobody is at it",
                open.release,
                short(open.to),
                open.state
            ),
        ));
    }
}

fn candidate(output: Output, environment: &EnvironmentDocument) {
    let candidate = &environment.candidate;
    let live = environment.live.as_ref().filter(|_| environment.open.is_none());
    if live.is_some_and(|live| Some(live.version) == candidate.version) {
        return output.line("  candidate  ○ none: the present version is live");
    }
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
}

/// What is live: nothing that only the journal still says.
fn live(output: Output, environment: &EnvironmentDocument) -> Vec<String> {
    if let Some(unknown) = &environment.unknown {
        let back = format!("`gatewright rollback {} --to VERSION` puts one back", environment.environment);
        return vec![
            format!("  live       {} {unknown}", output.paint(Ink::Bad, "■")),
            output.paint(Ink::Quiet, &format!("             {back}")),
        ];
    }
    let mut lines = Vec::new();
    if let Some(open) = &environment.open {
        let under_way = format!("◐ a release to {} is under way ({})", short(open.to), open.state);
        lines.push(format!("  live       {}", output.paint(Ink::Open, &under_way)));
    }
    let Some(live) = &environment.live else {
        if lines.is_empty() {
            lines.push("  live       ○ nothing yet".to_owned());
        }
        return lines;
    };
    let mark = match lines.is_empty() {
        true => format!("  live       {}", output.paint(Ink::Good, "●")),
        false => "             before it".to_owned(),
    };
    let label = live.label.as_ref().map(|label| format!("{label} ")).unwrap_or_default();
    let version = short(live.version);
    lines.push(format!("{mark} {label}{version}  since {} ({})", wall_time(&live.since), live.rung));
    if let Some(word) = &live.overridden {
        let line = format!("             {} by {}: {}", word.kind, word.by, word.reason);
        lines.push(output.paint(Ink::Open, &line));
    }
    lines
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

#[cfg(test)]
mod tests {
    use gatewright_api::document::{CandidateDocument, LiveDocument, OpenDocument, RollbackDocument};
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn what_is_being_released_stands_before_what_was_live() {
        let version =
            |digit: &str| from_value(json!(format!("sha256:{}", digit.repeat(64)))).expect("a version");
        let release = from_value(json!("00000000-0000-0000-0000-000000000007")).expect("a release");
        let document = EnvironmentDocument {
            environment: "production".to_owned(),
            live: Some(LiveDocument {
                version: version("a"),
                label: Some("first".to_owned()),
                since: SINCE.to_owned(),
                rung: "served",
                overridden: None,
            }),
            unknown: None,
            candidate: CandidateDocument {
                version: None,
                may_ship: false,
                reasons: Vec::new(),
                candidates_tried: Vec::new(),
                quarantine: Vec::new(),
            },
            previous: None,
            rollback: RollbackDocument { ready: false, checked_at: String::new(), reason: None },
            open: Some(OpenDocument { release, state: "observing", to: version("b") }),
        };
        let expected = [
            "  live       ◐ a release to bbbbbbbbbbbb is under way (observing)",
            &format!("             before it first aaaaaaaaaaaa  since {} (served)", wall_time(SINCE)),
        ];
        assert_eq!(live(PLAIN, &document), expected);
    }

    const SINCE: &str = "2026-11-23T16:12:49Z";
    const PLAIN: Output = Output { json: false, quiet: false, colour: false };
}
