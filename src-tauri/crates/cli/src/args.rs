//! The words of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Spec-driven CI/CD for AI agents: gates that decide whether a version may go live, and the way back.
#[derive(Debug, Parser)]
#[command(name = "gatewright", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The workspace: the folder with gatewright.yaml, or one below it
    #[arg(short = 'C', long = "dir", value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// Print one JSON document on standard output, everything else on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say only what was asked for
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Plain text without colour (also NO_COLOR)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Trust, for this call, what the folder would run and reach; `--trust=sha256:…` only if it is exactly that
    #[arg(long, global = true, value_name = "DIGEST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) trust: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a workspace that runs at once
    Init {
        /// Where; the present folder when absent
        dir: Option<PathBuf>,
        /// With the demo agent, its specs and six versions of its prompt
        #[arg(long)]
        sample: bool,
    },
    /// Print the workspace with every default filled in
    Explain,
    /// Validate the workspace and its specs
    Check {
        /// Only these files
        paths: Vec<String>,
        /// How to print what was found
        #[arg(long, value_enum, default_value_t)]
        format: CheckFormat,
    },
    /// Ask what is missing, and judge
    Run(Run),
    /// Say what is known of the present version, without a call
    Verdict {
        /// Only these specs
        specs: Vec<String>,
    },
    /// Do at every save what the workspace says (`on_save`), until interrupted
    Watch,
    /// Say what a gate costs and can tell apart, before a call is made
    Plan {
        /// Which spec
        spec: String,
    },
    /// Test a gate on simulated versions: how often it errs, and what it cannot see
    Selftest {
        /// Which spec
        spec: String,
        /// Make answers up by an assumed shape, though recorded ones could be used
        #[arg(long)]
        assumed: bool,
    },
    /// Say what the present gate would have said of past versions, from recorded answers alone
    Backtest {
        /// Which spec
        spec: String,
    },
    /// List versions and their scores
    Versions,
    /// Show one version
    Show {
        /// A digest, its first digits, or a label
        version: String,
    },
    /// Show what differs between two versions, and what that did
    Compare {
        /// The earlier
        before: String,
        /// The later
        after: String,
    },
    /// Show environments: live, candidate, the way back
    Status,
    /// Let a version go live
    Promote(Promote),
    /// Put an earlier version back
    Rollback {
        /// Where
        environment: String,
        /// Which version; the previous one when absent
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Settle what a crash left open
    Settle,
    /// Check the log, signatures and sealed content
    Verify,
    /// Show what the folder would run and reach, and trust it
    Trust {
        /// Forget that it was trusted
        #[arg(long)]
        revoke: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Print the JSON Schema of a file
    Schema {
        /// Of which
        of: SchemaOf,
    },
    /// Show the state of workspace and database
    Doctor {
        /// Compute again what is derived from recorded answers
        #[arg(long, conflicts_with = "restore")]
        rebuild: bool,
        /// Set a damaged history aside and go on from the newest backup, from this one, or from `nothing`
        #[arg(long, value_name = "BACKUP", num_args = 0..=1, require_equals = true, default_missing_value = "")]
        restore: Option<String>,
    },
    /// Print completions for a shell
    Completions {
        /// Which
        shell: Shell,
    },
}

/// How a run is done.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Only these specs
    pub(crate) specs: Vec<String>,
    /// Ask this version instead of the present files
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Ask at the endpoint of this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) at: Option<String>,
    /// Name the version
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<String>,
    /// Calls at most
    #[arg(long, value_name = "N")]
    pub(crate) calls: Option<u64>,
    /// Cost at most, in the workspace's currency
    #[arg(long, value_name = "X")]
    pub(crate) cost: Option<f64>,
    /// Time at most, such as 10m
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<String>,
    /// Stop as soon as it is known, also before every case was asked
    #[arg(long)]
    pub(crate) enough: bool,
    /// Ask again with fresh answers: counted
    #[arg(long)]
    pub(crate) new_attempt: bool,
    /// Do not wait for another run of this workspace
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// How a version goes live.
#[derive(Debug, Args)]
pub(crate) struct Promote {
    /// Where
    pub(crate) environment: String,
    /// Which version; the present one when absent
    pub(crate) version: Option<String>,
    /// Against the verdict, for this reason
    #[arg(long = "override", value_name = "REASON", requires = "by", conflicts_with = "bootstrap")]
    pub(crate) overriding: Option<String>,
    /// A first version, for this reason
    #[arg(long, value_name = "REASON", requires = "by")]
    pub(crate) bootstrap: Option<String>,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people
    #[default]
    Text,
    /// One document
    Json,
    /// For other tools: SARIF 2.1.0
    Sarif,
}

/// Of which file.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// gatewright.yaml
    Workspace,
    /// specs/**/*.yaml
    Spec,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_words_fit_together() {
        super::Cli::command().debug_assert();
    }
}
