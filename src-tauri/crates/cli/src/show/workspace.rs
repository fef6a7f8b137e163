//! Trust, verification, health.

use gatewright_api::document::{DoctorDocument, TrustDocument, VerifyDocument};

use crate::output::{Ink, Output};

/// Prints what the folder would do.
pub(crate) fn trust(output: Output, document: &TrustDocument, acts: &[String]) {
    if acts.is_empty() {
        output.line("This folder would run nothing, reach nothing and use no key.");
    }
    for act in acts {
        output.line(format!("  {act}"));
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
