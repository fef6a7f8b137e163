//! Spec files: the tree, the text with its mistakes, and what a run of it would ask.

use super::{FileLine, Mark, Money, Note, Outcome, Standing};

dto! {
    /// The files that a person edits.
    pub struct SpecTree {
        /// Specs in the order of their files.
        pub specs: Vec<SpecHead>,
        /// Every file that may be opened: the workspace file, spec files, and what they name.
        pub files: Vec<FileHead>,
        /// How long reading took, in milliseconds.
        pub read_ms: u64,
    }

    /// A spec.
    pub struct SpecHead {
        /// Its name.
        pub spec: String,
        /// Below the workspace.
        pub file: String,
        /// The agent that it is about.
        pub agent: String,
        /// For people.
        pub description: Option<String>,
        /// Cases, dataset rows included.
        pub cases: u32,
        /// What its gate said last of the present version, in its present meaning.
        pub verdict: Option<SpecVerdict>,
    }

    /// What a gate said last, for a tree.
    pub struct SpecVerdict {
        /// Which.
        pub verdict: String,
        /// What.
        pub outcome: Outcome,
        /// Whether it can grant a promotion.
        pub standing: Standing,
    }

    /// A file that may be opened.
    pub struct FileHead {
        /// Below the workspace, with `/`.
        pub file: String,
        /// What it is.
        pub kind: FileKind,
        /// The spec file that names it; none for spec files and the workspace file.
        pub of: Option<String>,
        /// Rows of a dataset.
        pub rows: Option<u32>,
        /// Mistakes in it.
        pub errors: u32,
        /// Warnings in it.
        pub warnings: u32,
    }

    /// Opens a file.
    pub struct SpecSourceArgs {
        /// Below the workspace.
        pub file: String,
    }

    /// A file as read.
    pub struct Source {
        /// Below the workspace.
        pub file: String,
        /// What it is.
        pub kind: FileKind,
        /// Its text, lines ended by LF.
        pub text: String,
        /// Digest of the bytes on disk: handed back when saving, so that nobody's edit is lost.
        pub digest: String,
        /// Why it cannot be saved; none when it can.
        pub read_only: Option<String>,
        /// What is wrong with it.
        pub diagnostics: Vec<Diagnostic>,
        /// Scores beside its lines.
        pub gutter: Vec<GutterMark>,
        /// Whose scores they are, such as `v14`; none without any.
        pub gutter_of: Option<String>,
    }

    /// A score beside a line.
    pub struct GutterMark {
        /// From 1.
        pub line: u32,
        /// Its shape.
        pub mark: Mark,
        /// `5/5`, or empty for the shape alone.
        pub text: String,
        /// In words.
        pub title: String,
    }

    /// Saves a file.
    pub struct SpecSaveArgs {
        /// Below the workspace.
        pub file: String,
        /// The whole text.
        pub text: String,
        /// [`Source::digest`] of the text that was edited: another one on disk is refused as stale.
        pub digest: String,
    }

    /// Checks a text that is not saved.
    pub struct SpecCheckArgs {
        /// The file that it would be saved to.
        pub file: String,
        /// The whole text.
        pub text: String,
    }

    /// What is wrong with a text.
    pub struct Checked {
        /// In the order of the text.
        pub diagnostics: Vec<Diagnostic>,
        /// How long it took, in microseconds.
        pub took_us: u64,
    }

    /// One finding in a file.
    pub struct Diagnostic {
        /// Stable name of the kind of finding, such as `unknown-key`.
        pub code: String,
        /// How bad.
        pub severity: Severity,
        /// Below the workspace.
        pub file: String,
        /// From 1.
        pub line: u32,
        /// From 1, in characters.
        pub column: u32,
        /// Its start in the text, in UTF-16 code units, as editors count.
        pub from: u32,
        /// One past its end, in UTF-16 code units.
        pub to: u32,
        /// What is wrong, one sentence.
        pub message: String,
        /// What to do about it.
        pub help: Option<String>,
        /// Text that would replace the place, where one edit mends it.
        pub fix: Option<String>,
    }

    /// What a run would ask.
    pub struct PlanArgs {
        /// Which spec.
        pub spec: String,
        /// Another text for the spec's file, not saved; the saved one when none.
        pub text: Option<String>,
    }

    /// What a run of a spec would ask, before it asks.
    pub struct PlanView {
        /// Which spec.
        pub spec: String,
        /// Why there is no plan, such as mistakes in the file; none when there is one.
        pub missing: Option<String>,
        /// Cases that are asked.
        pub cases: u32,
        /// In the order of the gate.
        pub criteria: Vec<PlannedCriterion>,
        /// What the whole gate would ask of versions that differ in quality: perfect, at the target, hardest, never more.
        pub totals: Vec<PlanLine>,
        /// `2,000 calls, $5.00, 30 min`.
        pub budget: String,
        /// Why the budget cannot reach the plan's end; none when it can.
        pub underfunded: Option<String>,
        /// Answers of this stream that are there already.
        pub reused: u32,
        /// Calls that a run would ask now, at most.
        pub asks_max: u64,
        /// What the author should know: filled-in defaults, what a rescored verdict means, what to confirm.
        pub notes: Vec<PlanNote>,
    }

    /// A line of the plan with where it is written.
    pub struct PlanNote {
        /// What is said.
        pub note: Note,
        /// What it is about.
        pub place: Option<FileLine>,
    }

    /// What one criterion would ask.
    pub struct PlannedCriterion {
        /// Its name.
        pub name: String,
        /// Whether the gate depends on it.
        pub blocking: bool,
        /// `pass rate: target 90 %, floor 80 %`.
        pub rule: String,
        /// `Tells 90 % from 80 %.`
        pub tells: String,
        /// What that promises, one or two sentences.
        pub promise: String,
        /// Good; none for a criterion without one.
        pub target: Option<f64>,
        /// Bad; none for a criterion without one.
        pub floor: Option<f64>,
        /// Calls that it takes to know, over the true rate; empty where there is no such curve.
        pub curve: Vec<CurvePoint>,
        /// Calls, cost and time for versions that differ in quality.
        pub lines: Vec<PlanLine>,
    }

    /// Mean calls at a true rate.
    pub struct CurvePoint {
        /// The true rate.
        pub rate: f64,
        /// Mean calls until it is decided.
        pub calls: f64,
    }

    /// What a version of some quality takes.
    pub struct PlanLine {
        /// `Perfect version`, `At the target`, `At 85 %, hardest`, `Never more than`.
        pub label: String,
        /// How many.
        pub calls: u64,
        /// Whether that is a mean.
        pub about: bool,
        /// None without a price.
        pub cost: Option<Money>,
        /// None while nothing is known of the agent's latency.
        pub time_ms: Option<u64>,
    }
}

words! {
    /// What a file is.
    pub enum FileKind {
        /// `gatewright.yaml`.
        Workspace,
        /// A spec.
        Spec,
        /// Rows that become cases.
        Dataset,
        /// A prompt.
        Prompt,
        /// Tools of an agent.
        Tools,
        /// What a judge judges by.
        Rubric,
        /// Anything else that a file names.
        Other,
    }

    /// How bad a finding is.
    pub enum Severity {
        /// The file cannot be used as it is.
        Error,
        /// It probably does not say what its author meant.
        Warning,
        /// Worth knowing.
        Note,
    }
}

impl Diagnostic {
    /// A finding of the core, with its place as an editor counts it in `text`.
    #[must_use]
    pub fn of(found: &gatewright_core::diagnostic::Diagnostic, text: &str) -> Self {
        use gatewright_core::diagnostic::Severity as Found;
        Self {
            code: found.code.clone(),
            severity: match found.severity {
                Found::Error => Severity::Error,
                Found::Warning => Severity::Warning,
                Found::Note => Severity::Note,
            },
            file: found.file.clone(),
            line: found.place.line,
            column: found.place.column,
            from: utf16_offset(text, found.place.start),
            to: utf16_offset(text, found.place.end),
            message: found.message.clone(),
            help: found.help.clone(),
            fix: found.fix.clone(),
        }
    }
}

/// UTF-16 code units before a byte offset; the end of the text for one beyond it, the character's start for one
/// inside a character.
fn utf16_offset(text: &str, byte: u32) -> u32 {
    let end = text.floor_char_boundary(usize::try_from(byte).unwrap_or(usize::MAX));
    let units = text[..end].chars().map(char::len_utf16).sum::<usize>();
    u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::utf16_offset;

    #[test]
    fn an_editor_counts_a_place_in_utf_16() {
        let text = "é😀x";
        for (byte, units) in [(0, 0), (2, 1), (4, 1), (6, 3), (7, 4), (99, 4)] {
            assert_eq!(utf16_offset(text, byte), units, "byte {byte}");
        }
    }
}
