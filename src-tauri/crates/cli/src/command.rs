//! Each command: opens what it needs, calls the one function that does it, shows what that says.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::CommandFactory as _;
use gatewright_api::{
    document::{FORMAT, RevokedDocument, RunDocument, WatchDocument},
    error::{ApiError, Code},
    local::{self, HISTORY, Local, LocalOptions, PromoteWords, RunWords},
};
use gatewright_demo_agent::sample;
use tokio_util::sync::CancellationToken;

use crate::{
    args::{CheckFormat, Cli, Command, Common, Promote, Run, SchemaOf},
    demo::EmbeddedDemo,
    exit::{Exit, Interrupted},
    output::{Ink, Output},
    progress, show,
};

/// How long a command that only looks, or has other work, asks the endpoint of a release that was left open.
const LOOK: Duration = Duration::from_secs(3);

/// Does what the words say.
///
/// # Errors
/// What the command could not do; [`Exit`] tells the status.
pub(crate) async fn execute(cli: Cli, output: Output, cancel: CancellationToken) -> anyhow::Result<Exit> {
    let common = &cli.common;
    match cli.command {
        Command::Init { dir, sample } => init(common, output, dir.as_deref(), sample),
        Command::Explain => {
            let (text, document) = local::explain(common.directory.as_deref())?;
            if !output.json {
                output.raw(&text);
            }
            output.document(&document)?;
            Ok(Exit::Done)
        }
        Command::Check { paths, format } => check(common, output, &paths, format),
        Command::Run(words) => run(common, output, words, &cancel).await,
        Command::Verdict { specs } => {
            let document = open(common)?.verdict(&specs)?;
            show::run(output, &document);
            output.document(&document)?;
            Ok(Exit::of_outcome(document.outcome))
        }
        Command::Watch => watch(common, output, &cancel).await,
        Command::Plan { spec } => {
            let document = open(common)?.plan(&spec)?;
            show::plan(output, &document);
            output.document(&document)?;
            Ok(Exit::Done)
        }
        Command::Selftest { spec, assumed } => selftest(common, output, &spec, assumed, &cancel),
        Command::Backtest { spec } => {
            let document = open(common)?.backtest(&spec)?;
            show::backtest(output, &document);
            output.document(&document)?;
            Ok(Exit::Done)
        }
        Command::Versions => {
            let document = open(common)?.versions()?;
            show::versions(output, &document);
            output.document(&document)?;
            Ok(Exit::Done)
        }
        Command::Show { version } => {
            let document = open(common)?.show(&version)?;
            show::version(output, &document);
            output.document(&document)?;
            Ok(Exit::Done)
        }
        Command::Compare { before, after } => {
            let document = open(common)?.compare(&before, &after)?;
            show::compare(output, &document);
            output.document(&document)?;
            Ok(Exit::Done)
        }
        Command::Status => {
            let local = open(common)?;
            settle_first(&local, output, Some(LOOK), &cancel).await;
            let document = local.status().await?;
            show::status(output, &document);
            output.document(&document)?;
            Ok(Exit::Done)
        }
        Command::Promote(words) => promote(common, output, words, &cancel).await,
        Command::Rollback { environment, to, yes } => {
            roll_back(common, output, &environment, to.as_deref(), yes, &cancel).await
        }
        Command::Settle => settle(common, output, &cancel).await,
        Command::Verify => {
            let document = open(common)?.verify()?;
            show::verify(output, &document);
            output.document(&document)?;
            Ok(if document.holds { Exit::Done } else { Exit::NotVerified })
        }
        Command::Trust { revoke, yes } => trust(common, output, revoke, yes, &cancel).await,
        Command::Schema { of } => {
            let schema = local::schema(matches!(of, SchemaOf::Workspace));
            output.raw(&format!("{}\n", serde_json::to_string_pretty(&schema)?));
            Ok(Exit::Done)
        }
        Command::Doctor { restore: Some(which), .. } => restore(common, output, &which).await,
        Command::Doctor { rebuild, restore: None } => doctor(common, output, rebuild).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gatewright", &mut script);
            output.raw(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}

fn open(common: &Common) -> Result<Local, ApiError> {
    Local::open(LocalOptions {
        directory: common.directory.clone(),
        demo: Some(Arc::new(EmbeddedDemo::default())),
        trust: common.trust.clone(),
    })
}

fn init(common: &Common, output: Output, dir: Option<&Path>, sample: bool) -> anyhow::Result<Exit> {
    let files: Vec<(&str, &[u8])> =
        sample::FILES.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let dir = match (&common.directory, dir) {
        (Some(outer), Some(dir)) => Some(outer.join(dir)),
        (outer, dir) => outer.clone().or(dir.map(Path::to_owned)),
    };
    let made = local::init(dir.as_deref().unwrap_or(Path::new(".")), sample.then_some(files.as_slice()))?;
    output.line(format!("Made {} in {}.", made.files.join(", "), made.folder));
    let here = dir.map(|dir| format!("cd {} && ", quoted(&dir.display().to_string()))).unwrap_or_default();
    let next = if sample {
        format!("Next: {here}gatewright run")
    } else {
        format!("Next: put your agent's address into gatewright.yaml, then {here}gatewright run")
    };
    output.line(output.paint(Ink::Quiet, &next));
    output.document(&made)?;
    Ok(Exit::Done)
}

/// A word as shells read it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

fn check(common: &Common, output: Output, paths: &[String], format: CheckFormat) -> anyhow::Result<Exit> {
    let directory = common.directory.as_deref();
    let (document, drawn) = local::check(directory, paths, output.colour)?;
    let output = Output { json: output.json || matches!(format, CheckFormat::Json), ..output };
    if matches!(format, CheckFormat::Sarif) {
        let sarif = local::sarif(directory, paths)?;
        output.raw(&format!("{}\n", serde_json::to_string_pretty(&sarif)?));
    } else {
        if !drawn.is_empty() {
            output.block(drawn.trim_end());
        }
        if document.errors == 0 {
            let checked = match (paths, document.specs.as_slice()) {
                ([], []) => "no spec".to_owned(),
                ([], specs) => specs.join(", "),
                (files, _) => files.join(", "),
            };
            output.line(format!("{} {checked}: no error.", output.paint(Ink::Good, "●")));
        }
        output.document(&document)?;
    }
    Ok(if document.errors == 0 { Exit::Done } else { Exit::BadSpec })
}

async fn run(
    common: &Common,
    output: Output,
    words: Run,
    cancel: &CancellationToken,
) -> anyhow::Result<Exit> {
    let local = open(common)?;
    if !trusted(&local, output, cancel).await? {
        return Ok(Exit::Refused);
    }
    settle_first(&local, output, Some(LOOK), cancel).await;
    let (tell, bar) = progress::follow(output);
    let words = RunWords {
        specs: words.specs,
        version: words.version,
        at: words.at,
        label: words.label,
        calls: words.calls,
        cost: words.cost,
        time: words.time,
        enough: words.enough,
        new_attempt: words.new_attempt,
        no_wait: words.no_wait,
    };
    let ran = local.run(&words, tell, cancel).await;
    bar.finish_and_clear();
    if cancel.is_cancelled() && ran.as_ref().is_err_and(|error| error.code == Code::Busy) {
        // It waited for another run, and nothing was asked.
        return Err(Interrupted.into());
    }
    let document = ran?;
    show::run(output, &document);
    output.document(&document)?;
    back_up(&local, output, false).await;
    if let Some(error) = local.drop_old_bodies().await {
        output.remark(format!("Old requests and responses could not be dropped: {}", error.message));
    }
    if cancel.is_cancelled() {
        output.remark("Stopped. What was answered is kept: `gatewright run` goes on.");
        return Ok(Exit::Interrupted);
    }
    if let Some(next) = next_after_run(&document, local.has_environments()) {
        output.remark(output.paint(Ink::Quiet, next));
    }
    Ok(Exit::of_outcome(document.outcome))
}

/// Simulates until it is done or interrupted. What a gate cannot see is told, and is no failure of the command.
fn selftest(
    common: &Common,
    output: Output,
    spec: &str,
    assumed: bool,
    cancel: &CancellationToken,
) -> anyhow::Result<Exit> {
    let local = open(common)?;
    let (progress, bar) = progress::count(output);
    let tested = tokio::task::block_in_place(|| local.selftest(spec, assumed, &progress, cancel));
    bar.finish_and_clear();
    let Some(document) = tested? else {
        output.remark("Stopped.");
        return Ok(Exit::Interrupted);
    };
    show::selftest(output, &document);
    output.document(&document)?;
    Ok(if document.kept { Exit::Done } else { Exit::NotVerified })
}

/// Follows until it is interrupted, or nobody reads on, which is how it ends.
async fn watch(common: &Common, output: Output, cancel: &CancellationToken) -> anyhow::Result<Exit> {
    let local = open(common)?;
    settle_first(&local, output, Some(LOOK), cancel).await;
    let mut hear = |document: &WatchDocument, drawn: &str| {
        show::watch(output, document, drawn);
        output.document_line(document);
        if Output::is_unread() {
            cancel.cancel();
        }
    };
    local.watch(output.colour, &mut hear, cancel).await?;
    Ok(if Output::is_unread() { Exit::Done } else { Exit::Interrupted })
}

fn next_after_run(document: &RunDocument, has_environments: bool) -> Option<&'static str> {
    let rescored = document.specs.iter().any(|spec| spec.standing == "rescored");
    let over = document.specs.iter().any(|spec| spec.outcome == "inconclusive" && spec.attempt_over);
    match document.outcome {
        "pass" if rescored => Some(
            "Next: `gatewright run --new-attempt` confirms this with fresh answers; rescored verdicts do not promote.",
        ),
        "pass" if !has_environments => Some(
            "Next: add an environment to gatewright.yaml, then `gatewright promote ENV` lets it go live there.",
        ),
        "pass" => {
            Some("Next: `gatewright status` shows where it may go live, `gatewright promote ENV` lets it.")
        }
        "fail" => Some(
            "Next: mend the agent and run again: a change of it is another version, and `gatewright compare A B` shows \
             what it did. Where the trouble was elsewhere, `gatewright run --new-attempt` asks this one anew.",
        ),
        _ if over => Some(
            "Next: an attempt that is over is not gone on with: `gatewright run --new-attempt` asks anew, as another \
             attempt.",
        ),
        _ => Some(
            "Next: `gatewright run` goes on where this stopped; `--calls`, `--cost` and `--time` raise the budget.",
        ),
    }
}

async fn promote(
    common: &Common,
    output: Output,
    words: Promote,
    cancel: &CancellationToken,
) -> anyhow::Result<Exit> {
    let local = open(common)?;
    let yes = words.yes;
    let words = PromoteWords {
        environment: words.environment,
        version: words.version,
        overriding: words.overriding,
        bootstrap: words.bootstrap,
        by: words.by,
        over: None,
    };
    local.knows_environment(&words.environment)?;
    if !trusted(&local, output, cancel).await? {
        return Ok(Exit::Refused);
    }
    // It would wait for what was left open, so that is seen through.
    settle_first(&local, output, None, cancel).await;
    let (environment, version) = local.promotion(&words)?;
    for sentence in local.tried(&environment)? {
        output.remark(output.paint(Ink::Quiet, &sentence));
    }
    let over = local.outside(&environment).await?;
    let version = local.named(version.id)?;
    let place = match (over, local.live_in(&words.environment)?) {
        (Some(over), _) => format!(" in place of {}, which no release here made live", over.0.short()),
        (None, Some(live)) => format!(", in place of {}", local.named(live)?),
        (None, None) => ", where nothing was live yet".to_owned(),
    };
    let question = format!("Let {version} go live in {environment}{place}?");
    if !confirmed(output, yes, &question, cancel).await? {
        return Ok(Exit::Refused);
    }
    let words = PromoteWords { over, ..words };
    let document = local.promote(&words, cancel).await?;
    show::release(output, &document);
    output.document(&document)?;
    // There is none from a first version.
    if document.state == "live"
        && let Ok(back) = local.way_back(&words.environment, None)
    {
        let back = format!("The way back, to {}: `gatewright rollback {environment}`", local.named(back)?);
        output.remark(output.paint(Ink::Quiet, &back));
    }
    back_up(&local, output, true).await;
    Ok(Exit::of_release(document.state))
}

async fn roll_back(
    common: &Common,
    output: Output,
    environment: &str,
    to: Option<&str>,
    yes: bool,
    cancel: &CancellationToken,
) -> anyhow::Result<Exit> {
    let local = open(common)?;
    local.knows_environment(environment)?;
    if !trusted(&local, output, cancel).await? {
        return Ok(Exit::Refused);
    }
    let target = local.named(local.way_back(environment, to)?)?;
    let question = match local.live_in(environment)? {
        Some(live) => format!("Roll {environment} back from {} to {target}?", local.named(live)?),
        None => format!("Roll {environment} back to {target}?"),
    };
    if !confirmed(output, yes, &question, cancel).await? {
        return Ok(Exit::Refused);
    }
    let document = local.roll_back(environment, to, cancel).await?;
    show::release(output, &document);
    output.document(&document)?;
    back_up(&local, output, true).await;
    Ok(Exit::of_release(document.state))
}

/// Shows what the folder would do and asks for trust, on a terminal. Elsewhere the act itself is refused. Whether to
/// go on.
async fn trusted(local: &Local, output: Output, cancel: &CancellationToken) -> anyhow::Result<bool> {
    // What is wrong with the files says the act itself, better.
    let Ok((document, shown)) = local.trust() else { return Ok(true) };
    if document.trusted {
        return Ok(true);
    }
    output.remark("This folder was not trusted yet, or asks for something else than before:");
    for act in &shown.acts {
        output.remark(format!("  {act}"));
    }
    for diff in &shown.diffs {
        output.remark(diff.trim_end());
    }
    let answer = output.ask("Trust it with all of that?", cancel).await?;
    if answer == Some(true) {
        local.give_trust(document.digest).await?;
    }
    Ok(answer != Some(false))
}

/// Asks on a terminal; scripts have to say `--yes`.
async fn confirmed(
    output: Output,
    yes: bool,
    question: &str,
    cancel: &CancellationToken,
) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    let answer = output.ask(question, cancel).await?;
    Ok(answer.ok_or_else(|| {
        ApiError::new(Code::Refused, "this changes what is live, and there is no terminal to ask on")
            .hint("Say `--yes` in a script.")
    })?)
}

/// Settles what the last call left open, before this one looks at what is live or changes it. A rollback does not come
/// here: it waits for nothing, and takes over from what is open.
async fn settle_first(local: &Local, output: Output, look: Option<Duration>, cancel: &CancellationToken) {
    match local.settle_at_start(look, cancel).await {
        Ok(releases) => {
            for release in releases {
                output.remark(format!("A release was left open, and is settled first. {}", release.sentence));
            }
        }
        Err(error) => output.remark(format!("What was left open could not be settled: {}", error.message)),
    }
}

async fn settle(common: &Common, output: Output, cancel: &CancellationToken) -> anyhow::Result<Exit> {
    let local = open(common)?;
    let document = local.settle(cancel).await?;
    if document.releases.is_empty() {
        output.line("Every release is settled.");
    }
    for release in &document.releases {
        show::release(output, release);
    }
    output.document(&document)?;
    if !document.releases.is_empty() {
        back_up(&local, output, true).await;
    }
    let open = |state: &str| {
        matches!(state, "unknown" | "observing" | "conflict" | "intent" | "staged" | "switching" | "switched")
    };
    let left = document.releases.iter().any(|release| open(release.state));
    Ok(if left { Exit::ReleaseFailed } else { Exit::Done })
}

async fn trust(
    common: &Common,
    output: Output,
    revoke: bool,
    yes: bool,
    cancel: &CancellationToken,
) -> anyhow::Result<Exit> {
    let local = open(common)?;
    if revoke {
        let was = local.revoke_trust()?;
        output.line(if was { "This folder is no longer trusted." } else { "This folder was not trusted." });
        output.document(&RevokedDocument { format: FORMAT, was_trusted: was })?;
        return Ok(Exit::Done);
    }
    let (mut document, shown) = local.trust()?;
    show::trust(output, &document, &shown);
    let answer = match document.trusted || yes {
        true => Some(true),
        false => output.ask("Trust this folder with all of it?", cancel).await?,
    };
    if answer == Some(true) && !document.trusted {
        local.give_trust(document.digest).await?;
        document.trusted = true;
        output.line("Trusted. A change of the list is asked again.");
    }
    output.document(&document)?;
    if answer.is_none() {
        output.remark("Not trusted: there is no terminal to ask on. `gatewright trust --yes` trusts it.");
    }
    Ok(if document.trusted { Exit::Done } else { Exit::Refused })
}

/// Makes a backup of what was recorded. That it could not be made is said, and changes nothing of what was done.
async fn back_up(local: &Local, output: Output, at_once: bool) {
    if let Some(error) = local.back_up(at_once).await {
        output.remark(format!("The history could not be backed up: {}", error.message));
    }
}

async fn restore(common: &Common, output: Output, which: &str) -> anyhow::Result<Exit> {
    let document = local::restore(common.directory.as_deref(), which).await?;
    output.line(format!("The damaged history lies in {} now, whole.", document.set_aside));
    output.line(match &document.from {
        Some(from) => format!("It goes on from {from}: what was recorded later is not in it."),
        None => "A new history begins: what was live, judged and counted is not in it.".to_owned(),
    });
    output.document(&document)?;
    Ok(Exit::Done)
}

async fn doctor(common: &Common, output: Output, rebuild: bool) -> anyhow::Result<Exit> {
    let local = open(common)?;
    if rebuild {
        let differed = local.rebuild().await.context("cannot compute the projections again")?;
        output.line(format!("Computed again from recorded answers: {differed} values differed."));
    }
    let document = local.doctor()?;
    show::doctor(output, &document);
    output.document(&document)?;
    let holds = document.checks.iter().all(|check| check.well || check.what != HISTORY);
    Ok(if holds { Exit::Done } else { Exit::NotVerified })
}
