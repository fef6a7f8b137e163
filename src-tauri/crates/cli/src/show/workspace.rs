//! Trust, verification, health.

use gatewright_api::{
    document::{DoctorDocument, TrustDocument, VerifyDocument},
    local::TrustShown,
};

use crate::output::{Ink, Output};

/// Prints what the folder would do.
pub(crate) fn trust(output: Output, document: &TrustDocument, shown: &TrustShown) {
    if shown.acts.is_empty() {
        output.line("This folder would run nothing, reach nothing and use no key.");
    }
    for act in &shown.acts {
        output.line(format!("  {act}"));
    }
    for line in shown.diffs.iter().flat_map(|diff| diff.lines()) {
        output.line(match line.as_bytes().first() {
            Some(b'+') => output.paint(Ink::Good, line),
            Some(b'-') => output.paint(Ink::Bad, line),
            _ => line.to_owned(),
        });
    }
    let standing = if document.trusted { "trusted" } else { "not trusted" };
    output.line(output.paint(Ink::Quiet, &format!("{standing}: {}", document.digest)));
}

/// Prints whether the history holds.
pub(crate) fn verify(output: Output, document: &VerifyDocument) {
    if document.holds {
        output.line(format!(
            "{} {} log entries, {} signatures and {} objects hold.",
            output.paint(Ink::Good, "●"),
            document.events,
            document.signatures,
            document.objects
        ));
    }
    for finding in &document.findings {
        output.line(format!("{} {finding}", output.paint(Ink::Bad, "■")));
    }
}

/// Prints the state of everything.
pub(crate) fn doctor(output: Output, document: &DoctorDocument) {
    for check in &document.checks {
        let mark = if check.well { output.paint(Ink::Good, "●") } else { output.paint(Ink::Bad, "■") };
        output.line(format!("{mark} {:<10} {}", check.what, check.says));
    }
}
