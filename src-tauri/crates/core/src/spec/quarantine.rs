//! Quarantine: cases that no criterion hears for a while, each with a reason and a day on which that ends.
//!
//! A case in quarantine stays in the suite: where every case is asked once it is asked once too, so that its answers
//! show whether it is well again. No criterion hears it, which changes what the spec means. When its last day is over
//! it counts again, whatever the file says: the host says which day it is. A critical case is never let off.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Case,
    reader::{At, Keys, Reader},
    word,
};
use crate::{id::CaseName, time::Day};

pub(super) const QUARANTINE: Keys =
    Keys { what: "a quarantine", known: &["case", "reason", "until"], later: &[] };

/// A case that no criterion hears.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quarantine {
    /// Which.
    pub case: CaseName,
    /// Why, in the author's words.
    pub reason: String,
    /// Its last day; from 24:00 UTC on the case counts again.
    pub until: Day,
}

/// Entries in one sentence; none without any.
#[must_use]
pub fn quarantine_sentence(entries: &[Quarantine]) -> Option<String> {
    match entries {
        [] => None,
        [one] => {
            Some(format!("1 case in quarantine: `{}` until {}: {}", one.case, one.until, ended(&one.reason)))
        }
        several => {
            let each: Vec<String> = several
                .iter()
                .map(|one| format!("`{}` until {} ({})", one.case, one.until, one.reason))
                .collect();
            Some(format!("{} cases in quarantine: {}.", several.len(), each.join("; ")))
        }
    }
}

/// A text that ends as a sentence does.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Reads the list: what holds on the reader's day. `complete` says that every case of the spec could be read.
pub(super) fn read(reader: &mut Reader<'_>, at: &At<'_>, cases: &[Case], complete: bool) -> Vec<Quarantine> {
    let mut named = BTreeSet::new();
    let mut in_force = Vec::new();
    for item in reader.items(at, "a list of quarantines") {
        let Some(fields) = reader.fields(&item, QUARANTINE) else { continue };
        let case = reader
            .required(&fields, "case", "a quarantine")
            .and_then(|at| known_case(reader, &at, cases, complete, &mut named));
        let reason = reader
            .required(&fields, "reason", "a quarantine")
            .and_then(|at| reader.filled(&at).map(|text| text.trim().to_owned()));
        let until = reader.required(&fields, "until", "a quarantine");
        let day = until.as_ref().and_then(|at| day(reader, at));
        let (Some(case), Some(reason), Some(until), Some(at)) = (case, reason, day, until) else { continue };
        if until < reader.today {
            let message = format!("the quarantine of `{case}` ended on {until}: the case counts again");
            reader.warn(&at, "quarantine-over", message, "take the entry out");
        } else {
            in_force.push(Quarantine { case, reason, until });
        }
    }
    in_force.sort_by(|one, other| one.case.cmp(&other.case));
    in_force
}

/// The name of a case that may be let off: one of the spec, not critical, named once.
fn known_case(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    cases: &[Case],
    complete: bool,
    named: &mut BTreeSet<CaseName>,
) -> Option<CaseName> {
    let text = reader.filled(at)?.trim();
    let name = CaseName::new(text);
    let Some(case) = cases.iter().find(|case| case.name == name) else {
        if complete {
            let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
            let message = format!("there is no case `{}` in this spec", word::shortened(text));
            match word::nearest(text, &names) {
                Some(meant) => {
                    let help = format!("did you mean `{meant}`?");
                    reader.mendable(at, "unknown-case", message, help, meant.to_owned());
                }
                None => reader.error(at, "unknown-case", message, "name a case of this spec"),
            }
        }
        return None;
    };
    if case.critical {
        let message = format!("`{name}` is critical, and a critical case is never in quarantine");
        let help = "mend the case or the agent; a case that may fail is not critical";
        reader.error(at, "critical-quarantine", message, help);
        return None;
    }
    if !named.insert(name.clone()) {
        let message = format!("`{name}` is in quarantine twice");
        reader.error(at, "duplicate-name", message, "keep one of the entries");
        return None;
    }
    Some(name)
}

fn day(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Day> {
    let text = reader.text(at)?;
    let day = Day::parse(text.trim());
    if day.is_none() {
        let message = format!("`{}` is no day", word::shortened(text));
        reader.error(at, "day", message, "write year, month and day: `2026-12-01`; it ends at 24:00 UTC");
    }
    day
}
