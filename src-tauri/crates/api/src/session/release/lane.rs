//! An environment: what is live, what may follow, what was live before.

use gatewright_core::{
    decision::{Odds, Refusal},
    gate::words::{TimesIn100, in_100},
    release::{Rung as Reached, State},
    spec::{
        Spec, Unit, quarantine_sentence,
        workspace::{Deploy, Environment},
    },
};
use gatewright_engine::{
    store::Read,
    supervisor::{Lane as Looked, TriedSince, reading::Reading},
};

use super::super::{Answered, opened::Opened, show};
use super::{head, ladder, live_mark};
use crate::{
    dto::{CandidateStanding, CandidateView, Lane, LetOff, LiveView, Mark, WayBack},
    whereabouts,
};

/// Millionths in one.
const MILLION: u64 = 1_000_000;

pub(super) fn view(
    opened: &Opened,
    read: &Read<'_>,
    reading: &Reading,
    environment: &Environment,
    lane: &Looked,
) -> Answered<Lane> {
    let Deploy::Folder { path } = &environment.deploy;
    let open = read.open_release(&environment.name)?;
    let trusted = match &reading.workspace {
        Some(workspace) => opened.engine.trust(workspace)?.is_given(),
        None => false,
    };
    Ok(Lane {
        environment: environment.name.to_string(),
        adapter: format!("folder {path}"),
        address: environment.endpoint.as_ref().map(|endpoint| endpoint.url.clone()),
        requires: requires(reading, environment),
        monitor: None,
        live: live(read, environment, lane)?,
        candidate: candidate(read, reading, lane)?,
        way_back: way_back(read, lane, trusted)?,
        open: open.map(|row| head(read, Some(environment), &row)).transpose()?,
    })
}

fn requires(reading: &Reading, environment: &Environment) -> Vec<String> {
    match &environment.requires {
        Some(names) => names.iter().map(ToString::to_string).collect(),
        None => {
            let of_agent = reading.good().filter(|spec| spec.agent == environment.agent);
            of_agent.map(|spec| spec.name.to_string()).collect()
        }
    }
}

/// What is live: as the journal has it, if the target says so too.
fn live(read: &Read<'_>, environment: &Environment, lane: &Looked) -> Answered<LiveView> {
    let newest = read.releases(&environment.name, 1)?.pop();
    let (journaled, _) = live_mark(newest.as_ref(), lane.live.as_ref());
    let called = |id| show::version(read, id).map(|found| show::called(&found).to_owned());
    let unknown = whereabouts::unknown(lane, newest.as_ref().map(|row| &row.release), called)?;
    let mark = if unknown.is_some() { Mark::Unknown } else { journaled };
    let text = unknown.or_else(|| (mark == Mark::Waiting).then(|| "Nothing is live".to_owned()));
    let known = lane.live.as_ref().filter(|_| mark != Mark::Unknown);
    let shown = match mark {
        Mark::Running | Mark::Unknown => newest.as_ref(),
        _ => lane.live.as_ref(),
    };
    let note = match shown.map(|row| &row.release) {
        Some(_) if environment.endpoint.is_none() => Some("no endpoint is given: nothing proves more"),
        Some(release) if release.state == State::Live && release.rung == Reached::Pointer => {
            Some("the endpoint names no version: nothing proves more")
        }
        _ => None,
    };
    let overridden = lane.overridden.then(|| "By a person's word, against or without a verdict".to_owned());
    let read_at = if matches!(lane.current, Some(Ok(_))) { Some(lane.looked_at) } else { lane.since };
    Ok(LiveView {
        mark,
        version: known.map(|row| show::version(read, row.release.to)).transpose()?,
        text,
        detail: overridden.filter(|_| known.is_some()),
        since: known.and(lane.since).map(|at| at.0),
        read_at: known.and(read_at).map(|at| at.0),
        ladder: shown.map(|row| ladder(Some(environment), &row.release)).unwrap_or_default(),
        ladder_note: note.map(str::to_owned),
    })
}

fn candidate(read: &Read<'_>, reading: &Reading, lane: &Looked) -> Answered<Option<CandidateView>> {
    let Some(version) = &lane.candidate else { return Ok(None) };
    if lane.live.as_ref().is_some_and(|row| row.release.to == version.id) && lane.open.is_none() {
        return Ok(None);
    }
    let standing = standing(lane);
    let detail = match standing {
        CandidateStanding::MayShip => {
            let passes = "Every required spec passes.".to_owned();
            [passes].into_iter().chain(lane.odds.map(odds)).collect::<Vec<_>>().join(" ")
        }
        _ => lane.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    };
    let about = lane.refusals.iter().find_map(Refusal::spec);
    let verdicts = read.verdicts_of_version(version.id)?;
    let verdict = verdicts
        .iter()
        .find(|row| about.is_none_or(|spec| row.verdict.stream.spec == *spec))
        .map(|row| row.verdict.id.to_string());
    Ok(Some(CandidateView {
        version: show::present(read, version)?,
        standing,
        detail,
        tried: tried(&lane.tried),
        quarantine: quarantine(reading, lane),
        blocked: lane.refusals.first().map(ToString::to_string),
        verdict,
    }))
}

fn standing(lane: &Looked) -> CandidateStanding {
    let all = |which: fn(&Refusal) -> bool| !lane.refusals.is_empty() && lane.refusals.iter().all(which);
    if lane.open.is_some() {
        CandidateStanding::Frozen
    } else if lane.refusals.is_empty() {
        CandidateStanding::MayShip
    } else if all(|refusal| matches!(refusal, Refusal::NoVerdict(_) | Refusal::StaleMeaning(_))) {
        CandidateStanding::NotJudged
    } else if all(|refusal| matches!(refusal, Refusal::Weakened(_) | Refusal::Quarantined(..))) {
        CandidateStanding::NeedsReason
    } else {
        CandidateStanding::Blocked
    }
}

/// How often such a promotion errs, in words.
pub(super) fn odds(odds: Odds) -> String {
    let Odds { wrongly_blocked_millionths: blocked, wrongly_passed: passed } = odds;
    let promised = (passed < Unit::ONE, blocked < MILLION);
    #[expect(clippy::cast_precision_loss, reason = "shown below a million alone")]
    let blocked = in_100(blocked as f64 / MILLION as f64);
    let bad = format!("A bad version gets through at most {}", TimesIn100(passed));
    match promised {
        (true, true) => format!("{bad}; a good one is blocked at most {blocked} times in 100."),
        (true, false) => format!("{bad}; how often a good one is blocked is not promised."),
        (false, true) => format!(
            "How often a bad version gets through is not promised; a good one is blocked at most {blocked} times in \
             100."
        ),
        (false, false) => {
            "How often a bad version gets through or a good one is blocked is not promised.".to_owned()
        }
    }
}

/// What the required specs let off, in short, with each of them in full.
fn quarantine(reading: &Reading, lane: &Looked) -> Option<LetOff> {
    let specs: Vec<&Spec> = lane
        .tried
        .iter()
        .filter_map(|tried| reading.good().find(|spec| spec.name == tried.spec))
        .filter(|spec| !spec.quarantine.is_empty())
        .collect();
    let last = specs.iter().flat_map(|spec| &spec.quarantine).map(|entry| entry.until).max()?;
    let cases = specs.iter().map(|spec| spec.quarantine.len()).sum();
    let detail = specs
        .iter()
        .filter_map(|spec| Some(format!("{}: {}", spec.name, quarantine_sentence(&spec.quarantine)?)));
    Some(LetOff {
        text: format!("{} in quarantine, the last until {last}", show::plural(cases, "case", "cases")),
        detail: detail.collect::<Vec<_>>().join(" "),
    })
}

/// What many candidates do to the chance, by the spec where it is the largest.
pub(super) fn tried(all: &[TriedSince]) -> Option<String> {
    let most = all.iter().max_by_key(|found| (found.tried.wrongly_passed_total, found.tried.candidates))?;
    let sentence = most.sentence_there()?;
    Some(if all.len() > 1 { format!("{}: {sentence}", most.spec) } else { sentence })
}

fn way_back(read: &Read<'_>, lane: &Looked, trusted: bool) -> Answered<Option<WayBack>> {
    let Some(previous) = lane.previous else { return Ok(None) };
    let (mark, text) = match &lane.readiness {
        Some(ready) if ready.is_ready() => (Mark::Pass, "Ready".to_owned()),
        Some(ready) => {
            let parts = [&ready.content, &ready.reachable, &ready.switchable];
            let why = parts.into_iter().find_map(|part| part.as_ref().err());
            (Mark::Fail, why.cloned().unwrap_or_default())
        }
        None => (Mark::Unknown, "Not checked: the folder is not trusted".to_owned()),
    };
    let checked = lane.readiness.is_some();
    Ok(Some(WayBack {
        version: show::version(read, previous)?,
        mark,
        text,
        checked_at: checked.then_some(lane.looked_at.0),
        blocked: (!trusted).then(|| "The folder is not trusted to change what is live.".to_owned()),
    }))
}

/// What the screen says first, and one sentence more.
pub(super) fn sentences(lanes: &[Lane]) -> (String, String) {
    let Some(lane) = lanes.iter().find(|lane| lane.candidate.is_some()).or(lanes.first()) else {
        return ("No environment is named in gatewright.yaml".to_owned(), String::new());
    };
    let name = &lane.environment;
    let live = match (&lane.live.version, &lane.live.text) {
        (Some(version), _) => format!("{} is live in {name}", show::called(version)),
        (None, Some(text)) if lane.live.mark == Mark::Waiting => format!("{text} in {name}"),
        (None, Some(text)) => format!("{name}: {text}"),
        (None, None) => format!("{name} is being released to"),
    };
    let Some(candidate) = &lane.candidate else { return (live, String::new()) };
    let called = show::called(&candidate.version);
    let follows = if lane.live.version.is_some() { " follow it" } else { " go live" };
    let sentence = match candidate.standing {
        CandidateStanding::MayShip => format!("{live}; {called} may{follows}"),
        CandidateStanding::Blocked => format!("{live}; {called} is blocked"),
        CandidateStanding::NeedsReason => format!("{live}; {called} needs a reason"),
        CandidateStanding::Frozen => format!("{live}; promotion waits until the open release is settled"),
        CandidateStanding::NotJudged => format!("{live}; {called} is not judged yet"),
    };
    (sentence, candidate.detail.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_promised_is_not_shown_as_a_number() {
        let said = |passed: u32, wrongly_blocked_millionths: u64| {
            let wrongly_passed = Unit::from_millionths(passed).expect("within 1");
            odds(Odds { wrongly_blocked_millionths, wrongly_passed })
        };
        assert_eq!(
            said(50_000, 100_000),
            "A bad version gets through at most 5 times in 100; a good one is blocked at most 10 times in 100."
        );
        assert_eq!(
            said(50_000, MILLION),
            "A bad version gets through at most 5 times in 100; how often a good one is blocked is not promised."
        );
        assert_eq!(
            said(1_000_000, 100_000),
            "How often a bad version gets through is not promised; a good one is blocked at most 10 times in 100."
        );
        assert_eq!(
            said(1_000_000, 2 * MILLION),
            "How often a bad version gets through or a good one is blocked is not promised."
        );
    }
}
