//! Spec files: the tree, a text with its mistakes and scores, saving it.

use std::{collections::BTreeMap, time::Instant};

use gatewright_core::{
    id::{CaseMeaning, Digest, VersionId},
    spec::{
        Spec,
        workspace::{Access, Workspace},
    },
};
use gatewright_engine::{
    durable,
    store::{Access as StoreAccess, Read, table::CaseStat},
    supervisor::{
        disk::{self, DiskError},
        reading::{Reading, WORKSPACE_FILE},
    },
};

use super::{Answered, opened::Opened, show, watch};
use crate::{
    dto::{
        Checked, Diagnostic, FileHead, FileKind, GutterMark, Mark, Source, SpecCheckArgs, SpecHead,
        SpecSaveArgs, SpecTree, SpecVerdict,
    },
    error::{ApiError, Code},
};

/// Bytes of a text that the editor opens, at most.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// The files that a person edits.
pub(super) fn tree(opened: &Opened) -> Answered<SpecTree> {
    let began = Instant::now();
    let reading = opened.reading();
    let read_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let presents = opened.presents(&reading);
    let specs = opened.look(|read| {
        reading
            .specs
            .iter()
            .map(|found| {
                let spec = found.spec.as_ref();
                let present = spec.and_then(|spec| presents.get(&spec.agent));
                let verdict = match (spec, present) {
                    (Some(spec), Some(present)) => newest(read, spec, present.id)?,
                    _ => None,
                };
                Ok(SpecHead {
                    spec: found.name.to_string(),
                    file: found.file.clone(),
                    agent: spec.map(|spec| spec.agent.to_string()).unwrap_or_default(),
                    description: spec.and_then(|spec| spec.description.clone()),
                    cases: spec.map_or(0, |spec| show::small(spec.cases.len())),
                    verdict,
                })
            })
            .collect::<Answered<Vec<_>>>()
    })?;
    Ok(SpecTree { specs, files: files(&reading), read_ms })
}

/// What the gate said last of a version, in the spec's present meaning.
fn newest(read: &Read<'_>, spec: &Spec, version: VersionId) -> Answered<Option<SpecVerdict>> {
    let rows = read.verdicts_of_version(version)?;
    let newest = rows.iter().map(|row| &row.verdict).find(|verdict| verdict.spec == spec.meaning);
    Ok(newest.map(|verdict| SpecVerdict {
        verdict: verdict.id.to_string(),
        outcome: show::outcome(verdict.outcome),
        standing: show::standing(verdict.standing),
    }))
}

fn files(reading: &Reading) -> Vec<FileHead> {
    let mut heads = Vec::new();
    let mut add = |file: &str, kind, of: Option<&str>| {
        let of_file = || reading.diagnostics.iter().filter(|found| found.file == file);
        let errors = of_file().filter(|found| found.is_error()).count();
        heads.push(FileHead {
            file: file.to_owned(),
            kind,
            of: of.map(str::to_owned),
            rows: rows(reading, file, kind),
            errors: show::small(errors),
            warnings: show::small(of_file().count() - errors),
        });
    };
    add(WORKSPACE_FILE, FileKind::Workspace, None);
    let mut told: Vec<&str> = vec![WORKSPACE_FILE];
    for spec in reading.specs.iter().filter(|spec| spec.file != WORKSPACE_FILE) {
        add(&spec.file, FileKind::Spec, None);
        told.push(&spec.file);
    }
    for spec in &reading.specs {
        for file in &spec.files {
            if !told.contains(&file.as_str()) {
                add(file, kind(reading, file), Some(&spec.file));
                told.push(file);
            }
        }
    }
    for file in &reading.files {
        if !told.contains(&file.as_str()) {
            add(file, kind(reading, file), Some(WORKSPACE_FILE));
        }
    }
    heads
}

/// Rows of a dataset: the cases that stand in it.
fn rows(reading: &Reading, file: &str, kind: FileKind) -> Option<u32> {
    let cases = || reading.good().flat_map(|spec| &spec.cases).filter(|case| case.file == file);
    (kind == FileKind::Dataset).then(|| show::small(cases().count()))
}

fn kind(reading: &Reading, file: &str) -> FileKind {
    let is_spec = reading.specs.iter().any(|spec| spec.file == file);
    if file == WORKSPACE_FILE {
        FileKind::Workspace
    } else if is_spec {
        FileKind::Spec
    } else if file.ends_with(".jsonl") || file.ends_with(".csv") {
        FileKind::Dataset
    } else {
        reading.workspace.as_ref().map_or(FileKind::Other, |workspace| named(workspace, file))
    }
}

/// What an agent calls a file.
fn named(workspace: &Workspace, file: &str) -> FileKind {
    for agent in workspace.agents.values() {
        let (prompt, tools) = match &agent.access {
            Access::OpenaiChat(chat) => (&chat.prompt, chat.tools_file.as_deref()),
            Access::Http(http) => (&http.prompt, None),
            Access::Command(_) => (&None, None),
        };
        if prompt.as_ref().and_then(|prompt| prompt.file.as_deref()) == Some(file) {
            return FileKind::Prompt;
        }
        if tools == Some(file) {
            return FileKind::Tools;
        }
    }
    FileKind::Other
}

/// A file of the workspace with what is wrong with it and how its cases did.
pub(super) fn source(opened: &Opened, file: &str) -> Answered<Source> {
    let reading = opened.reading();
    editable(&reading, file)?;
    let bytes = disk::read(opened.engine.root(), file).map_err(|error| unreadable(&error))?;
    let digest = Digest::of_bytes(&bytes).to_string();
    let (text, read_only) = text(opened, file, bytes)?;
    let diagnostics = diagnostics(&reading, file, &text);
    let (gutter, gutter_of) = gutter(opened, &reading, file)?;
    Ok(Source {
        file: file.to_owned(),
        kind: kind(&reading, file),
        text,
        digest,
        read_only,
        diagnostics,
        gutter,
        gutter_of,
    })
}

/// The text with LF, and why it cannot be saved.
fn text(opened: &Opened, file: &str, bytes: Vec<u8>) -> Answered<(String, Option<String>)> {
    if bytes.len() > TEXT_BYTES_MAX {
        let message =
            format!("`{file}` has more than {} MB: open it elsewhere", TEXT_BYTES_MAX / 1024 / 1024);
        return Err(ApiError::new(Code::BadArguments, message));
    }
    let crlf = bytes.windows(2).any(|pair| pair == b"\r\n");
    let text = String::from_utf8(bytes)
        .map_err(|_| ApiError::new(Code::BadArguments, format!("`{file}` is not text in UTF-8")))?;
    let read_only = match opened.engine.store().access() {
        StoreAccess::ReadOnlyFolder => Some("the folder cannot be written".to_owned()),
        _ => None,
    };
    let text = if crlf { text.replace("\r\n", "\n") } else { text };
    Ok((text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), read_only))
}

/// Only what the workspace is read from is opened and saved.
fn editable(reading: &Reading, file: &str) -> Answered<()> {
    if reading.files.contains(file) {
        return Ok(());
    }
    Err(ApiError::new(Code::NotFound, format!("`{file}` is not a file that this workspace is read from")))
}

fn unreadable(error: &DiskError) -> ApiError {
    let code = match error {
        DiskError::Missing(_) | DiskError::NotAFile(_) => Code::NotFound,
        DiskError::Escapes(_) | DiskError::TooLarge { .. } => Code::BadArguments,
        DiskError::Io { .. } => Code::Internal,
    };
    ApiError::new(code, error.to_string())
}

fn diagnostics(reading: &Reading, file: &str, text: &str) -> Vec<Diagnostic> {
    let mut found: Vec<_> = reading.diagnostics.iter().filter(|found| found.file == file).collect();
    found.sort_by_key(|found| found.place.start);
    found.into_iter().map(|found| Diagnostic::of(found, text)).collect()
}

/// The present version's score beside each case that stands in the file.
fn gutter(opened: &Opened, reading: &Reading, file: &str) -> Answered<(Vec<GutterMark>, Option<String>)> {
    let mut marks = Vec::new();
    let mut of = None;
    if !reading.good().flat_map(|spec| &spec.cases).any(|case| case.file == file) {
        return Ok((marks, of));
    }
    let presents = opened.presents(reading);
    for spec in reading.good() {
        let cases: Vec<_> = spec.cases.iter().filter(|case| case.file == file).collect();
        let Some(version) = presents.get(&spec.agent).map(|present| present.id) else { continue };
        opened.look(|read| {
            let stats: BTreeMap<CaseMeaning, CaseStat> =
                read.case_stats(&spec.name, version)?.into_iter().map(|stat| (stat.meaning, stat)).collect();
            for case in cases {
                if let Some(stat) = stats.get(&case.meaning) {
                    marks.push(GutterMark {
                        line: case.place.line.max(1),
                        mark: case_mark(stat),
                        text: format!("{}/{}", stat.passed, stat.n),
                        title: format!("passed {} of {}", stat.passed, stat.n),
                    });
                }
            }
            if !stats.is_empty() {
                of = Some(show::called(&show::version(read, version)?).to_owned());
            }
            Ok(())
        })?;
    }
    marks.sort_by_key(|mark| mark.line);
    Ok((marks, of))
}

/// Passed always, never, sometimes, or not known.
pub(super) fn case_mark(stat: &CaseStat) -> Mark {
    mark_of(stat.passed, stat.n, stat.missing)
}

/// The shape of so many passed of so many heard, some of them without a score.
pub(super) fn mark_of(passed: u32, heard: u32, missing: u32) -> Mark {
    let failed = heard.saturating_sub(passed + missing);
    match (passed, failed) {
        (0, 0) => Mark::Unknown,
        (_, 0) if missing > 0 => Mark::Unknown,
        (_, 0) => Mark::Pass,
        (0, _) => Mark::Fail,
        _ => Mark::Flaky,
    }
}

/// Saves a file, if what lies on disk is what was edited.
pub(super) fn save(opened: &Opened, args: &SpecSaveArgs) -> Answered<Source> {
    let reading = opened.reading();
    editable(&reading, &args.file)?;
    let root = opened.engine.root();
    let path = disk::resolve(root, &args.file).map_err(|error| unreadable(&error))?;
    let before = disk::read(root, &args.file).map_err(|error| unreadable(&error))?;
    if Digest::of_bytes(&before).to_string() != args.digest {
        let message = format!("`{}` was changed on disk since it was opened", args.file);
        return Err(ApiError::new(Code::Stale, message)
            .hint("Nothing was written. Read the file again: a save with its new digest overwrites it."));
    }
    // Line ends stay as the file had them.
    let crlf = before.windows(2).any(|pair| pair == b"\r\n");
    let text = if crlf { args.text.replace("\r\n", "\n").replace('\n', "\r\n") } else { args.text.clone() };
    if text.as_bytes() != before {
        durable::write(&path, text.as_bytes(), false).map_err(|error| {
            ApiError::new(Code::ReadOnly, format!("`{}` cannot be written: {error}", args.file))
        })?;
        watch::tell(opened, vec![args.file.clone()]);
    }
    source(opened, &args.file)
}

/// What is wrong with a text that is not saved.
pub(super) fn check(opened: &Opened, args: &SpecCheckArgs) -> Answered<Checked> {
    let began = Instant::now();
    editable(&opened.reading(), &args.file)?;
    let reading = opened.engine.read_unsaved(&args.file, &args.text);
    let diagnostics = diagnostics(&reading, &args.file, &args.text);
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(Checked { diagnostics, took_us })
}
