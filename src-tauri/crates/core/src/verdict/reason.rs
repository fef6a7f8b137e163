//! The sentences of a verdict. They name what was excluded, the floor or the target, never a threshold that is not
//! the rule; and no sentence says more than was tested.

use super::{CriterionVerdict, Standing, Verdict, compared};
use crate::{
    gate::{
        Counts, Listener, Outcome, Why, finite,
        words::{Percent, TimesIn100, calls, count, plural},
    },
    plan::{Boundary, PlannedCriterion, Slot},
    spec::{Measure, Metric, Rule, Unit},
    version::Grade,
};

/// Of which criterion a sentence is.
pub(super) struct Subject<'a> {
    pub(super) planned: &'a PlannedCriterion,
    pub(super) listener: &'a Listener,
    pub(super) outcome: Outcome,
    /// The slot that it heard last: the one that decided it, if it is decided.
    pub(super) last: Option<&'a Slot>,
}

/// Why a criterion says what it says: one sentence without its full stop.
pub(super) fn of(subject: &Subject<'_>) -> String {
    let counts = subject.listener.counts();
    match subject.outcome {
        Outcome::Pass => met(subject, counts),
        Outcome::Fail => not_met(subject, counts),
        Outcome::Inconclusive(why) => {
            let heard = counts.heard();
            let most = subject.listener.heard_max();
            let unit = if subject.listener.compares() { "pairs" } else { "calls" };
            let undecided = undecided(why, (heard, most, unit), subject.listener.left_at_most());
            match why {
                Why::Missing if counts.asked_again > 0 => {
                    let again = subject.listener.asked_again();
                    format!(
                        "Undecided: {} of {} asked again are missing, too many to take the agent for deterministic",
                        count(again.lost()),
                        count(again.heard())
                    )
                }
                Why::Missing => format!("Undecided: {}", lost(subject, counts)),
                // Pairs are not calls.
                Why::Undecided if subject.listener.compares() => {
                    format!("Undecided: {} told neither a drop nor none", plural(heard, "pair", "pairs"))
                }
                Why::NotDeterministic => {
                    let case = subject.last.map(|slot| format!("`{}` ", slot.case)).unwrap_or_default();
                    format!("Undecided: not deterministic, {case}scored otherwise when it was asked again")
                }
                _ => format!("Undecided: {undecided}"),
            }
        }
    }
}

fn met(subject: &Subject<'_>, counts: Counts) -> String {
    let told = told(subject, counts, "failed");
    match &subject.planned.rule {
        Rule::Rate { target, floor, risk, .. } if is_suite(subject) => {
            let reached = if is_whole(subject) {
                format!(", the whole suite: at the {} target or above, given determinism", Percent(*target))
            } else {
                let (floor, risk) = (Percent(*floor), TimesIn100(risk.wrongly_passed));
                format!("; given determinism a suite at the {floor} floor gets this far less than {risk}")
            };
            format!("{told}{reached} {}", none_differed(counts))
        }
        Rule::Rate { floor, risk, .. } | Rule::Mean { floor, risk, .. } => format!(
            "{told}; a version at the {} floor gets this far less than {}",
            Percent(*floor),
            TimesIn100(risk.wrongly_passed)
        ),
        Rule::Never { failure_rate, wrongly_passed } => format!(
            "{} without a failure{}{}; a version that fails {} of the time gets this far less than {}",
            calls(counts.heard()),
            judged(subject),
            missing(counts, "failed"),
            Percent(*failure_rate),
            TimesIn100(*wrongly_passed)
        ),
        Rule::MaxDrop { margin, risk, .. } => compared::met(subject, counts, *margin, *risk, &told),
        rule => format!("{told}{}", plainly(rule)),
    }
}

fn not_met(subject: &Subject<'_>, counts: Counts) -> String {
    let told = told(subject, counts, "passed");
    match &subject.planned.rule {
        Rule::Rate { target, risk, .. } if is_suite(subject) => {
            let missed = if is_whole(subject) {
                format!(", the whole suite: below the {} target, given determinism", Percent(*target))
            } else {
                let (target, risk) = (Percent(*target), TimesIn100(risk.wrongly_blocked));
                format!(
                    ", which given determinism a suite at the {target} target falls below less than {risk}"
                )
            };
            format!("{told}{missed} {}", none_differed(counts))
        }
        Rule::Rate { target, risk, .. } | Rule::Mean { target, risk, .. } => format!(
            "{told}, which a version at the {} target falls below less than {}",
            Percent(*target),
            TimesIn100(risk.wrongly_blocked)
        ),
        Rule::Never { .. } => {
            let case = subject.last.map(|slot| format!("`{}`", slot.case)).unwrap_or_default();
            let judged = judged(subject);
            format!("{case} failed at call {}{judged}, and one failure blocks", count(counts.heard()))
        }
        Rule::MaxDrop { risk, .. } => compared::not_met(subject, counts, *risk, &told),
        rule => format!("{told}{}", plainly(rule)),
    }
}

fn is_suite(subject: &Subject<'_>) -> bool {
    matches!(subject.planned.boundary, Boundary::WithoutReplacement { .. })
}

/// Whether every case of a suite was asked.
fn is_whole(subject: &Subject<'_>) -> bool {
    subject.listener.counts().told() as usize == subject.planned.cases.len()
}

/// What everything said of a suite rests on.
fn none_differed(counts: Counts) -> String {
    let (again, most) = (count(counts.asked_again), Percent(finite::DIFFERS_MAX));
    format!("({again} asked again, none differed: by the rule of three the flip rate is at most {most})")
}

fn plainly(rule: &Rule) -> String {
    match rule {
        Rule::Plain { target, .. } => {
            format!("; {} were needed, and no error rates are declared", Percent(*target))
        }
        _ => String::new(),
    }
}

/// `72 of 89 passed`, `41 of 43 within 2,000 ms`, `a mean of 84.5 % over 43 answers`, with what is missing.
fn told(subject: &Subject<'_>, counts: Counts, taken_as: &str) -> String {
    let of = match subject.planned.metric() {
        Metric::Within { of, at_most } => format!("within {}", limit(*of, *at_most)),
        Metric::PassRate => "passed".to_owned(),
        Metric::Graded(_) | Metric::Weighted(_) => {
            // Of those with a score, to a tenth of a percent.
            let scored = u64::from(counts.scored.max(1));
            let tenths = (subject.listener.score_sum() + 500 * scored) / (1_000 * scored);
            let mean = u32::try_from(1_000 * tenths).ok().and_then(Unit::from_millionths);
            return format!(
                "a mean of {} over {}{}{}",
                Percent(mean.unwrap_or(Unit::ONE)),
                plural(counts.scored, "answer", "answers"),
                judged(subject),
                missing(counts, if taken_as == "passed" { "1" } else { "0" })
            );
        }
    };
    let (passed, told) = (count(counts.passed()), count(counts.told()));
    format!("{passed} of {told} {of}{}{}", judged(subject), missing(counts, taken_as))
}

/// Whose word it is, where it is a judge's: what people would say, labels tell.
fn judged(subject: &Subject<'_>) -> &'static str {
    if subject.planned.judged { " on the judge's score" } else { "" }
}

fn missing(counts: Counts, taken_as: &str) -> String {
    match counts.lost() {
        0 => String::new(),
        lost => format!(" ({} missing, counted as {taken_as})", count(lost)),
    }
}

fn limit(of: Measure, at_most: u64) -> String {
    match of {
        Measure::LatencyMs => format!("{} ms", count(at_most)),
        Measure::FirstTokenMs => format!("{} ms to the first content", count(at_most)),
        Measure::CostMicros => {
            let digits = format!("{:06}", at_most % 1_000_000);
            let whole = count(at_most / 1_000_000);
            let digits = digits.trim_end_matches('0');
            if digits.is_empty() {
                format!("a cost of {whole}")
            } else {
                format!("a cost of {whole}.{digits}")
            }
        }
        Measure::TokensOut => format!("{} tokens", count(at_most)),
    }
}

/// Why answers without a score leave it open.
fn lost(subject: &Subject<'_>, counts: Counts) -> String {
    let what = match (counts.missing, counts.not_judged, subject.planned.metric()) {
        (0, unknown, Metric::Within { of, .. }) => {
            let of = match of {
                Measure::LatencyMs | Measure::FirstTokenMs => "time",
                Measure::CostMicros => "cost",
                Measure::TokensOut => "length",
            };
            format!("the {of} of {} is unknown", plural(unknown, "answer", "answers"))
        }
        (missing, 0, _) => format!("{} of {} answers are missing", count(missing), count(counts.heard())),
        (0, unknown, _) => format!("{} of {} answers are not judged", count(unknown), count(counts.heard())),
        (missing, unknown, _) => format!(
            "of {} answers {} are missing and {} are not judged",
            count(counts.heard()),
            count(missing),
            count(unknown)
        ),
    };
    match subject.planned.rule {
        Rule::Never { .. } => format!("{what}, too many to rule out a failure"),
        _ if subject.listener.compares() => format!(
            "of {} {} lack a score; counted for this version they would let it pass, counted against it they would \
             not",
            plural(counts.heard(), "pair", "pairs"),
            count(counts.lost())
        ),
        _ => format!("{what}; counted as passed they would let it pass, counted as failed they would not"),
    }
}

/// Why it is undecided, of a criterion or of a gate: heard, at most so many, of what.
fn undecided(why: Why, (heard, most, unit): (u32, u32, &str), left: u32) -> String {
    let (heard, most) = (count(heard), count(most));
    // Not that they decide it: bets may end without a word.
    let more = if left == 0 {
        String::new()
    } else {
        format!("; at most {} more are needed if none is missing", count(left))
    };
    match why {
        Why::BudgetEnded => format!("the budget ended at {heard} of {most} {unit}{more}"),
        Why::Cancelled => format!("stopped at {heard} of {most} {unit}{more}"),
        Why::Unreachable => {
            format!("the agent could not be asked further at {heard} of {most}; the next run goes on there")
        }
        Why::IdentityChanged => {
            "something else answered than the version that was asked for, or not it alone".to_owned()
        }
        Why::NotAsked => format!("{heard} of {most} {unit} are recorded{more}"),
        Why::GateDecided => format!("stopped at {heard} of {most} {unit}, as the gate had its answer"),
        Why::NothingToJudge => {
            "nothing to judge: there is no case that is not in quarantine, or no blocking criterion"
                .to_owned()
        }
        Why::NoBaseline => {
            "there is no live version to compare with, or none that can be asked or is recorded".to_owned()
        }
        Why::Underfunded => format!("the budget cannot reach the {most} {unit} that it may need"),
        Why::Missing => "too many answers are missing to tell".to_owned(),
        Why::Opaque => "the agent declares nothing".to_owned(),
        Why::NotDeterministic => {
            "not deterministic: a case scored otherwise when it was asked again".to_owned()
        }
        Why::Undecided => format!("{heard} calls did not tell target from floor"),
    }
}

/// The answer of a gate, with what stands beside it.
pub(super) fn headline(verdict: &Verdict, own: Unit, left: u32) -> String {
    let blocking = || verdict.criteria.iter().filter(|one| one.blocking);
    let mut said = match verdict.outcome {
        Outcome::Pass => {
            let first = blocking().find(|one| matches!(one.rule, Rule::Rate { .. }));
            let reason = first.or_else(|| blocking().next()).map_or("", |one| one.reason.as_str());
            // "Passed: 39 of 41 passed" would say it twice.
            format!("Passed: {}.", reason.replacen(" passed", "", 1))
        }
        Outcome::Fail => {
            let failed: Vec<_> = blocking().filter(|one| one.outcome == Outcome::Fail).collect();
            format!("Blocked: {}.", named(&failed))
        }
        Outcome::Inconclusive(why) => match blocking().find(|one| one.outcome == verdict.outcome) {
            Some(one)
                if matches!(why, Why::Missing | Why::Undecided | Why::NotDeterministic | Why::NoBaseline) =>
            {
                format!("{}.", one.reason)
            }
            _ => {
                format!("Undecided: {}.", undecided(why, (verdict.heard(), verdict.heard_max, "calls"), left))
            }
        },
    };
    let decided = matches!(verdict.outcome, Outcome::Pass | Outcome::Fail);
    if decided && verdict.saved() > 0 {
        said.push_str(&format!(" {} saved.", calls(verdict.saved())));
    }
    let (heard, all) = (verdict.cases_heard(), verdict.cases.len());
    if decided && heard < all {
        said.push_str(&format!(" Asked {} of {} cases.", count(heard as u64), count(all as u64)));
    }
    let quarantined: Vec<_> = verdict.quarantined().map(|case| format!("`{case}`")).collect();
    if !quarantined.is_empty() {
        said.push_str(&format!(" In quarantine, heard by no criterion: {}.", quarantined.join(", ")));
    }
    if verdict.standing == Standing::Rescored {
        said.push_str(" Rescored: tuned on these answers, does not promote.");
    }
    if verdict.attempts > 1 && own < Unit::ONE {
        said.push_str(&format!(
            " Attempt {}: a bad version passes one of them at most {}, not {}.",
            verdict.attempts,
            TimesIn100(verdict.wrongly_passed_total),
            TimesIn100(own).number()
        ));
    }
    if verdict.grade == Grade::Opaque {
        said.push_str(" Of whatever answered: the agent declares nothing.");
    }
    said
}

fn named(failed: &[&CriterionVerdict]) -> String {
    match failed {
        [] => String::new(),
        [one] => one.reason.clone(),
        [one, rest @ ..] => {
            let names: Vec<_> = rest.iter().map(|one| format!("`{}`", one.name)).collect();
            let verb = if rest.len() == 1 { "is" } else { "are" };
            format!("{}; {} {verb} not met either", one.reason, names.join(", "))
        }
    }
}
