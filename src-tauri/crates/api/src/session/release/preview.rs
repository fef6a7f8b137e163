//! What an act would do, before it is confirmed.

use std::{collections::BTreeMap, sync::Arc};

use gatewright_core::{
    decision::{Decision, Refusal},
    id::{EnvironmentName, SpecMeaning, SpecName, VersionId},
    release::Release,
    spec::{Spec, explain_spec},
    version::Version,
};
use gatewright_engine::{
    store::{Read, table::ReleaseRow},
    supervisor::{Wish, reading::Reading},
};

use super::super::{
    Answered, diff,
    opened::{self, Opened},
    show, version,
};
use super::{environment, lane, read, seen};
use crate::{
    dto::{DiffKind, DiffLine, Figure, Needs, Preview, PromotePreviewArgs, RollbackPreviewArgs},
    error::{ApiError, Code},
};

/// What a promotion would do.
pub(in crate::session) async fn promote(opened: &Arc<Opened>, args: PromotePreviewArgs) -> Answered<Preview> {
    let reading = read(opened).await?;
    let name = EnvironmentName::new(args.environment);
    let target = environment(&reading, &name)?;
    let version = match &args.version {
        Some(words) => opened.engine.version(words)?.version,
        None => candidate(opened, &reading, &name)?,
    };
    let over = opened.engine.outside(&reading, &name).await?;
    let judgement =
        opened.engine.judgement(&reading, target, Wish { version: &version, word: None, over })?;
    let refusals = match judgement.decision {
        Decision::Granted(_) => Vec::new(),
        Decision::Refused(refusals) => refusals,
    };
    let tried = lane::tried(&opened.engine.tried_in(&reading, target)?);
    let in_force = opened.engine.in_force(target)?;
    let not_reverted = not_reverted(opened, &reading, &name, version.id).await;
    opened.look(|read| {
        let lives = read.lives(&name, u32::MAX)?;
        let from = over.or(lives.first().map(|row| row.release.to));
        let from = from.map(|version| show::version(read, version)).transpose()?;
        let to = show::present(read, &version)?;
        let called = show::called(&to).to_owned();
        let detail = match &from {
            Some(from) if over.is_some() => format!(
                "It takes the place of {}, which the target names and no release here made live.",
                show::called(from)
            ),
            Some(from) => format!("It takes the place of {}.", show::called(from)),
            None => "It is the first here: there is no way back to an earlier one.".to_owned(),
        };
        Ok(Preview {
            environment: name.to_string(),
            question: format!("Promote {called} to {name}?"),
            detail,
            needs: needs(&refusals, lives.is_empty()),
            not_reverted,
            takes: takes(&lives),
            facts: [("How often this errs", Some(lane::odds(judgement.odds))), ("Versions tried", tried)]
                .into_iter()
                .filter_map(|(label, value)| Some(Figure { label: label.to_owned(), value: value? }))
                .collect(),
            spec_diff: spec_diff(read, &reading, &in_force, &refusals)?,
            refusals: refusals.iter().map(ToString::to_string).collect(),
            seen: seen(read, &name, over)?,
            from,
            to,
        })
    })
}

/// The version that the files describe now.
fn candidate(opened: &Opened, reading: &Reading, name: &EnvironmentName) -> Answered<Version> {
    let workspace = opened::workspace(reading)?;
    let agent = workspace.agents.get(&environment(reading, name)?.agent);
    let agent = agent.ok_or_else(|| ApiError::new(Code::BadSpec, "the environment's agent is missing"))?;
    let trust = opened.engine.trust(workspace)?;
    Ok(opened.engine.present(workspace, agent, &trust)?.version)
}

fn needs(refusals: &[Refusal], first: bool) -> Needs {
    if refusals.is_empty() {
        Needs::Nothing
    } else if refusals.iter().any(Refusal::no_word_helps) {
        Needs::Impossible
    } else if first {
        Needs::Bootstrap
    } else {
        Needs::Override
    }
}

/// What the adapter says that a switch does not turn back; nothing where it cannot say.
async fn not_reverted(
    opened: &Opened,
    reading: &Reading,
    name: &EnvironmentName,
    version: VersionId,
) -> Vec<String> {
    // A version that was never sealed has no plan, and its refusals say so.
    let plan = opened.engine.switch_plan(reading, name, version).await.ok().flatten();
    plan.map(|plan| plan.not_reverted).unwrap_or_default()
}

/// How long it took last, as measured.
fn takes(lives: &[ReleaseRow]) -> String {
    let measured = |release: &Release| release.times.verified_us.or(release.times.acknowledged_us);
    match lives.iter().find_map(|row| measured(&row.release)) {
        Some(us) if us >= 1_000_000 => {
            format!("{}.{} s, as last measured", us / 1_000_000, us % 1_000_000 / 100_000)
        }
        Some(us) => format!("{} ms, as last measured", us.div_ceil(1_000)),
        None => "Not measured yet".to_owned(),
    }
}

/// How the specs changed by whose former meaning this fails.
fn spec_diff(
    read: &Read<'_>,
    reading: &Reading,
    in_force: &BTreeMap<SpecName, SpecMeaning>,
    refusals: &[Refusal],
) -> Answered<Vec<DiffLine>> {
    let weakened: Vec<&SpecName> = refusals
        .iter()
        .filter_map(|refusal| match refusal {
            Refusal::Weakened(spec)
            | Refusal::WeakeningForbidden(spec)
            | Refusal::Quarantined(spec, _)
            | Refusal::QuarantineForbidden(spec, _) => Some(spec),
            _ => None,
        })
        .collect();
    if weakened.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    for name in weakened {
        let body = in_force.get(name).map(|meaning| read.meaning(*meaning)).transpose()?.flatten();
        let before: Option<Spec> = body.and_then(|body| serde_json::from_slice(&body).ok());
        let before = before.map(|spec| explain_spec(&spec)).unwrap_or_default();
        let after = reading.good().find(|spec| spec.name == *name).map(explain_spec).unwrap_or_default();
        lines.push(DiffLine { kind: DiffKind::Same, text: format!("{name}:") });
        lines.extend(diff::lines(&before, &after));
    }
    Ok(lines)
}

/// What a rollback would do.
pub(in crate::session) async fn roll_back(
    opened: &Arc<Opened>,
    args: RollbackPreviewArgs,
) -> Answered<Preview> {
    let reading = read(opened).await?;
    let name = EnvironmentName::new(args.environment);
    environment(&reading, &name)?;
    let wanted = args.to.as_deref().map(show::version_id).transpose()?;
    let target = opened.engine.rollback_target(&name, wanted)?;
    let not_reverted = not_reverted(opened, &reading, &name, target).await;
    let outside = opened.engine.outside(&reading, &name).await?;
    opened.look(|read| {
        version::find(read, target)?;
        let lives = read.lives(&name, u32::MAX)?;
        let to = show::version(read, target)?;
        let open = read.open_release(&name)?;
        let takes_over =
            if open.is_some() { " It takes over from the release that is not over." } else { "" };
        Ok(Preview {
            environment: name.to_string(),
            question: format!("Roll {name} back to {}?", show::called(&to)),
            detail: format!(
                "It was live here before and was read back. No verdict is asked for.{takes_over}"
            ),
            from: outside
                .or(lives.first().map(|row| row.release.to))
                .map(|version| show::version(read, version))
                .transpose()?,
            to,
            not_reverted,
            takes: takes(&lives),
            facts: Vec::new(),
            refusals: Vec::new(),
            needs: Needs::Nothing,
            spec_diff: Vec::new(),
            seen: seen(read, &name, outside)?,
        })
    })
}
