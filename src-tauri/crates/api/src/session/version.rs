//! Versions: all of them, and one with its parts.

use std::collections::BTreeMap;

use gatewright_core::{
    id::{AgentName, BlobId, ComponentName, Digest, EnvironmentName, VersionId},
    version::{Component, FileEntry, Manifest, Version},
};
use gatewright_engine::{
    store::{Objects, Read, table::VersionRow},
    supervisor::reading::Reading,
};

use super::{
    Answered, diff,
    opened::{self, Opened},
    show,
};
use crate::{
    dto::{
        Change, ComponentView, DiffKind, DiffLine, ProvenanceLine, VersionHead, VersionVerdict, VersionView,
        Versions, VersionsArgs,
    },
    error::{ApiError, Code},
};

/// Versions of a page at most.
const PAGE_MAX: u32 = 200;
/// Characters of a value that is shown as it is.
const VALUE_CHARS_MAX: usize = 120;
/// Bytes of a text that is compared line by line, at most.
const COMPARED_BYTES_MAX: u64 = 256 * 1024;
/// Changed files whose lines are shown, at most.
const FILES_COMPARED_MAX: usize = 50;

/// Versions, the newest first.
pub(super) fn list(opened: &Opened, args: &VersionsArgs) -> Answered<Versions> {
    let reading = opened.reading();
    let named = args.agent.clone().map(AgentName::new);
    let own = || reading.workspace.as_ref().and_then(opened::agent).map(|agent| agent.name.clone());
    let Some(agent) = named.or_else(own) else { return Ok(Versions { total: 0, versions: Vec::new() }) };
    let limit = args.limit.min(PAGE_MAX);
    opened.look(|read| {
        let total = read.version_count(&agent)?;
        // One more, so that the last of the page has something to be compared with.
        let rows = read.versions(&agent, limit.saturating_add(1), args.offset)?;
        let live = live(read, &reading)?;
        let mut versions = Vec::new();
        for (place, row) in rows.iter().take(limit as usize).enumerate() {
            versions.push(head(read, row, rows.get(place + 1), &live)?);
        }
        Ok(Versions { total, versions })
    })
}

/// What is live where, as far as it was read back.
fn live(read: &Read<'_>, reading: &Reading) -> Answered<BTreeMap<EnvironmentName, VersionId>> {
    let mut live = BTreeMap::new();
    for name in reading.workspace.iter().flat_map(|workspace| workspace.environments.keys()) {
        if let Some(row) = read.lives(name, 1)?.pop() {
            live.insert(name.clone(), row.release.to);
        }
    }
    Ok(live)
}

fn head(
    read: &Read<'_>,
    row: &VersionRow,
    before: Option<&VersionRow>,
    live: &BTreeMap<EnvironmentName, VersionId>,
) -> Answered<VersionHead> {
    let version = &row.version;
    let mut verdicts: BTreeMap<String, VersionVerdict> = BTreeMap::new();
    for found in read.verdicts_of_version(version.id)? {
        let said = found.verdict;
        let spec = said.stream.spec.to_string();
        verdicts.entry(spec.clone()).or_insert_with(|| VersionVerdict {
            spec,
            verdict: said.id.to_string(),
            outcome: show::outcome(said.outcome),
            standing: show::standing(said.standing),
        });
    }
    let changed = before.map(|before| differing(&before.version.manifest, &version.manifest));
    Ok(VersionHead {
        version: show::version(read, version.id)?,
        agent: version.agent.to_string(),
        seen_at: row.seen.0,
        changed: changed.unwrap_or_default().iter().map(ToString::to_string).collect(),
        verdicts: verdicts.into_values().collect(),
        live_in: live.iter().filter(|(_, id)| **id == version.id).map(|(name, _)| name.to_string()).collect(),
    })
}

/// The names of components that differ.
pub(super) fn differing(before: &Manifest, after: &Manifest) -> Vec<ComponentName> {
    let names: std::collections::BTreeSet<_> =
        before.components.keys().chain(after.components.keys()).collect();
    let differs = |name: &&ComponentName| before.components.get(*name) != after.components.get(*name);
    names.into_iter().filter(differs).cloned().collect()
}

/// One version in full, against the one before it.
pub(super) fn view(opened: &Opened, id: &str) -> Answered<VersionView> {
    let id = show::version_id(id)?;
    let reading = opened.reading();
    let objects = opened.engine.store().objects();
    opened.look(|read| {
        let row = find(read, id)?;
        let before = before(read, &row)?;
        let live = live(read, &reading)?;
        let manifest = before.as_ref().map(|before| &before.version.manifest);
        let components = components(objects, manifest, &row.version.manifest);
        let mut provenance = provenance(&row.version);
        let streams = read.verdicts_of_version(id)?;
        let mut endpoints: Vec<_> = streams.iter().map(|row| row.verdict.stream.endpoint).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        for endpoint in endpoints {
            if let Some(found) = read.endpoint(endpoint)? {
                provenance.insert(0, ProvenanceLine { name: "endpoint".to_owned(), value: found.address });
            }
        }
        Ok(VersionView {
            head: head(read, &row, before.as_ref(), &live)?,
            against: before.map(|before| show::version(read, before.version.id)).transpose()?,
            components,
            provenance,
        })
    })
}

/// A recorded version.
pub(super) fn find(read: &Read<'_>, id: VersionId) -> Answered<VersionRow> {
    read.version(id)?
        .ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no version {}", id.0.short())))
}

/// The version of the same agent that was sealed before.
fn before(read: &Read<'_>, row: &VersionRow) -> Answered<Option<VersionRow>> {
    let agent = &row.version.agent;
    let (Some(number), count) = (read.version_number(row.version.id)?, read.version_count(agent)?) else {
        return Ok(None);
    };
    if number < 2 {
        return Ok(None);
    }
    // Newest first: the one before stands at this offset.
    Ok(read.versions(agent, 1, count + 1 - number)?.pop())
}

fn provenance(version: &Version) -> Vec<ProvenanceLine> {
    let found = &version.provenance;
    let dirty =
        found.dirty.map(|dirty| if dirty { "differed from the commit" } else { "as committed" }.to_owned());
    let lines = [
        ("label", found.label.clone()),
        ("commit", found.commit.clone()),
        ("branch", found.branch.clone()),
        ("working tree", dirty),
    ];
    let line =
        |(name, value): (&str, Option<String>)| Some(ProvenanceLine { name: name.to_owned(), value: value? });
    lines.into_iter().filter_map(line).collect()
}

/// Each named part of either, with what changed in it.
pub(super) fn components(
    objects: &Objects,
    before: Option<&Manifest>,
    after: &Manifest,
) -> Vec<ComponentView> {
    let none = BTreeMap::new();
    let former = before.map_or(&none, |before| &before.components);
    let names: std::collections::BTreeSet<_> = former.keys().chain(after.components.keys()).collect();
    let part = |name: &ComponentName| {
        let (was, is) = (former.get(name), after.components.get(name));
        let change = match (was, is) {
            _ if before.is_none() => Change::Same,
            (None, _) => Change::New,
            (_, None) => Change::Gone,
            (Some(was), Some(is)) if was == is => Change::Same,
            _ => Change::Changed,
        };
        let shown = is.or(was).map(value).unwrap_or_default();
        let diff = if change == Change::Changed { differences(objects, was, is) } else { Vec::new() };
        ComponentView { name: name.to_string(), value: shown, change, diff }
    };
    names.into_iter().map(part).collect()
}

/// The value where it is short, else its digest.
fn value(component: &Component) -> String {
    let digest = || Manifest::component_digest(component).map(|digest| digest.short()).unwrap_or_default();
    match component {
        Component::Value(value) | Component::Claimed(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if text.chars().count() <= VALUE_CHARS_MAX { text } else { digest() }
        }
        Component::Content(entry) => entry.digest.short(),
        Component::Files(files) => format!("{} · {}", digest(), show::plural(files.len(), "file", "files")),
        Component::GitTree(id) => id.chars().take(12).collect(),
        Component::Artifact { kind, digest } => format!("{kind} {digest}"),
    }
}

fn differences(objects: &Objects, was: Option<&Component>, is: Option<&Component>) -> Vec<DiffLine> {
    match (was, is) {
        (Some(Component::Content(was)), Some(Component::Content(is))) => {
            contents(objects, Some(was), Some(is)).unwrap_or_default()
        }
        (Some(Component::Files(was)), Some(Component::Files(is))) => files(objects, was, is),
        (Some(was), Some(is)) => diff::lines(&pretty(was), &pretty(is)),
        _ => Vec::new(),
    }
}

fn pretty(component: &Component) -> String {
    match component {
        Component::Value(value) | Component::Claimed(value) => match value.as_str() {
            Some(text) => text.to_owned(),
            None => serde_json::to_string_pretty(value).unwrap_or_default(),
        },
        other => value(other),
    }
}

fn files(
    objects: &Objects,
    was: &BTreeMap<String, FileEntry>,
    is: &BTreeMap<String, FileEntry>,
) -> Vec<DiffLine> {
    let names: std::collections::BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let changed: Vec<_> = names.into_iter().filter(|name| was.get(*name) != is.get(*name)).collect();
    let mut lines = Vec::new();
    for name in changed.iter().take(FILES_COMPARED_MAX) {
        let sign = match (was.get(*name), is.get(*name)) {
            (None, _) => DiffKind::Added,
            (_, None) => DiffKind::Removed,
            _ => DiffKind::Same,
        };
        lines.push(DiffLine { kind: sign, text: format!("{name}:") });
        match contents(objects, was.get(*name), is.get(*name)) {
            Some(found) => lines.extend(found),
            None => lines
                .push(DiffLine { kind: DiffKind::Skipped, text: "not a text, or a large one".to_owned() }),
        }
    }
    if changed.len() > FILES_COMPARED_MAX {
        let more = show::plural(changed.len() - FILES_COMPARED_MAX, "more file", "more files");
        lines.push(DiffLine { kind: DiffKind::Skipped, text: more });
    }
    lines
}

/// What differs between two sealed texts; none when one is no text, or too long.
fn contents(objects: &Objects, was: Option<&FileEntry>, is: Option<&FileEntry>) -> Option<Vec<DiffLine>> {
    let text = |entry: Option<&FileEntry>| match entry {
        None => Some(String::new()),
        Some(entry) if entry.size > COMPARED_BYTES_MAX => None,
        Some(entry) => sealed_text(objects, entry.digest),
    };
    Some(diff::lines(&text(was)?, &text(is)?))
}

fn sealed_text(objects: &Objects, digest: Digest) -> Option<String> {
    String::from_utf8(objects.get(BlobId(digest)).ok()?).ok()
}
