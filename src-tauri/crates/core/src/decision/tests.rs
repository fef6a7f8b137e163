//! Decisions: what grants, what refuses, and what a person's word can and cannot set aside.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use proptest::prelude::*;

use super::*;
use crate::id::{ComponentName, PlanId};
use crate::plan::{METHOD, StreamKey};
use crate::verdict::{Counts, Why};
use crate::version::{FileEntry, MANIFEST_FORMAT, Provenance};

const DAY_MS: i64 = 86_400_000;

fn digest(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

fn manifest(drive: Drive, components: &[(&str, Component)]) -> Manifest {
    let components =
        components.iter().map(|(name, part)| (ComponentName::from(*name), part.clone())).collect();
    Manifest { format: MANIFEST_FORMAT, drive, components }
}

fn prompt(text: &str) -> Component {
    Component::Content(FileEntry { digest: digest(text), size: text.len() as u64, executable: false })
}

/// A world in which the promotion of `candidate` is granted; each test spoils one thing.
struct World {
    policy: EnvironmentPolicy,
    candidate: Version,
    verdicts: Vec<Verdict>,
    given: Millis,
    withdrawn_by: Option<VerdictId>,
    trusted: bool,
    former: Vec<FormerView>,
    word: Option<Word>,
    live: Live,
}

fn requirement(spec: &str) -> Requirement {
    Requirement {
        spec: spec.into(),
        meaning: Some(SpecMeaning(digest(spec))),
        wrongly_blocked: Unit::from_millionths(50_000).expect("within 1"),
        quarantine: BTreeSet::new(),
    }
}

/// What a spec meant at the last promotion, with one case.
fn former(spec: &str, meant: &str, outcome: Outcome) -> FormerView {
    let meaning = SpecMeaning(digest(meant));
    FormerView { spec: spec.into(), meaning, outcome, cases: BTreeSet::from(["late-parcel".into()]) }
}

fn verdict(spec: &str, version: VersionId, seq: u64) -> Verdict {
    Verdict {
        id: VerdictId(digest(&format!("verdict {spec} {seq}"))),
        plan: PlanId(digest("plan")),
        stream: StreamKey {
            version,
            endpoint: EndpointId(digest("endpoint")),
            spec: spec.into(),
            attempt: NonZeroU32::MIN,
            purpose: Purpose::Gate,
        },
        spec: SpecMeaning(digest(spec)),
        grade: Grade::Sent,
        baseline: Some(VersionId(digest("live"))),
        criteria: Vec::new(),
        outcome: Outcome::Pass,
        standing: Standing::Prospective,
        attempts: 1,
        wrongly_passed_total: Unit::from_millionths(50_000).expect("within 1"),
        cases: Vec::new(),
        counts: Counts::default(),
        baseline_counts: None,
        heard_max: 0,
        facts: digest("facts"),
        method: METHOD,
        headline: String::new(),
        seq: Seq(seq),
    }
}

impl World {
    fn new() -> Self {
        let sealed = manifest(Drive::Assembled, &[("prompt", prompt("Be kind."))]);
        let id = sealed.id().expect("a version");
        Self {
            policy: EnvironmentPolicy {
                environment: "production".into(),
                requires: vec![requirement("refunds"), requirement("safety")],
                weakening: Weakening::Ask,
                attempts_max: 3,
                max_age: Some(Duration(7 * 86_400_000)),
                allow_opaque: false,
            },
            candidate: Version {
                id,
                agent: "support-bot".into(),
                manifest: sealed,
                grade: Grade::Sent,
                provenance: Provenance::default(),
            },
            verdicts: vec![verdict("refunds", id, 10), verdict("safety", id, 11)],
            given: Millis(0),
            withdrawn_by: None,
            trusted: true,
            former: Vec::new(),
            word: None,
            live: Live { version: Some(VersionId(digest("live"))), ..Live::default() },
        }
    }

    fn with_manifest(mut self, manifest: Manifest) -> Self {
        self.candidate.id = manifest.id().expect("a version");
        self.candidate.manifest = manifest;
        self.verdicts.iter_mut().for_each(|verdict| verdict.stream.version = self.candidate.id);
        self
    }

    fn proposal(&self) -> Proposal<'_> {
        Proposal {
            version: &self.candidate,
            endpoint: EndpointId(digest("endpoint")),
            former: &self.former,
            word: self.word.clone(),
            now: Millis(DAY_MS),
            seq: Seq(20),
        }
    }

    fn views(&self) -> Vec<VerdictView<'_>> {
        let view = |verdict| VerdictView {
            verdict,
            given: self.given,
            withdrawn_by: self.withdrawn_by,
            trusted: self.trusted,
            live_there: self.live.version,
        };
        self.verdicts.iter().map(view).collect()
    }

    fn decide(&self) -> Decision {
        decide(&self.policy, &self.proposal(), &self.views(), &self.live)
    }

    fn granted(&self) -> Box<Grant> {
        match self.decide() {
            Decision::Granted(grant) => grant,
            Decision::Refused(refusals) => panic!("refused: {refusals:?}"),
        }
    }

    fn refused(&self) -> Vec<Refusal> {
        match self.decide() {
            Decision::Granted(grant) => panic!("granted on {:?}", grant.basis()),
            Decision::Refused(refusals) => refusals,
        }
    }
}

fn statement() -> Statement {
    Statement::new("Ada", "The old one is worse.").expect("a statement")
}

fn refunds() -> SpecName {
    "refunds".into()
}

#[test]
fn prospective_passes_of_all_required_specs_grant() {
    let world = World::new();
    let grant = world.granted();
    let ids = world.verdicts.iter().map(|verdict| verdict.id).collect();
    assert_eq!(grant.basis(), &Basis::Verdicts(ids));
    assert_eq!((grant.from(), grant.to()), (world.live.version, world.candidate.id));
    assert_eq!(Some(grant.sealed()), sealed_digest(&world.candidate.manifest));
    assert!(grant.overridden().is_empty() && grant.weakened().is_empty() && !grant.is_rollback());
}

#[test]
fn the_sum_of_wrongly_blocked_and_the_largest_wrongly_passed_are_shown() {
    let mut world = World::new();
    world.verdicts[1].wrongly_passed_total = Unit::from_millionths(100_000).expect("within 1");
    let odds = world.granted().odds().expect("odds");
    assert_eq!((odds.wrongly_blocked_millionths, odds.wrongly_passed.millionths()), (100_000, 100_000));
    world.verdicts[0].outcome = Outcome::Fail;
    assert_eq!(super::odds(&world.policy, &world.proposal(), &world.views()), odds, "refused or not");
}

#[test]
fn without_a_verdict_of_every_required_spec_nothing_is_promised_of_bad_versions() {
    let told = |world: &World| odds(&world.policy, &world.proposal(), &world.views());
    let passed = |world: &World| told(world).wrongly_passed;
    let mut world = World::new();
    assert_eq!(passed(&world).millionths(), 50_000);
    world.verdicts[0].spec = SpecMeaning(digest("older"));
    assert_eq!(passed(&world), Unit::ONE, "one is of another meaning");
    world.verdicts.remove(0);
    assert_eq!(passed(&world), Unit::ONE, "one of two");
    world.verdicts.clear();
    assert_eq!(passed(&world), Unit::ONE, "none of two");
    world.word = Some(Word::Override(statement()));
    assert_eq!(
        world.granted().odds().map(|odds| odds.wrongly_passed),
        Some(Unit::ONE),
        "a grant keeps what was shown"
    );
    world.policy.requires.clear();
    let none = told(&world);
    assert_eq!(
        (none.wrongly_passed, none.wrongly_blocked_millionths),
        (Unit::ONE, 1_000_000),
        "none is required"
    );
}

/// Something that spoils a world, and the refusal it must lead to.
type Spoiled = (fn(&mut World), Refusal);

/// Each way in which the verdict of `refunds` can be spoiled.
fn spoiled() -> Vec<Spoiled> {
    let id = VerdictId(digest("verdict refunds 10"));
    vec![
        (|world| drop(world.verdicts.remove(0)), Refusal::NoVerdict(refunds())),
        (|world| world.verdicts[0].outcome = Outcome::Fail, Refusal::NotPass(refunds(), id)),
        (
            |world| world.verdicts[0].outcome = Outcome::Inconclusive(Why::Undecided),
            Refusal::NotPass(refunds(), id),
        ),
        (|world| world.verdicts[0].spec = SpecMeaning(digest("older")), Refusal::StaleMeaning(refunds())),
        (|world| world.policy.requires[0].meaning = None, Refusal::StaleMeaning(refunds())),
        (
            |world| world.verdicts[0].baseline = Some(VersionId(digest("before"))),
            Refusal::BaselineMoved(refunds()),
        ),
        (|world| world.verdicts[0].standing = Standing::Rescored, Refusal::Rescored(refunds())),
        (|world| world.verdicts[0].attempts = 4, Refusal::TooManyAttempts(refunds())),
        (
            |world| world.verdicts[0].stream.version = VersionId(digest("another")),
            Refusal::NoVerdict(refunds()),
        ),
        (
            |world| world.verdicts[0].stream.endpoint = EndpointId(digest("elsewhere")),
            Refusal::NoVerdict(refunds()),
        ),
        (
            |world| world.verdicts[0].stream.purpose = Purpose::Monitor { environment: "production".into() },
            Refusal::NoVerdict(refunds()),
        ),
        (
            |world| {
                world.former.push(former("refunds", "stricter", Outcome::Fail));
            },
            Refusal::Weakened(refunds()),
        ),
    ]
}

#[test]
fn whatever_spoils_a_verdict_refuses_and_a_word_sets_it_aside() {
    for (spoil, refusal) in spoiled() {
        let mut world = World::new();
        spoil(&mut world);
        assert_eq!(world.refused(), std::slice::from_ref(&refusal));
        world.word = Some(Word::Override(statement()));
        let grant = world.granted();
        assert_eq!(grant.basis(), &Basis::Override(statement()));
        assert_eq!(grant.overridden(), [refusal]);
    }
}

#[test]
fn what_the_history_says_against_all_verdicts_refuses_them_all() {
    type Case = (fn(&mut World), fn(SpecName) -> Refusal);
    let cases: [Case; 3] = [
        (|world| world.withdrawn_by = Some(VerdictId(digest("later fail"))), Refusal::Withdrawn),
        (|world| world.trusted = false, Refusal::Untrusted),
        (|world| world.given = Millis(-6 * DAY_MS - 1), Refusal::TooOld),
    ];
    for (spoil, refusal) in cases {
        let mut world = World::new();
        spoil(&mut world);
        assert_eq!(world.refused(), [refusal(refunds()), refusal("safety".into())]);
    }
}

#[test]
fn a_verdict_is_young_enough_to_the_last_millisecond_and_from_the_future() {
    for given in [-6 * DAY_MS, 0, 2 * DAY_MS, i64::MAX] {
        let world = World { given: Millis(given), ..World::new() };
        assert!(matches!(world.granted().basis(), Basis::Verdicts(_)), "{given}");
    }
    let mut world = World { given: Millis(i64::MIN), ..World::new() };
    assert_eq!(world.refused().len(), 2);
    world.policy.max_age = None;
    world.granted();
}

#[test]
fn the_newest_verdict_counts_however_they_are_ordered() {
    let mut world = World::new();
    let mut later = verdict("refunds", world.candidate.id, 15);
    later.outcome = Outcome::Fail;
    let id = later.id;
    world.verdicts.insert(0, later);
    assert_eq!(world.refused(), [Refusal::NotPass(refunds(), id)]);
    world.verdicts.rotate_left(1);
    assert_eq!(world.refused(), [Refusal::NotPass(refunds(), id)]);
    world.verdicts.push(verdict("refunds", world.candidate.id, 16));
    world.granted();
}

#[test]
fn an_environment_that_requires_nothing_is_never_a_pass() {
    let mut world = World::new();
    world.policy.requires.clear();
    assert_eq!(world.refused(), [Refusal::NothingRequired]);
    world.word = Some(Word::Override(statement()));
    assert_eq!(world.granted().overridden(), [Refusal::NothingRequired]);
}

#[test]
fn no_word_opens_what_is_open_opaque_without_a_way_back_or_live_already() {
    type Case = (fn(World) -> World, Refusal);
    let cases: [Case; 4] = [
        (
            |mut world| {
                world.live.open = Some(ReleaseId(7));
                world
            },
            Refusal::EnvironmentOpen(ReleaseId(7)),
        ),
        (|world| world.with_manifest(manifest(Drive::Hosted, &[])), Refusal::Opaque),
        (
            |world| world.with_manifest(manifest(Drive::Hosted, &[("model", Component::Value("m".into()))])),
            Refusal::CannotBePutBack,
        ),
        (
            |mut world| {
                world.live.version = Some(world.candidate.id);
                world.verdicts.iter_mut().for_each(|verdict| verdict.baseline = None);
                world
            },
            Refusal::AlreadyLive,
        ),
    ];
    for (spoil, refusal) in cases {
        for word in [None, Some(Word::Override(statement()))] {
            let mut world = spoil(World::new());
            world.word = word;
            assert_eq!(world.refused(), std::slice::from_ref(&refusal));
        }
    }
}

#[test]
fn an_opaque_grade_is_released_only_where_that_is_allowed() {
    let mut world = World::new();
    world.candidate.grade = Grade::Opaque;
    assert_eq!(world.refused(), [Refusal::Opaque]);
    world.policy.allow_opaque = true;
    world.granted();
}

#[test]
fn what_can_be_put_back_is_content_or_values_that_we_send() {
    let artifact = Component::Artifact { kind: "image".into(), digest: "sha256:00".into() };
    let value = || Component::Value("gpt".into());
    let cases = [
        (Drive::Hosted, prompt("p"), true),
        (Drive::Hosted, artifact, true),
        (Drive::Hosted, Component::GitTree("00".into()), true),
        (Drive::Spawned, Component::Files(BTreeMap::new()), false),
        (Drive::Assembled, value(), true),
        (Drive::Hosted, value(), false),
        (Drive::Spawned, value(), false),
        (Drive::Assembled, Component::Claimed("build 7".into()), false),
    ];
    for (drive, component, expected) in cases {
        assert_eq!(
            can_be_put_back(&manifest(drive, &[("part", component.clone())])),
            expected,
            "{component:?}"
        );
    }
}

#[test]
fn a_bootstrap_is_for_the_first_version_alone() {
    let mut world = World::new();
    world.verdicts.iter_mut().for_each(|verdict| {
        verdict.baseline = None;
        verdict.outcome = Outcome::Inconclusive(Why::NoBaseline);
    });
    world.word = Some(Word::Bootstrap(statement()));
    assert_eq!(world.refused().last(), Some(&Refusal::NotTheFirst(VersionId(digest("live")))));
    world.live.version = None;
    let grant = world.granted();
    assert_eq!((grant.basis(), grant.from()), (&Basis::Bootstrap(statement()), None));
    assert_eq!(grant.overridden().len(), 2);
}

#[test]
fn what_no_release_made_live_is_replaced_by_a_persons_word_alone_and_named_in_the_grant() {
    let outside = VersionId(digest("outside"));
    let mut world = World::new();
    world.live.outside = Some(outside);
    assert_eq!(world.refused(), [Refusal::MovedOutside(outside)]);
    world.word = Some(Word::Override(statement()));
    let grant = world.granted();
    assert_eq!((grant.from(), grant.overridden()), (Some(outside), &[Refusal::MovedOutside(outside)][..]));
    // What went live last is not live any more: it may be released again.
    world.live.version = Some(world.candidate.id);
    world.granted();

    // A history that knows no release here.
    world.verdicts.iter_mut().for_each(|verdict| verdict.baseline = None);
    (world.live.version, world.word) = (None, None);
    assert_eq!(world.refused(), [Refusal::MovedOutside(outside)]);
    world.word = Some(Word::Bootstrap(statement()));
    let grant = world.granted();
    assert_eq!((grant.basis(), grant.from()), (&Basis::Bootstrap(statement()), Some(outside)));
}

#[test]
fn a_word_that_was_not_needed_is_not_recorded() {
    let world = World { word: Some(Word::Override(statement())), ..World::new() };
    let grant = world.granted();
    assert!(matches!(grant.basis(), Basis::Verdicts(_)) && grant.overridden().is_empty());
}

#[test]
fn weakening_is_asked_about_forbidden_or_marked() {
    let mut world = World::new();
    // Also of a spec that is no longer required: to drop it is to weaken.
    world.former = vec![former("dropped", "dropped", Outcome::Fail), former("refunds", "old", Outcome::Pass)];
    assert_eq!(world.refused(), [Refusal::Weakened("dropped".into())]);
    world.policy.weakening = Weakening::Allow;
    assert_eq!(world.granted().weakened(), [SpecName::from("dropped")]);
    world.policy.weakening = Weakening::Forbid;
    world.word = Some(Word::Override(statement()));
    assert_eq!(world.refused(), [Refusal::WeakeningForbidden("dropped".into())]);
}

#[test]
fn a_former_spec_that_is_undecided_or_unchanged_weakens_nothing() {
    let mut world = World::new();
    world.former = vec![
        former("refunds", "old", Outcome::Inconclusive(Why::Missing)),
        former("safety", "safety", Outcome::Fail),
    ];
    assert!(world.granted().weakened().is_empty());
}

#[test]
fn a_case_in_quarantine_since_the_last_promotion_weakens_whatever_its_answers_are() {
    let mut world = World::new();
    world.former = vec![former("refunds", "refunds", Outcome::Pass)];
    world.policy.requires[0].quarantine = BTreeSet::from(["late-parcel".into(), "a-new-case".into()]);
    let cases = || vec!["late-parcel".into()];
    assert_eq!(world.refused(), [Refusal::Quarantined(refunds(), cases())], "a new case was never heard");
    world.policy.weakening = Weakening::Allow;
    assert_eq!(world.granted().weakened(), [refunds()]);
    world.policy.weakening = Weakening::Forbid;
    world.word = Some(Word::Override(statement()));
    assert_eq!(world.refused(), [Refusal::QuarantineForbidden(refunds(), cases())]);
    world.policy.weakening = Weakening::Ask;
    assert_eq!(world.granted().overridden(), [Refusal::Quarantined(refunds(), cases())]);
    // It was in quarantine then too.
    (world.word, world.former[0].cases) = (None, BTreeSet::new());
    assert!(world.granted().weakened().is_empty());
}

#[test]
fn a_statement_needs_a_name_and_a_reason() {
    assert_eq!(Statement::new("  ", "because"), Err(NoStatement::NoName));
    assert_eq!(Statement::new("Ada", "\n"), Err(NoStatement::NoReason));
    let long = "x".repeat(STATEMENT_CHARS_MAX + 1);
    assert_eq!(Statement::new("Ada", &long), Err(NoStatement::TooLong("reason")));
    let trimmed = Statement::new(" Ada ", " because ").expect("a statement");
    assert_eq!((trimmed.by(), trimmed.reason()), ("Ada", "because"));
}

fn lived(manifest: &Manifest) -> WasLive {
    WasLive::new(ReleaseId(3), "production".into(), manifest.id().expect("a version"))
}

#[test]
fn a_rollback_needs_no_verdict_and_waits_for_nothing() {
    let manifest = manifest(Drive::Assembled, &[("prompt", prompt("Old."))]);
    let target = lived(&manifest);
    let version = Some(VersionId(digest("live")));
    let live = Live { version, open: Some(ReleaseId(9)), ..Live::default() };
    let decision = decide_rollback(&"production".into(), &target, &manifest, &live, Seq(30));
    let Decision::Granted(grant) = decision else { panic!("refused: {decision:?}") };
    assert_eq!((grant.from(), grant.to()), (live.version, target.version()));
    assert_eq!(grant.basis(), &Basis::WasLive(ReleaseId(3)));
    assert!(grant.is_rollback());
}

#[test]
fn a_rollback_leads_only_where_its_target_was_live_and_to_its_own_content() {
    let (old, other) = (
        manifest(Drive::Assembled, &[("prompt", prompt("Old."))]),
        manifest(Drive::Assembled, &[("prompt", prompt("Other."))]),
    );
    let target = lived(&old);
    let elsewhere = decide_rollback(&"staging".into(), &target, &old, &Live::default(), Seq(30));
    assert_eq!(elsewhere, Decision::Refused(vec![Refusal::NeverLiveHere(target.version())]));
    let swapped = decide_rollback(&"production".into(), &target, &other, &Live::default(), Seq(30));
    assert_eq!(swapped, Decision::Refused(vec![Refusal::CannotBePutBack]));
}

#[test]
fn a_grant_is_the_digest_of_its_terms() {
    let world = World::new();
    let (first, second) = (world.granted(), world.granted());
    assert_eq!(first, second);
    let moved = World { live: Live::default(), ..World::new() };
    let moved = World { word: Some(Word::Override(statement())), ..moved };
    assert_ne!(moved.granted().id(), first.id());
    insta::assert_json_snapshot!(first);
}

#[test]
fn every_refusal_says_what_to_do() {
    let (spec, version) = (refunds, VersionId(digest("version")));
    let all = [
        Refusal::NothingRequired,
        Refusal::NoVerdict(spec()),
        Refusal::NotPass(spec(), VerdictId(digest("verdict"))),
        Refusal::StaleMeaning(spec()),
        Refusal::BaselineMoved(spec()),
        Refusal::Rescored(spec()),
        Refusal::TooManyAttempts(spec()),
        Refusal::Withdrawn(spec()),
        Refusal::TooOld(spec()),
        Refusal::Weakened(spec()),
        Refusal::WeakeningForbidden(spec()),
        Refusal::Quarantined(spec(), vec!["late-parcel".into()]),
        Refusal::QuarantineForbidden(spec(), vec!["late-parcel".into(), "wrong-size".into(), "x".into()]),
        Refusal::Untrusted(spec()),
        Refusal::Opaque,
        Refusal::CannotBePutBack,
        Refusal::AlreadyLive,
        Refusal::MovedOutside(version),
        Refusal::EnvironmentOpen(ReleaseId(7)),
        Refusal::NotTheFirst(version),
        Refusal::NeverLiveHere(version),
    ];
    let words: Vec<String> = all.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(words.join("\n"));
}

proptest! {
    /// Without a word, a grant means that nothing at all was wrong; with one, that nothing unanswerable was.
    #[test]
    fn a_grant_without_a_word_has_no_blemish(picks in prop::collection::vec(0..12_usize, 0..4), word: bool, open: bool) {
        let mut world = World::new();
        for pick in &picks {
            // The first removes the verdict that the others spoil.
            if *pick != 0 {
                spoiled()[*pick].0(&mut world);
            }
        }
        let spoiled = picks.iter().any(|pick| *pick != 0);
        world.live.open = open.then_some(ReleaseId(7));
        world.word = word.then(|| Word::Override(statement()));
        let granted = matches!(world.decide(), Decision::Granted(_));
        prop_assert_eq!(granted, !open && (word || !spoiled));
    }
}
