//! Self-tests of this process: beginning one, stopping it, how far it is, and what it found.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use gatewright_core::{
    gate::words,
    id::SpecName,
    selftest::{Erred, Fault, Found, Rate, VERSIONS},
    spec::Spec,
};
use gatewright_engine::supervisor::{Origin, SelfTestReport, reading::Reading};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{Answered, opened::Opened, show};
use crate::{
    author,
    dto::{
        Event, FileLine, Happened, Mark, MeasuredRate, Note, Nothing, RateOf, SelfTestArgs, SelfTestState,
        SelfTestView, SimulatedKind, Unseen,
    },
    error::{ApiError, Code},
};

/// The self-test of an opened workspace: at most one, the newest.
#[derive(Default)]
pub(super) struct SelfTests {
    newest: Mutex<Option<Arc<Active>>>,
    begun: AtomicU64,
}

/// A self-test, also after it has ended.
struct Active {
    id: String,
    spec: String,
    done: AtomicU32,
    total: AtomicU32,
    cancel: CancellationToken,
    over: Mutex<Option<Result<SelfTestView, String>>>,
}

impl SelfTests {
    /// The newest takes the place of the one before, which stops.
    fn set(&self, active: Arc<Active>) {
        let before = self.kept().replace(active);
        if let Some(before) = before {
            before.cancel.cancel();
        }
    }

    fn of(&self, id: &str) -> Answered<Arc<Active>> {
        self.kept().clone().filter(|active| active.id == id).ok_or_else(|| {
            ApiError::new(Code::NotFound, "another self-test took the place of this one")
                .hint("Begin it again.")
        })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Arc<Active>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SelfTests {
    fn drop(&mut self) {
        if let Some(active) = self.kept().as_ref() {
            active.cancel.cancel();
        }
    }
}

impl Active {
    fn state(&self) -> SelfTestState {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let (view, missing) = match over.as_ref() {
            Some(Ok(view)) => (Some(view.clone()), None),
            Some(Err(why)) => (None, Some(why.clone())),
            None => (None, None),
        };
        SelfTestState {
            selftest: self.id.clone(),
            spec: self.spec.clone(),
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            ended: over.is_some(),
            missing,
            view,
        }
    }
}

/// Begins a self-test; it tells by events how far it is.
pub(super) fn start(opened: &Arc<Opened>, args: SelfTestArgs) -> SelfTestState {
    let number = opened.selftests.begun.fetch_add(1, Ordering::Relaxed) + 1;
    let active = Arc::new(Active {
        id: number.to_string(),
        spec: args.spec.clone(),
        done: AtomicU32::new(0),
        total: AtomicU32::new(0),
        cancel: CancellationToken::new(),
        over: Mutex::default(),
    });
    opened.selftests.set(Arc::clone(&active));
    let state = active.state();
    // It holds nothing that keeps the workspace open: closing that stops it.
    let (closing, reading) = (Arc::downgrade(opened), Arc::clone(opened));
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let files = reading.reading_with(&args.spec, args.text.as_deref());
        let (engine, bell) = (Arc::clone(&reading.engine), Arc::clone(&reading.bell));
        drop(reading);
        let ring = |ended| {
            let _inside = runtime.enter();
            let what = Happened::SelftestMoved { selftest: active.id.clone(), ended };
            bell.ring(Event { seq: 0, at: engine.clock().now().0, what });
        };
        let progress = |done, total| {
            active.done.fetch_max(done, Ordering::Relaxed);
            active.total.store(total, Ordering::Relaxed);
            ring(false);
        };
        let spec = SpecName::new(args.spec.clone());
        let tested = engine.selftest(&files, &spec, args.assumed, &progress, &active.cancel);
        let over = match (tested, closing.upgrade()) {
            (Ok(Some(report)), Some(opened)) => view(&opened, &files, &report).map_err(|error| error.message),
            (Ok(_), _) => Err("stopped".to_owned()),
            (Err(error), _) => Err(ApiError::from(error).message),
        };
        *active.over.lock().unwrap_or_else(PoisonError::into_inner) = Some(over);
        ring(true);
    });
    state
}

/// Stops a self-test.
pub(super) fn cancel(opened: &Opened, id: &str) -> Answered<Nothing> {
    opened.selftests.of(id)?.cancel.cancel();
    Ok(Nothing {})
}

/// How far a self-test is.
pub(super) fn state(opened: &Opened, id: &str) -> Answered<SelfTestState> {
    Ok(opened.selftests.of(id)?.state())
}

fn view(opened: &Opened, reading: &Reading, report: &SelfTestReport) -> Answered<SelfTestView> {
    let findings = &report.findings;
    let file = reading.specs.iter().find(|found| found.name == report.spec.name).map(|found| &found.file);
    let whose = match &report.origin {
        Origin::Recorded { version, .. } => opened.look(|read| show::version(read, *version))?,
        Origin::Assumed { .. } => show::nobody(),
    };
    let mark = match (findings.kept, findings.unseen.is_empty()) {
        (false, _) => Mark::Fail,
        (true, false) => Mark::Undecided,
        (true, true) => Mark::Pass,
    };
    Ok(SelfTestView {
        headline: findings.headline.clone(),
        mark,
        versions: VERSIONS,
        source: author::source(&report.origin, show::called(&whose)),
        assumed: matches!(report.origin, Origin::Assumed { .. }),
        weather: author::weather(report.weather),
        rates: findings.rates.iter().map(rate).collect(),
        kinds: findings.kinds.iter().map(kind).collect(),
        unseen: findings
            .unseen
            .iter()
            .map(|one| Unseen {
                what: findings
                    .kinds
                    .iter()
                    .find(|found| found.fault == one.fault)
                    .map_or_else(String::new, |found| found.label.clone()),
                text: one.text.clone(),
                advice: one.advice.clone(),
                add: one.add.clone(),
                place: file.map(|file| FileLine { file: file.clone(), line: gate_line(&report.spec, file) }),
            })
            .collect(),
        notes: findings
            .notes
            .iter()
            .map(|text| Note { mark: Mark::Plain, text: text.clone(), way: None })
            .collect(),
        took_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn rate(rate: &Rate) -> MeasuredRate {
    MeasuredRate {
        criterion: rate.criterion.as_ref().map(ToString::to_string),
        of: match rate.erred {
            Erred::WronglyBlocked => RateOf::WronglyBlocked,
            Erred::WronglyPassed => RateOf::WronglyPassed,
        },
        declared: rate.declared.map(|declared| declared.as_f64()),
        measured: rate.measured(),
        low: rate.interval.low,
        high: rate.interval.high,
        found: rate.found,
        versions: rate.versions,
        mark: match (rate.declared, rate.kept) {
            (None, _) => Mark::Plain,
            (Some(_), true) => Mark::Pass,
            (Some(_), false) => Mark::Fail,
        },
        text: rate.text(),
    }
}

fn kind(found: &Found) -> SimulatedKind {
    let tally = &found.tally;
    let ((heard_mean, heard_p95), (asked_mean, asked_p95)) = (tally.heard_calls(), tally.asked_calls());
    let versions = tally.versions();
    let share = if versions == 0 { 0.0 } else { f64::from(tally.passed) / f64::from(versions) };
    SimulatedKind {
        kind: found.fault.code().to_owned(),
        label: found.label.clone(),
        detail: found.detail.clone(),
        good: found.fault == Fault::None,
        passed: tally.passed,
        failed: tally.failed,
        undecided: tally.undecided,
        versions,
        passes: format!("{} in 100 pass", words::in_100(share)),
        mark: if found.well { Mark::Pass } else { Mark::Fail },
        heard_mean,
        heard_p95,
        asked_mean,
        asked_p95,
    }
}

/// The line below the last case of the spec: the gate stands there, or near it.
fn gate_line(spec: &Spec, file: &str) -> u32 {
    let last = spec.cases.iter().filter(|case| case.file == file).map(|case| case.place.line).max();
    last.unwrap_or(1).max(1)
}
