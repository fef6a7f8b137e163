//! What a folder would run, reach and send; and whether its history holds.

use std::collections::BTreeSet;

use gatewright_core::spec::workspace::{Access, Agent, Deploy, Workspace};
use gatewright_engine::supervisor::{
    reading::WORKSPACE_FILE,
    recipe,
    trust::{Act, Claims, Since, Texts, Trust as Given},
};

use super::{Answered, diff, opened, opened::Opened, show};
use crate::{
    dto::{
        Change, DiffKind, DiffLine, FileLine, Mark, Note, Trust, TrustGiveArgs, TrustItem, TrustSort,
        Verified,
    },
    error::{ApiError, Code},
};

/// Everything that the opened folder asks for.
pub(super) fn preview(opened: &Opened) -> Answered<Trust> {
    let reading = opened.reading();
    let workspace = opened::workspace(&reading)?;
    let trust = opened.engine.trust(workspace)?;
    let claims = trust.claims();
    let texts = opened.engine.texts(claims);
    let mut items: Vec<TrustItem> =
        trust.since().into_iter().map(|(act, since)| item(workspace, act, since, &texts)).collect();
    items.sort_by_key(|item| item.sort);
    for (id, item) in items.iter_mut().enumerate() {
        item.id = show::small(id);
    }
    let digest = claims.digest();
    Ok(Trust {
        digest: digest.to_string(),
        sentence: sentence(&name(opened, workspace), claims),
        detail: detail(&trust).to_owned(),
        trusted: trust.is_given(),
        items,
        notes: vec![Note {
            mark: Mark::Plain,
            text: "The history in this folder is shown and not believed: verdicts count when a key that you trust \
                   signed them."
                .to_owned(),
            way: None,
        }],
        command: format!("gatewright run --trust={digest}"),
    })
}

fn name(opened: &Opened, workspace: &Workspace) -> String {
    if workspace.name.is_empty() {
        opened.engine.root().file_name().unwrap_or_default().to_string_lossy().into_owned()
    } else {
        workspace.name.clone()
    }
}

fn sentence(name: &str, claims: &Claims) -> String {
    let count = |sort: TrustSort| claims.0.iter().filter(|act| sort_of(act) == sort).count();
    format!(
        "{name} would run or change {}, reach {} and use {}",
        show::plural(count(TrustSort::Program), "thing", "things"),
        show::plural(count(TrustSort::Address), "address", "addresses"),
        show::plural(count(TrustSort::Secret), "secret", "secrets"),
    )
}

fn detail(trust: &Given) -> &'static str {
    match (trust.is_given(), trust.before()) {
        (true, _) => "All of it is trusted.",
        (false, Some(_)) => {
            "It was trusted before, and asks for something else now. Until you trust it, none of it happens."
        }
        (false, None) => "Until you trust it, none of it happens.",
    }
}

fn sort_of(act: &Act) -> TrustSort {
    match act {
        Act::Run { .. } | Act::Program { .. } | Act::Deploy { .. } | Act::Git => TrustSort::Program,
        Act::Reach { .. } => TrustSort::Address,
        Act::Give { .. } | Act::Use { .. } => TrustSort::Secret,
    }
}

fn item(workspace: &Workspace, act: &Act, since: Since<'_>, texts: &Texts) -> TrustItem {
    let (what, lead, explanation) = words(act);
    let (change, diff) = match (since, act) {
        (Since::Same, _) => (Change::Same, Vec::new()),
        (Since::Gone, _) => (Change::Gone, vec![DiffLine { kind: DiffKind::Removed, text: what.clone() }]),
        (Since::New, Act::Program { digest, .. }) => {
            (Change::New, diff::lines("", texts.get(digest).unwrap_or(&digest.to_string())))
        }
        (Since::New, _) => (Change::New, vec![DiffLine { kind: DiffKind::Added, text: what.clone() }]),
        (Since::Changed { digest: was, text }, Act::Program { digest, .. }) => {
            let diff = match (text, texts.get(digest)) {
                (Some(was), Some(is)) => diff::lines(was, is),
                // Without both texts there is nothing to show but that the digests differ.
                _ => diff::lines(&was.to_string(), &digest.to_string()),
            };
            (Change::Changed, diff)
        }
        (Since::Changed { .. }, _) => (Change::Changed, Vec::new()),
    };
    let (purpose, place) = asked_by(workspace, act);
    TrustItem {
        id: 0,
        sort: sort_of(act),
        lead: lead.to_owned(),
        what,
        purpose,
        place: place.filter(|_| change != Change::Gone),
        change,
        diff,
        explanation: explanation.to_owned(),
    }
}

/// What an act is called, of which kind it is, and what trusting it means.
fn words(act: &Act) -> (String, &'static str, &'static str) {
    match act {
        Act::Run { argv } => (
            argv.join(" "),
            "program",
            "It runs as you do and may do whatever you may. It is started from the sealed copy of its files.",
        ),
        Act::Program { path, .. } => (
            path.clone(),
            "its text",
            "This is what the program does. It is trusted as it is now, and asked again when it changes.",
        ),
        Act::Give { secret, argv } => (
            format!("{secret} → {}", argv.join(" ")),
            "variable",
            "The program is started with this variable of yours, and may do with it whatever it likes.",
        ),
        Act::Reach { origin } => (
            origin.clone(),
            if origin.starts_with(recipe::DEMO_SCHEME) { "built in" } else { "network" },
            "Texts of the specs are sent there, and answers are read.",
        ),
        Act::Use { secret, origin } => {
            (format!("{secret} → {origin}"), "secret", "The key is sent to this address and to no other.")
        }
        Act::Deploy { target } => (
            target.clone(),
            "folder",
            "Promotion and rollback write sealed files there and move its pointer.",
        ),
        Act::Git => (
            "git".to_owned(),
            "program",
            "Git is asked for commit and branch. Its configuration in this folder can name programs that it starts.",
        ),
    }
}

/// Who asks for an act, and where that is written.
fn asked_by(workspace: &Workspace, act: &Act) -> (String, Option<FileLine>) {
    for agent in workspace.agents.values() {
        if recipe::acts(&agent.access, agent.auth.as_ref()).contains(act) || is_program_of(agent, act) {
            return (format!("agent {}", agent.name), Some(show::line(WORKSPACE_FILE, agent.place)));
        }
    }
    for environment in workspace.environments.values() {
        let Deploy::Folder { path } = &environment.deploy;
        let mut acts: BTreeSet<Act> = [Act::Deploy { target: path.clone() }].into();
        if let Some(endpoint) = &environment.endpoint {
            acts.extend(recipe::reach(&endpoint.url, endpoint.auth.as_ref()));
        }
        if acts.contains(act) {
            let purpose = format!("environment {}", environment.name);
            return (purpose, Some(show::line(WORKSPACE_FILE, environment.place)));
        }
    }
    let purpose = if *act == Act::Git { "provenance of versions" } else { "nobody any more" };
    (purpose.to_owned(), None)
}

/// Whether an agent's command line names this file.
fn is_program_of(agent: &Agent, act: &Act) -> bool {
    match (&agent.access, act) {
        (Access::Command(command), Act::Program { path, .. }) => {
            command.argv.iter().any(|word| word.trim_start_matches("./") == path)
        }
        _ => false,
    }
}

/// The list to be trusted, if it is the one that was shown.
pub(super) fn agreed(opened: &Opened, args: &TrustGiveArgs) -> Answered<Claims> {
    let reading = opened.reading();
    let workspace = opened::workspace(&reading)?;
    let claims = opened.engine.claims(workspace);
    if claims.digest().to_string() != args.digest {
        return Err(ApiError::new(Code::Stale, "the folder asks for something else now than what was shown")
            .hint("Look at the list again."));
    }
    Ok(claims)
}

/// Checks log, signatures and objects.
pub(super) fn verify(opened: &Opened) -> Answered<Verified> {
    let verified = opened.engine.verify()?;
    let records = verified.events + verified.signatures + verified.objects;
    let sentence = match verified.findings.first() {
        None => format!(
            "{} hold: {}, {} and {}.",
            many(records, "record", "records"),
            many(verified.events, "entry of the log", "entries of the log"),
            many(verified.signatures, "signature", "signatures"),
            many(verified.objects, "content", "contents"),
        ),
        Some(first) => format!("The first that does not hold: {first}"),
    };
    Ok(Verified { holds: verified.findings.is_empty(), records, sentence })
}

fn many(number: u64, one: &str, many: &str) -> String {
    show::plural(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}
