//! The one list of commands. The app, the test host and the command line serve the same ones.
//!
//! The list makes three things that cannot drift apart: the trait that whoever answers implements, the function
//! that turns a name and JSON into a call of it, and the table that the TypeScript side is made from.

use serde_json::Value;

use crate::{
    dto::{
        About, Agreements, AgreementsArgs, Answer, BacktestArgs, BacktestView, CaseAnswers, CaseAnswersArgs,
        Checked, CompareArgs, Comparison, HeatMap, HeatMapArgs, LabelArgs, Nothing, Picked, PlanArgs,
        PlanView, Preview, PromoteArgs, PromotePreviewArgs, Recents, ReleaseHead, RestoreArgs, Restored,
        RollbackArgs, RollbackPreviewArgs, Rows, RunRef, RunRowsArgs, RunStartArgs, RunState, RunStateArgs,
        SelfTestArgs, SelfTestRef, SelfTestState, SettleArgs, Source, SpecCheckArgs, SpecSaveArgs,
        SpecSourceArgs, SpecTree, Status, Timeline, TimelineArgs, TrialArgs, Trust, TrustGiveArgs,
        VerdictArgs, VerdictState, Verdicts, VerdictsArgs, Verified, VersionArgs, VersionView, Versions,
        VersionsArgs, Workspace, WorkspaceOpenArgs, WorkspaceState,
    },
    error::{ApiError, Code},
};

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $name:ident($args:ty) -> $result:ty;)+) => {
        /// Whoever answers commands.
        pub trait Commands: Sync {
            $(
                $(#[doc = $doc])*
                fn $name(&self, args: $args) -> impl Future<Output = Result<$result, ApiError>> + Send;
            )+
        }

        /// The names of all commands, in the order of the list.
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];

        /// Answers the command called `name` with JSON for JSON.
        ///
        /// # Errors
        /// [`Code::UnknownCommand`], [`Code::BadArguments`], and whatever the command refuses with.
        pub async fn dispatch(commands: &impl Commands, name: &str, args: Value) -> Result<Value, ApiError> {
            match name {
                $(stringify!($name) => write(&commands.$name(read(name, args)?).await?),)+
                _ => Err(unknown(name)),
            }
        }

        /// Shows each command's name and types to a visitor.
        #[cfg(test)]
        pub(crate) fn visit(visitor: &mut impl Visitor) {
            $(visitor.command::<$args, $result>(stringify!($name), &[$($doc),*]);)+
        }
    };
}

commands! {
    /// Which program this is.
    about(Nothing) -> About;

    /// Opens a folder with a `gatewright.yaml`, in place of the one that is open.
    workspace_open(WorkspaceOpenArgs) -> Workspace;
    /// The opened workspace, if any.
    workspace_state(Nothing) -> WorkspaceState;
    /// Goes on from the last backup of a damaged history, or anew without one, and opens the folder. The damaged one is
    /// set aside, whole.
    restore(RestoreArgs) -> Restored;
    /// Opens the sample: a copy of it is made the first time.
    sample_open(Nothing) -> Workspace;
    /// Workspaces opened before.
    recent(Nothing) -> Recents;
    /// Lets a person pick a folder.
    pick_folder(Nothing) -> Picked;

    /// What the folder would run, reach and send.
    trust_preview(Nothing) -> Trust;
    /// Trusts that list.
    trust_give(TrustGiveArgs) -> Workspace;
    /// Checks log, signatures and objects.
    verify(Nothing) -> Verified;

    /// The files that a person edits.
    specs(Nothing) -> SpecTree;
    /// One of them.
    spec_source(SpecSourceArgs) -> Source;
    /// Saves it.
    spec_save(SpecSaveArgs) -> Source;
    /// What is wrong with a text that is not saved.
    spec_check(SpecCheckArgs) -> Checked;
    /// What a run would ask.
    plan(PlanArgs) -> PlanView;
    /// Begins a self-test of a gate, in place of the one that is going on; answers at once.
    selftest_start(SelfTestArgs) -> SelfTestState;
    /// Stops a self-test.
    selftest_cancel(SelfTestRef) -> Nothing;
    /// How far a self-test is, and what it found.
    selftest_state(SelfTestRef) -> SelfTestState;
    /// What the gate would have said of past versions.
    backtest(BacktestArgs) -> BacktestView;

    /// Begins a run; answers once it is recorded.
    run_start(RunStartArgs) -> RunRef;
    /// Stops a run; what is recorded stays, and the next run goes on.
    run_cancel(RunRef) -> Nothing;
    /// How far a run is.
    run_state(RunStateArgs) -> RunState;
    /// Its answers, by page.
    run_rows(RunRowsArgs) -> Rows;
    /// One answer in full.
    trial(TrialArgs) -> Answer;

    /// Verdicts, the newest first.
    verdicts(VerdictsArgs) -> Verdicts;
    /// One verdict in full.
    verdict(VerdictArgs) -> VerdictState;
    /// The answers of one of its cases.
    case_answers(CaseAnswersArgs) -> CaseAnswers;
    /// How far its scorers agree with what people say of the same answers.
    agreements(AgreementsArgs) -> Agreements;
    /// Notes what a person says of a scorer's word on an answer.
    label(LabelArgs) -> Agreements;

    /// Versions, the newest first.
    versions(VersionsArgs) -> Versions;
    /// One version in full.
    version(VersionArgs) -> VersionView;
    /// A metric over versions.
    timeline(TimelineArgs) -> Timeline;
    /// Cases over versions.
    heat_map(HeatMapArgs) -> HeatMap;
    /// What differs between two versions, and what that did.
    compare(CompareArgs) -> Comparison;

    /// Every environment, and what happened in them.
    status(Nothing) -> Status;
    /// What a promotion would do.
    promote_preview(PromotePreviewArgs) -> Preview;
    /// Makes a version live; answers once the release has ended or its outcome is unknown.
    promote(PromoteArgs) -> ReleaseHead;
    /// What a rollback would do.
    rollback_preview(RollbackPreviewArgs) -> Preview;
    /// Makes an earlier version live again; answers as `promote` does.
    rollback(RollbackArgs) -> ReleaseHead;
    /// Reads what is live, and settles what was left open.
    settle(SettleArgs) -> Status;
}

/// Sees every command.
#[cfg(test)]
pub(crate) trait Visitor {
    /// One of them: its name, its types, what the list says of it.
    fn command<A: ts_rs::TS + 'static, R: ts_rs::TS + 'static>(&mut self, name: &str, docs: &[&str]);
}

fn read<A: serde::de::DeserializeOwned>(name: &str, args: Value) -> Result<A, ApiError> {
    serde_json::from_value(args)
        .map_err(|error| ApiError::new(Code::BadArguments, format!("{name}: {error}")))
}

fn write(result: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(result).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
}

fn unknown(name: &str) -> ApiError {
    ApiError::new(Code::UnknownCommand, format!("there is no command `{name}`"))
        .hint("The interface and the program are of different versions: install both anew.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::{NAMES, read, unknown};
    use crate::{dto::RunRowsArgs, error::Code};

    #[test]
    fn a_name_stands_once_in_the_list() {
        let names: BTreeSet<_> = NAMES.iter().collect();
        assert_eq!(names.len(), NAMES.len());
    }

    #[test]
    fn arguments_that_do_not_fit_are_refused_with_the_name_of_the_field() {
        let refused = read::<RunRowsArgs>("run_rows", json!({ "run": "r", "filter": "worst" }))
            .expect_err("no such filter");
        assert_eq!(refused.code, Code::BadArguments);
        assert!(refused.message.contains("worst"), "{}", refused.message);
    }

    #[test]
    fn an_unknown_command_is_named() {
        assert_eq!(unknown("explode").message, "there is no command `explode`");
    }
}
