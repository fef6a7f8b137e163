//! From facts to a verdict: the facts are heard once more, in the order of their stream, and summed up.

use std::collections::BTreeMap;

use super::{CaseTally, CriterionVerdict, Standing, Verdict, reason, shown};
use crate::{
    gate::{Came, Counts, Heard, Hearing, Listener, Outcome, SlotFacts, Why},
    id::{CanonicalError, CaseName, Digest, VerdictId},
    plan::{Boundary, Plan, Side, Slot},
    spec::{Ask, Metric, Rule, Unit},
    time::Seq,
    version::Grade,
};

/// What a verdict is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Inquiry<'a> {
    /// By which plan.
    pub plan: &'a Plan,
    /// When the plan was recorded, in order: answers recorded before are what it was tuned on.
    pub plan_recorded: Seq,
    /// Everything recorded of the plan's streams whose input is still the one that the spec would send, in any
    /// order. Slots that have not ended are left out.
    pub facts: &'a [SlotFacts],
    /// Why the run stopped; none when it was decided, or when nobody runs. It says nothing where the facts decide,
    /// but for a changed identity, which voids them.
    pub stop: Option<Why>,
    /// How we know which version answered.
    pub grade: Grade,
    /// `wrongly_passed` of every attempt of this version and spec that ended before this stream.
    pub earlier: &'a [Unit],
    /// When the verdict is given, in order.
    pub seq: Seq,
}

/// Judges. The same facts give the same verdict, byte for byte.
///
/// # Errors
/// Never for a plan that the gate made.
pub fn judge(inquiry: &Inquiry<'_>) -> Result<Verdict, CanonicalError> {
    let plan = inquiry.plan;
    let heard = Consumed::new(inquiry)?;
    let outcome = heard.outcome(inquiry.stop);
    let criteria: Vec<_> = (0..plan.criteria.len()).map(|number| heard.criterion(inquiry, number)).collect();
    let reused = heard.facts.iter().any(|facts| facts.recorded < inquiry.plan_recorded);
    let own = wrongly_passed(plan);
    let total = inquiry
        .earlier
        .iter()
        .fold(own.millionths(), |sum, one| sum.saturating_add(one.millionths()).min(Unit::ONE.millionths()));
    let mut verdict = Verdict {
        id: VerdictId(Digest([0; 32])),
        plan: plan.id,
        stream: plan.stream.clone(),
        spec: plan.spec,
        grade: inquiry.grade,
        baseline: plan.baseline.as_ref().map(|stream| stream.version),
        outcome,
        standing: if reused { Standing::Rescored } else { Standing::Prospective },
        attempts: u32::try_from(inquiry.earlier.len()).unwrap_or(u32::MAX).saturating_add(1),
        wrongly_passed_total: Unit::from_millionths(total).unwrap_or(Unit::ONE),
        cases: heard.cases(plan),
        counts: heard.counts(plan, inquiry.plan_recorded, Side::Candidate),
        baseline_counts: plan
            .asks_baseline()
            .then(|| heard.counts(plan, inquiry.plan_recorded, Side::Baseline)),
        heard_max: heard.heard_max,
        facts: heard.digest()?,
        method: plan.method,
        headline: String::new(),
        seq: inquiry.seq,
        criteria,
    };
    verdict.headline = reason::headline(&verdict, own, heard.hearing.left_at_most());
    verdict.id = verdict.digest()?;
    Ok(verdict)
}

/// What one attempt by this plan may wrongly pass: the largest of its blocking criteria, as all must be met. 1
/// when none declares it.
#[must_use]
pub fn wrongly_passed(plan: &Plan) -> Unit {
    let declared = plan.criteria.iter().filter(|one| one.blocking).filter_map(|one| match &one.rule {
        Rule::Rate { risk, .. } | Rule::Mean { risk, .. } | Rule::MaxDrop { risk, .. } => {
            Some(risk.wrongly_passed)
        }
        Rule::Never { wrongly_passed, .. } => Some(*wrongly_passed),
        Rule::Plain { .. } => None,
    });
    declared.max().unwrap_or(Unit::ONE)
}

/// The facts that the gate consumed, in order, and what it heard in them.
struct Consumed<'a> {
    hearing: Hearing,
    facts: Vec<&'a SlotFacts>,
    /// By criterion: the slots that it heard, as places in [`Self::facts`].
    heard: Vec<Vec<usize>>,
    heard_max: u32,
}

impl<'a> Consumed<'a> {
    fn new(inquiry: &Inquiry<'a>) -> Result<Self, CanonicalError> {
        let mut by_slot: BTreeMap<&Slot, &SlotFacts> = BTreeMap::new();
        for facts in inquiry.facts {
            // Facts never change: of two tellings the first recorded stands.
            let known = by_slot.entry(&facts.slot).or_insert(facts);
            if facts.recorded < known.recorded {
                *known = facts;
            }
        }
        let mut hearing = Hearing::new(inquiry.plan)?;
        let expected = hearing.left_at_most();
        let mut facts: Vec<&SlotFacts> = Vec::new();
        let mut heard = vec![Vec::new(); inquiry.plan.criteria.len()];
        while let Some(found) = hearing.wanted().and_then(|slot| by_slot.get(&slot).copied()) {
            let before: Vec<u32> = hearing.criteria().iter().map(|one| one.counts().heard()).collect();
            hearing.hear(&found.came, found.recorded < inquiry.plan_recorded);
            for (number, listener) in hearing.criteria().iter().enumerate() {
                if listener.counts().heard() > before[number] {
                    // A pair is heard with its second slot; the first one stands right before it.
                    heard[number].extend(facts.len().checked_sub(1).filter(|_| listener.compares()));
                    heard[number].push(facts.len());
                }
            }
            facts.push(found);
        }
        // Missing answers may have lengthened it. Cases in quarantine are asked in the first round, and not heard.
        let asked_max = expected.max(hearing.heard() + hearing.left_at_most());
        let silent = match inquiry.plan.ask {
            Ask::EveryCaseOnce => inquiry.plan.quarantine.len(),
            Ask::Enough => 0,
        };
        let heard_max = asked_max.saturating_sub(u32::try_from(silent).unwrap_or(u32::MAX));
        Ok(Self { hearing, facts, heard, heard_max })
    }

    /// What the gate says. Only a pass of every blocking criterion is a pass.
    fn outcome(&self, stop: Option<Why>) -> Outcome {
        if stop == Some(Why::IdentityChanged) {
            return Outcome::Inconclusive(Why::IdentityChanged);
        }
        let blocking = || self.hearing.criteria().iter().filter(|listener| listener.blocking());
        if blocking().next().is_none() {
            return Outcome::Inconclusive(Why::NothingToJudge);
        }
        let undecided = Outcome::Inconclusive(stop.unwrap_or(Why::NotAsked));
        match self.hearing.answer() {
            // The first round is not over: what passes so far may not.
            Some(Outcome::Pass) if !self.hearing.ended() => undecided,
            Some(outcome) => outcome,
            None => undecided,
        }
    }

    fn criterion(&self, inquiry: &Inquiry<'_>, number: usize) -> CriterionVerdict {
        let planned = &inquiry.plan.criteria[number];
        let listener = &self.hearing.criteria()[number];
        let heard: Vec<&SlotFacts> = self.heard[number].iter().map(|&place| self.facts[place]).collect();
        let outcome = self.criterion_outcome(listener, inquiry.stop);
        CriterionVerdict {
            criterion: planned.criterion,
            name: planned.name.clone(),
            rule: planned.rule.clone(),
            blocking: planned.blocking,
            outcome,
            at: listener.counts().heard(),
            heard_max: listener.heard_max(),
            counts: listener.counts(),
            recorded: planned.recorded.clone(),
            shown: shown::of(planned, listener, &heard),
            given_determinism: matches!(planned.boundary, Boundary::WithoutReplacement { .. }),
            reason: reason::of(&reason::Subject { planned, listener, outcome, last: last(&heard) }),
        }
    }

    fn criterion_outcome(&self, listener: &Listener, stop: Option<Why>) -> Outcome {
        match (stop, listener.outcome()) {
            (Some(Why::IdentityChanged), _) => Outcome::Inconclusive(Why::IdentityChanged),
            (_, Some(outcome)) => outcome,
            (_, None) if self.hearing.ended() || !listener.listens() => {
                Outcome::Inconclusive(Why::GateDecided)
            }
            (stop, None) => Outcome::Inconclusive(stop.unwrap_or(Why::NotAsked)),
        }
    }

    fn cases(&self, plan: &Plan) -> Vec<CaseTally> {
        let place: BTreeMap<_, _> =
            plan.cases.iter().enumerate().map(|(place, case)| (case, place)).collect();
        let none = |case: &CaseName| CaseTally {
            case: case.clone(),
            trials: 0,
            passed: 0,
            missing: 0,
            quarantined: plan.quarantine.contains(case),
        };
        let mut tallies: Vec<_> = plan.cases.iter().map(none).collect();
        for facts in self.of(Side::Candidate) {
            let Some(tally) = place.get(&facts.slot.case).and_then(|&place| tallies.get_mut(place)) else {
                continue;
            };
            tally.trials += 1;
            match facts.came.heard(&Metric::PassRate) {
                Heard::Score(score) => tally.passed += u32::from(score == Unit::ONE),
                Heard::Missing => tally.missing += 1,
            }
        }
        tallies
    }

    fn of(&self, side: Side) -> impl Iterator<Item = &&'a SlotFacts> {
        self.facts.iter().filter(move |facts| facts.slot.side == side)
    }

    fn counts(&self, plan: &Plan, plan_recorded: Seq, side: Side) -> Counts {
        let mut counts = Counts::default();
        for facts in self.of(side).filter(|facts| !plan.quarantine.contains(&facts.slot.case)) {
            counts.hear(&facts.came, &Metric::PassRate, facts.recorded < plan_recorded);
        }
        counts
    }

    /// The digest over the consumed slots, in order. Measurements are texts in it, so that none is too large for
    /// canonical JSON; when they were recorded is no part of it.
    fn digest(&self) -> Result<Digest, CanonicalError> {
        let told: Vec<_> = self.facts.iter().map(|facts| (&facts.slot, told(&facts.came))).collect();
        Digest::of_value("gatewright.facts", &told)
    }
}

/// What came, as it is digested.
fn told(came: &Came) -> impl serde::Serialize {
    match came {
        Came::Answer { passed, scores, measures } => {
            let measures =
                [measures.latency_ms, measures.first_token_ms, measures.cost_micros, measures.tokens_out];
            let measures = measures.map(|value| value.map(|value| value.to_string()));
            ("answer", None, Some((passed, scores, measures)))
        }
        Came::AgentError(class) => ("agent_error", Some(class), None),
        Came::Missing(class) => ("missing", Some(class), None),
    }
}

fn last<'a>(heard: &[&'a SlotFacts]) -> Option<&'a Slot> {
    heard.last().map(|facts| &facts.slot)
}
