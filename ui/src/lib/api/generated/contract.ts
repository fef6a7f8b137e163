// Made from the Rust types by `GATEWRIGHT_UPDATE=1 cargo test -p gatewright-api`. Do not edit.

/**
 * Which program this is.
 */
export type About = { 
/**
 * `Gatewright`.
 */
name: string, 
/**
 * Of the program.
 */
version: string, 
/**
 * Name and number of the system that it runs on.
 */
system: string, };

/**
 * The agent to be judged.
 */
export type AgentHead = { 
/**
 * Its name.
 */
name: string, 
/**
 * Where it answers, without credentials.
 */
address: string, 
/**
 * The version that its files describe now; none when it cannot be read.
 */
version: VersionRef | null, 
/**
 * Whether that version was never asked anything.
 */
unasked: boolean, };

/**
 * One scorer against people.
 */
export type AgreementView = { 
/**
 * Which.
 */
scorer: string, 
/**
 * As the spec calls it, where it is a named one.
 */
name: string | null, 
/**
 * `must not match`, `contains`, in words.
 */
rule: string, 
/**
 * What with. May be empty.
 */
pattern: string, 
/**
 * Whether it is a judge.
 */
judge: boolean, 
/**
 * Answers that a person called pass or fail.
 */
labelled: number, 
/**
 * Of those, in the random sample: only they say something of all answers.
 */
sampled: number, 
/**
 * Cohen's kappa of the sample; none while it says nothing.
 */
kappa: number | null, 
/**
 * Its standard error.
 */
kappa_error: number | null, 
/**
 * What the labels say, one sentence after the other.
 */
sentences: Array<string>, 
/**
 * The answer to be labelled next, drawn at random; none when all are.
 */
next: ToLabel | null, };

/**
 * How far scorers agree with people over the answers of one run.
 */
export type Agreements = { 
/**
 * Judges first; of each kind in a fixed order.
 */
scorers: Array<AgreementView>, 
/**
 * Who labelled last, as stated; empty before the first label.
 */
by: string, };

/**
 * Asks how far the scorers of a verdict agree with people.
 */
export type AgreementsArgs = { 
/**
 * Of which verdict.
 */
verdict: string, };

/**
 * One trial with everything that was said.
 */
export type Answer = { 
/**
 * Which.
 */
trial: number, 
/**
 * Which case.
 */
case: string, 
/**
 * Which version was asked.
 */
version: VersionRef, 
/**
 * Which round, from 1.
 */
round: number, 
/**
 * Its shape.
 */
mark: Mark, 
/**
 * `passed`, `failed`, `missing: deadline`, …
 */
state: string, 
/**
 * Whether the gate heard it; answers beyond the decision are kept and never counted.
 */
heard: boolean, 
/**
 * The conversation.
 */
turns: Array<AnswerTurn>, 
/**
 * What the spec's named scorers say of it; a label of theirs is given on its last turn.
 */
named: Array<NamedScore>, 
/**
 * Of the last try, in milliseconds.
 */
latency_ms: number | null, 
/**
 * None without a price.
 */
cost: Money | null, 
/**
 * When.
 */
at: number, };

/**
 * One exchange.
 */
export type AnswerTurn = { 
/**
 * What was sent.
 */
user: string, 
/**
 * What was answered: data, shown as text.
 */
said: string, 
/**
 * Characters of it that were left out; 0 when it is whole.
 */
left_out: number, 
/**
 * Tools that it wanted called, each as one line.
 */
tool_calls: Array<string>, 
/**
 * What was expected of it.
 */
checks: Array<Check>, };

/**
 * Why a command was refused or failed.
 */
export type ApiError = { 
/**
 * Stable word, for deciding.
 */
code: Code, 
/**
 * What happened and where, one sentence.
 */
message: string, 
/**
 * What to do about it.
 */
hint: string | null, };

/**
 * Asks what the present gate would have said of past versions.
 */
export type BacktestArgs = { 
/**
 * Which spec.
 */
spec: string, 
/**
 * Another text for the spec's file, not saved; the saved one when none.
 */
text: string | null, };

/**
 * How what a gate says now differs from what was said then.
 */
export type BacktestChange = "same" | "stricter" | "looser" | "other" | "new" | "not_enough";

/**
 * One past version.
 */
export type BacktestRow = { 
/**
 * Which.
 */
version: VersionRef, 
/**
 * What was said of it then; none when nothing was.
 */
then: SpecVerdict | null, 
/**
 * What is said of it now; none when not enough is recorded.
 */
now: Outcome | null, 
/**
 * The shape of that.
 */
mark: Mark, 
/**
 * How now differs from then.
 */
change: BacktestChange, 
/**
 * What the gate says now, or what is not recorded; one sentence.
 */
text: string, 
/**
 * Recorded answers that fit the present cases.
 */
recorded: number, 
/**
 * Of those, heard.
 */
heard: number, 
/**
 * Slots that would be heard at most.
 */
heard_max: number, };

/**
 * What the present gate would have said of past versions, from recorded answers alone.
 */
export type BacktestView = { 
/**
 * Of which spec.
 */
spec: string, 
/**
 * Why there is nothing to show, such as mistakes in the file; none when there is.
 */
missing: string | null, 
/**
 * In one sentence.
 */
headline: string, 
/**
 * The newest version first.
 */
rows: Array<BacktestRow>, 
/**
 * Older versions that are left out.
 */
more: number, };

/**
 * A backup, and what it holds.
 */
export type BackupView = { 
/**
 * When it was made.
 */
at: number, 
/**
 * The last entry of its log; none while that is empty.
 */
entry: number | null, 
/**
 * Verdicts in it.
 */
verdicts: number, 
/**
 * When the last of them was given.
 */
last_verdict_at: number | null, 
/**
 * Releases in it, whatever became of them.
 */
releases: number, 
/**
 * When one took a step last.
 */
last_release_at: number | null, };

/**
 * How a candidate stands.
 */
export type CandidateStanding = "may_ship" | "blocked" | "needs_reason" | "frozen" | "not_judged";

/**
 * What may follow.
 */
export type CandidateView = { 
/**
 * Which.
 */
version: VersionRef, 
/**
 * How it stands.
 */
standing: CandidateStanding, 
/**
 * Why, and how often this lets a bad one through: one or two sentences.
 */
detail: string, 
/**
 * What many candidates since the live one do to the chance; none for a single candidate.
 */
tried: string | null, 
/**
 * Cases of the required specs that no criterion hears; none when there are none.
 */
quarantine: LetOff | null, 
/**
 * Why it cannot be promoted by verdict; none when it can.
 */
blocked: string | null, 
/**
 * The verdict to look at.
 */
verdict: string | null, };

/**
 * The answers of a case, the failed ones first.
 */
export type CaseAnswers = { 
/**
 * Which case.
 */
case: string, 
/**
 * Of the version that was judged.
 */
candidate: Array<Answer>, 
/**
 * Of the version that it was compared with.
 */
baseline: Array<Answer>, };

/**
 * Asks for the answers of a case.
 */
export type CaseAnswersArgs = { 
/**
 * Of which verdict.
 */
verdict: string, 
/**
 * Of which case.
 */
case: string, };

/**
 * A case in both.
 */
export type CaseComparison = { 
/**
 * Which.
 */
case: string, 
/**
 * In the one before.
 */
before: HeatCell | null, 
/**
 * In the one after.
 */
after: HeatCell | null, 
/**
 * `pass` better, `fail` worse, `flaky` neither.
 */
mark: Mark, };

/**
 * What came of a case.
 */
export type CaseResult = { 
/**
 * Its name.
 */
case: string, 
/**
 * Its shape.
 */
mark: Mark, 
/**
 * Labels.
 */
tags: Array<string>, 
/**
 * Whether one failure blocks.
 */
critical: boolean, 
/**
 * Times heard.
 */
trials: number, 
/**
 * Of those, passed.
 */
passed: number, 
/**
 * Of those, without an answer or a judgement.
 */
missing: number, 
/**
 * Whether recorded trials of this version disagree: `3 of 5 recorded trials passed`; none when they do not.
 */
flaky: string | null, 
/**
 * Why and until when no criterion hears it: `until 2026-12-01: the address moved`; none when they do.
 */
quarantine: string | null, 
/**
 * `newly broken, 4/4 in v12`, `flaky since v9`; none when nothing changed.
 */
change: string | null, 
/**
 * Whether that is better (`pass`), worse (`fail`) or neither (`plain`).
 */
change_mark: Mark, 
/**
 * Where it is written.
 */
place: FileLine | null, };

/**
 * What happened to a part between two versions, or since something was trusted.
 */
export type Change = "same" | "changed" | "new" | "gone";

/**
 * An expectation and what came of it.
 */
export type Check = { 
/**
 * Its shape.
 */
mark: Mark, 
/**
 * `must not match`, `contains`, in words.
 */
rule: string, 
/**
 * What with: a pattern, a text. May be empty.
 */
pattern: string, 
/**
 * The scorer's words.
 */
why: string, 
/**
 * Where it is written.
 */
place: FileLine | null, 
/**
 * The places in the answer that it is about.
 */
marks: Array<TextRange>, 
/**
 * Which scorer.
 */
scorer: string, 
/**
 * What a person says of its word; none while nobody did.
 */
label: LabelView | null, };

/**
 * What is wrong with a text.
 */
export type Checked = { 
/**
 * In the order of the text.
 */
diagnostics: Array<Diagnostic>, 
/**
 * How long it took, in microseconds.
 */
took_us: number, };

/**
 * Kinds of refusal. Codes are never renamed; new ones may come.
 */
export type Code = "unknown_command" | "bad_arguments" | "no_workspace" | "not_found" | "bad_spec" | "not_trusted" | "refused" | "busy" | "read_only" | "stale" | "unreachable" | "release_failed" | "unverified" | "damaged" | "internal";

/**
 * Compares two versions.
 */
export type CompareArgs = { 
/**
 * The one before.
 */
before: string, 
/**
 * The one after.
 */
after: string, 
/**
 * In one spec; in all when none.
 */
spec: string | null, };

/**
 * What differs between two versions, and what that did.
 */
export type Comparison = { 
/**
 * The one before.
 */
before: VersionRef, 
/**
 * The one after.
 */
after: VersionRef, 
/**
 * What differs, and whether the effect can be told apart.
 */
sentence: string, 
/**
 * Each named part of either.
 */
components: Array<ComponentView>, 
/**
 * For each spec that both were asked by.
 */
specs: Array<SpecComparison>, };

/**
 * A part of a version's identity.
 */
export type ComponentView = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its value where that is short, else its digest.
 */
value: string, 
/**
 * Against the other version.
 */
change: Change, 
/**
 * What changed, where both are text.
 */
diff: Array<DiffLine>, };

/**
 * What the heard slots were.
 */
export type Counts = { 
/**
 * With a score.
 */
scored: number, 
/**
 * Of those, not passed.
 */
failed: number, 
/**
 * Of the failed, the agent erred.
 */
agent_errors: number, 
/**
 * A scorer could not judge: heard as missing.
 */
not_judged: number, 
/**
 * No answer: heard as missing.
 */
missing: number, 
/**
 * Answers that an earlier run of the same stream had.
 */
reused: number, };

/**
 * How far a criterion is, and what came of it.
 */
export type CriterionState = "met" | "not_met" | "undecided" | "running" | "waiting" | "not_judged";

/**
 * A criterion as a row.
 */
export type CriterionView = { 
/**
 * Its name.
 */
name: string, 
/**
 * Whether the gate depends on it.
 */
blocking: boolean, 
/**
 * `pass rate: target 90 %, floor 80 %`.
 */
rule: string, 
/**
 * How far, and what came of it.
 */
state: CriterionState, 
/**
 * `72 of 89`, `−0.12`; `no value` when there is none.
 */
value: string, 
/**
 * `0.75 to 0.89`; empty when there is no bound.
 */
bound: string, 
/**
 * The value between floor and target, where it has them.
 */
bar: GateBar | null, 
/**
 * Calls heard, or pairs.
 */
heard: number, 
/**
 * Calls heard at most.
 */
heard_max: number, 
/**
 * `89 of 203`, with the unit where it is not calls.
 */
heard_text: string, 
/**
 * `114 saved`, `25 not needed`, `at most 111 more`.
 */
saved_text: string, 
/**
 * What decided it, or what is still open.
 */
reason: string, 
/**
 * The method with its number, and how the bound was made.
 */
method: string, 
/**
 * What was heard.
 */
counts: Counts, };

/**
 * Mean calls at a true rate.
 */
export type CurvePoint = { 
/**
 * The true rate.
 */
rate: number, 
/**
 * Mean calls until it is decided.
 */
calls: number, };

/**
 * What a person should know before a damaged history is set aside.
 */
export type Damage = { 
/**
 * The workspace's folder, absolute.
 */
path: string, 
/**
 * With `~` for the home folder.
 */
path_shown: string, 
/**
 * The name of the folder.
 */
name: string, 
/**
 * The first thing that does not hold, as the database says it.
 */
detail: string, 
/**
 * When the damaged history was written last; none where its files do not tell.
 */
written_at: number | null, 
/**
 * The newest backup that holds together; none when only a new history can begin.
 */
backup: BackupView | null, 
/**
 * What signed heads of the log saw that the backup does not hold; none when they saw nothing more.
 */
witness: WitnessView | null, 
/**
 * A name for the backup: what a person confirms.
 */
seen: string, };

/**
 * One finding in a file.
 */
export type Diagnostic = { 
/**
 * Stable name of the kind of finding, such as `unknown-key`.
 */
code: string, 
/**
 * How bad.
 */
severity: Severity, 
/**
 * Below the workspace.
 */
file: string, 
/**
 * From 1.
 */
line: number, 
/**
 * From 1, in characters.
 */
column: number, 
/**
 * Its start in the text, in UTF-16 code units, as editors count.
 */
from: number, 
/**
 * One past its end, in UTF-16 code units.
 */
to: number, 
/**
 * What is wrong, one sentence.
 */
message: string, 
/**
 * What to do about it.
 */
help: string | null, 
/**
 * Text that would replace the place, where one edit mends it.
 */
fix: string | null, };

/**
 * What happened to a line between two texts.
 */
export type DiffKind = "same" | "added" | "removed" | "skipped";

/**
 * A line of a comparison of two texts.
 */
export type DiffLine = { 
/**
 * Whether it is in both.
 */
kind: DiffKind, 
/**
 * Without its end.
 */
text: string, };

/**
 * An environment, for the status bar.
 */
export type EnvironmentHead = { 
/**
 * Its name.
 */
name: string, 
/**
 * `pass` when it was read back, `unknown` when nobody knows, `running` while a release is open, `waiting`
 * when nothing is live.
 */
mark: Mark, 
/**
 * What is live there.
 */
live: VersionRef | null, 
/**
 * In one word or two: `live`, `nothing live`, `unknown`.
 */
text: string, };

/**
 * One thing that happened. At most 8 KB each and 10 a second: a host merges what comes faster.
 */
export type Event = { 
/**
 * Its place in the workspace's history; 0 for what is not part of it.
 */
seq: number, 
/**
 * When.
 */
at: number, 
/**
 * What.
 */
what: Happened, };

/**
 * A figure with its name.
 */
export type Figure = { 
/**
 * What is counted.
 */
label: string, 
/**
 * How much.
 */
value: string, };

/**
 * A file that may be opened.
 */
export type FileHead = { 
/**
 * Below the workspace, with `/`.
 */
file: string, 
/**
 * What it is.
 */
kind: FileKind, 
/**
 * The spec file that names it; none for spec files and the workspace file.
 */
of: string | null, 
/**
 * Rows of a dataset.
 */
rows: number | null, 
/**
 * Mistakes in it.
 */
errors: number, 
/**
 * Warnings in it.
 */
warnings: number, };

/**
 * What a file is.
 */
export type FileKind = "workspace" | "spec" | "dataset" | "prompt" | "tools" | "rubric" | "other";

/**
 * A place in a file of the workspace.
 */
export type FileLine = { 
/**
 * Below the workspace, with `/`.
 */
file: string, 
/**
 * From 1.
 */
line: number, };

/**
 * Numbers for a gate bar. They never decide.
 */
export type GateBar = { 
/**
 * Over what was heard; none when nothing was.
 */
value: number | null, 
/**
 * Lower bound.
 */
low: number | null, 
/**
 * Upper bound.
 */
high: number | null, 
/**
 * Good.
 */
target: number, 
/**
 * Bad; none where the rule has no floor.
 */
floor: number | null, };

/**
 * How we know that a version is what answered, strongest first.
 */
export type Grade = "sent" | "sealed" | "claimed" | "declared" | "opaque";

/**
 * A score beside a line.
 */
export type GutterMark = { 
/**
 * From 1.
 */
line: number, 
/**
 * Its shape.
 */
mark: Mark, 
/**
 * `5/5`, or empty for the shape alone.
 */
text: string, 
/**
 * In words.
 */
title: string, };

/**
 * What can happen.
 */
export type Happened = { "kind": "workspace_changed" } | { "kind": "specs_changed", 
/**
 * Which, below the workspace.
 */
files: Array<string>, } | { "kind": "version_seen", 
/**
 * Which.
 */
version: string, } | { "kind": "run_moved", 
/**
 * Which.
 */
run: string, 
/**
 * Whether it has ended.
 */
ended: boolean, } | { "kind": "selftest_moved", 
/**
 * Which.
 */
selftest: string, 
/**
 * Whether it has ended.
 */
ended: boolean, } | { "kind": "verdict_given", 
/**
 * Which.
 */
verdict: string, 
/**
 * Of which spec.
 */
spec: string, } | { "kind": "release_moved", 
/**
 * Which; none when it was moved outside.
 */
release: string | null, 
/**
 * Where.
 */
environment: string, } | { "kind": "told", 
/**
 * Its shape.
 */
mark: Mark, 
/**
 * What became true, a few words.
 */
title: string, 
/**
 * One sentence more.
 */
detail: string | null, 
/**
 * Where to see it.
 */
step: Step | null, };

/**
 * Something that is well, or that needs a person.
 */
export type HealthItem = { 
/**
 * Whether it is well.
 */
mark: Mark, 
/**
 * One short sentence.
 */
title: string, 
/**
 * Another, where needed.
 */
detail: string | null, 
/**
 * A fact at the end of the line: `read 12 s ago`, `412 ms`.
 */
fact: string | null, 
/**
 * What may be done about it. Its presence means that it needs a person.
 */
step: Step | null, };

/**
 * A case in a version.
 */
export type HeatCell = { 
/**
 * Times passed.
 */
passed: number, 
/**
 * Times heard.
 */
trials: number, 
/**
 * `pass`, `fail`, `flaky`, or `unknown` when answers are missing.
 */
mark: Mark, };

/**
 * Cases with the same trouble.
 */
export type HeatGroup = { 
/**
 * `Newly broken in v13, mended in v14`, `Flaky`, `Steady, 17 cases`.
 */
title: string, 
/**
 * Its cases; the steady ones only when all were asked for.
 */
rows: Array<HeatRow>, };

/**
 * Cases over versions, sorted by trouble.
 */
export type HeatMap = { 
/**
 * Of which spec.
 */
spec: string, 
/**
 * Columns, oldest first; at most 24.
 */
versions: Array<VersionRef>, 
/**
 * Never passed, newly broken, flaky, steady.
 */
groups: Array<HeatGroup>, 
/**
 * Cases of the spec.
 */
cases_total: number, };

/**
 * Asks for cases over versions.
 */
export type HeatMapArgs = { 
/**
 * Of which spec; of the first when none.
 */
spec: string | null, 
/**
 * Whether cases without trouble are listed too.
 */
all: boolean, };

/**
 * A case over versions.
 */
export type HeatRow = { 
/**
 * Which.
 */
case: string, 
/**
 * One for each column; none where it was not asked.
 */
cells: Array<HeatCell | null>, };

/**
 * What a person says of a scorer's word on an answer.
 */
export type LabelArgs = { 
/**
 * Of which verdict.
 */
verdict: string, 
/**
 * Which trial.
 */
trial: number, 
/**
 * Which turn, from 0.
 */
turn: number, 
/**
 * Which scorer.
 */
scorer: string, 
/**
 * What; none takes the last word back.
 */
word: LabelWord | null, 
/**
 * Who, as stated.
 */
by: string, };

/**
 * A label as it stands.
 */
export type LabelView = { 
/**
 * What.
 */
word: LabelWord, 
/**
 * Who, as stated.
 */
by: string, };

/**
 * A person's word.
 */
export type LabelWord = "pass" | "fail" | "skip";

/**
 * An environment.
 */
export type Lane = { 
/**
 * Its name.
 */
environment: string, 
/**
 * `folder adapter`.
 */
adapter: string, 
/**
 * Where the live one answers; none when no endpoint is given.
 */
address: string | null, 
/**
 * Specs that a promotion needs.
 */
requires: Array<string>, 
/**
 * `monitor smoke, 5 min`; none without one.
 */
monitor: string | null, 
/**
 * What is live.
 */
live: LiveView, 
/**
 * What may follow; none when nothing differs from what is live.
 */
candidate: CandidateView | null, 
/**
 * What was live before; none when nothing was.
 */
way_back: WayBack | null, 
/**
 * The release that is open; none when none is.
 */
open: ReleaseHead | null, };

/**
 * A version while it was live.
 */
export type LaneSpan = { 
/**
 * Which; none while nobody knows.
 */
version: VersionRef | null, 
/**
 * Since.
 */
from: number, 
/**
 * Until; none while it is.
 */
to: number | null, };

/**
 * Cases in quarantine.
 */
export type LetOff = { 
/**
 * `2 cases in quarantine, the last until 2026-12-01`.
 */
text: string, 
/**
 * Which, until when and why.
 */
detail: string, };

/**
 * What is live.
 */
export type LiveView = { 
/**
 * `pass` when it was read back, `unknown` when nobody knows, `running` while a release is open, `waiting`
 * when nothing is live.
 */
mark: Mark, 
/**
 * Which; none when nothing is, or nobody knows.
 */
version: VersionRef | null, 
/**
 * What stands in its place then: `Unknown: v10 or v12`, `Nothing is live`.
 */
text: string | null, 
/**
 * `Since 12 Nov 09:30, read back 12 s ago`, without the times: they stand in the next two.
 */
detail: string | null, 
/**
 * Since when it is live.
 */
since: number | null, 
/**
 * When it was read back last.
 */
read_at: number | null, 
/**
 * What "live" means here, so far.
 */
ladder: Array<Rung>, 
/**
 * What is said at its end: `no endpoint is given: nothing proves more`.
 */
ladder_note: string | null, };

/**
 * A shape with its colour: the one thing that says good or bad. The word stands beside it.
 */
export type Mark = "pass" | "fail" | "undecided" | "unknown" | "running" | "waiting" | "trouble" | "override" | "flaky" | "plain";

/**
 * What happened in an environment.
 */
export type MarkKind = "promoted" | "override" | "rolled_back" | "moved_outside";

/**
 * A declared rate beside the measured one.
 */
export type MeasuredRate = { 
/**
 * Of which criterion; none for the whole gate.
 */
criterion: string | null, 
/**
 * Which of the two.
 */
of: RateOf, 
/**
 * As declared; none where nothing is.
 */
declared: number | null, 
/**
 * Share of the versions that erred so.
 */
measured: number, 
/**
 * Clopper–Pearson interval at 95 %, lower end.
 */
low: number, 
/**
 * Upper end.
 */
high: number, 
/**
 * Versions that erred so.
 */
found: number, 
/**
 * Versions simulated.
 */
versions: number, 
/**
 * Passed when the rate was kept, failed when the simulation contradicts it, plain where none is declared.
 */
mark: Mark, 
/**
 * In words, such as `blocked 4.2 in 100 good versions (3.4 to 5.2); declared: at most 5`.
 */
text: string, };

/**
 * An amount of money.
 */
export type Money = { 
/**
 * Millionths of the currency's unit.
 */
micros: number, 
/**
 * ISO 4217, upper case.
 */
currency: string, };

/**
 * A named scorer's word on a whole conversation.
 */
export type NamedScore = { 
/**
 * As the spec calls it.
 */
name: string, 
/**
 * From 0 to 1; none when it could not judge.
 */
score: number | null, 
/**
 * Whether the score reaches the threshold, and why.
 */
check: Check, };

/**
 * What a person must state.
 */
export type Needs = "nothing" | "override" | "bootstrap" | "impossible";

/**
 * A short statement with its shape, inside the panel that it is about.
 */
export type Note = { 
/**
 * Its shape and colour.
 */
mark: Mark, 
/**
 * One sentence.
 */
text: string, 
/**
 * What may be done about it.
 */
way: Step | null, };

/**
 * No arguments, or no result.
 */
export type Nothing = Record<symbol, never>;

/**
 * What a gate says.
 */
export type Outcome = "pass" | "fail" | "inconclusive";

/**
 * What a person picked.
 */
export type Picked = { 
/**
 * Absolute; none when nothing was picked.
 */
path: string | null, };

/**
 * What a run would ask.
 */
export type PlanArgs = { 
/**
 * Which spec.
 */
spec: string, 
/**
 * Another text for the spec's file, not saved; the saved one when none.
 */
text: string | null, };

/**
 * What a version of some quality takes.
 */
export type PlanLine = { 
/**
 * `Perfect version`, `At the target`, `At 85 %, hardest`, `Never more than`.
 */
label: string, 
/**
 * How many.
 */
calls: number, 
/**
 * Whether that is a mean.
 */
about: boolean, 
/**
 * None without a price.
 */
cost: Money | null, 
/**
 * None while nothing is known of the agent's latency.
 */
time_ms: number | null, };

/**
 * A line of the plan with where it is written.
 */
export type PlanNote = { 
/**
 * What is said.
 */
note: Note, 
/**
 * What it is about.
 */
place: FileLine | null, };

/**
 * What a run of a spec would ask, before it asks.
 */
export type PlanView = { 
/**
 * Which spec.
 */
spec: string, 
/**
 * Why there is no plan, such as mistakes in the file; none when there is one.
 */
missing: string | null, 
/**
 * Cases that are asked.
 */
cases: number, 
/**
 * In the order of the gate.
 */
criteria: Array<PlannedCriterion>, 
/**
 * What the whole gate would ask of versions that differ in quality: perfect, at the target, hardest, never more.
 */
totals: Array<PlanLine>, 
/**
 * `2,000 calls, $5.00, 30 min`.
 */
budget: string, 
/**
 * Why the budget cannot reach the plan's end; none when it can.
 */
underfunded: string | null, 
/**
 * Answers of this stream that are there already.
 */
reused: number, 
/**
 * Calls that a run would ask now, at most.
 */
asks_max: number, 
/**
 * What the author should know: filled-in defaults, what a rescored verdict means, what to confirm.
 */
notes: Array<PlanNote>, };

/**
 * What one criterion would ask.
 */
export type PlannedCriterion = { 
/**
 * Its name.
 */
name: string, 
/**
 * Whether the gate depends on it.
 */
blocking: boolean, 
/**
 * `pass rate: target 90 %, floor 80 %`.
 */
rule: string, 
/**
 * `Tells 90 % from 80 %.`
 */
tells: string, 
/**
 * What that promises, one or two sentences.
 */
promise: string, 
/**
 * Good; none for a criterion without one.
 */
target: number | null, 
/**
 * Bad; none for a criterion without one.
 */
floor: number | null, 
/**
 * Calls that it takes to know, over the true rate; empty where there is no such curve.
 */
curve: Array<CurvePoint>, 
/**
 * Calls, cost and time for versions that differ in quality.
 */
lines: Array<PlanLine>, };

/**
 * What an act would do, before it is confirmed.
 */
export type Preview = { 
/**
 * Where.
 */
environment: string, 
/**
 * `Roll production back to v10?`
 */
question: string, 
/**
 * `It was live from 9 to 12 Nov. No verdict is asked for.`
 */
detail: string, 
/**
 * What is live now.
 */
from: VersionRef | null, 
/**
 * What would be live.
 */
to: VersionRef, 
/**
 * What the act does not turn back. May be empty.
 */
not_reverted: Array<string>, 
/**
 * `1.1 s, last measured on 9 Nov`.
 */
takes: string, 
/**
 * Further facts with their names, such as how often this lets a bad version through.
 */
facts: Array<Figure>, 
/**
 * Why it is refused, one line each; empty when it is granted.
 */
refusals: Array<string>, 
/**
 * What a person must state to do it all the same.
 */
needs: Needs, 
/**
 * The change of the spec that makes it pass; empty when it does not.
 */
spec_diff: Array<DiffLine>, 
/**
 * What was seen live: handed back with the act, which is refused as stale when that has changed.
 */
seen: string, };

/**
 * Calls, time and money of a run.
 */
export type Progress = { 
/**
 * Calls sent, each slot once.
 */
asked: number, 
/**
 * Calls that the gates heard.
 */
heard: number, 
/**
 * Calls at most.
 */
asked_max: number, 
/**
 * Fewest calls at which it may stop; none while unknown.
 */
likely_low: number | null, 
/**
 * Most calls at which it will likely stop; none while unknown.
 */
likely_high: number | null, 
/**
 * In words: `Likely done between 150 and 230: the rest is saved`.
 */
likely: string | null, 
/**
 * Calls repeated after trouble of the network.
 */
retried: number, 
/**
 * So far, in milliseconds.
 */
elapsed_ms: number, 
/**
 * At least, in milliseconds; none while unknown.
 */
left_low_ms: number | null, 
/**
 * At most, in milliseconds; none while unknown.
 */
left_high_ms: number | null, 
/**
 * So far; none without a price.
 */
cost: Money | null, 
/**
 * Likely at most; none without a price.
 */
cost_likely: Money | null, 
/**
 * The budget; none without one.
 */
cost_max: Money | null, 
/**
 * Calls in flight.
 */
in_flight: number, 
/**
 * Calls in flight at most.
 */
concurrency: number, };

/**
 * Makes a version live.
 */
export type PromoteArgs = { 
/**
 * Where.
 */
environment: string, 
/**
 * Which version.
 */
version: string, 
/**
 * A person's word, where the preview needs one.
 */
word: Word | null, 
/**
 * [`Preview::seen`].
 */
seen: string, };

/**
 * Asks what a promotion would do.
 */
export type PromotePreviewArgs = { 
/**
 * Where.
 */
environment: string, 
/**
 * Which version; the candidate when none.
 */
version: string | null, };

/**
 * A fact that is not part of the identity.
 */
export type ProvenanceLine = { 
/**
 * `endpoint`, `commit`, `branch`, …
 */
name: string, 
/**
 * Its value.
 */
value: string, };

/**
 * Which error a rate is about.
 */
export type RateOf = "wrongly_blocked" | "wrongly_passed";

/**
 * A workspace opened before.
 */
export type Recent = { 
/**
 * Absolute.
 */
path: string, 
/**
 * With `~` for the home folder.
 */
path_shown: string, 
/**
 * As its file said.
 */
name: string, 
/**
 * When it was opened last.
 */
opened_at: number, 
/**
 * Whether the folder is still there.
 */
present: boolean, 
/**
 * What is known of its newest version, such as `v14 may ship`; asks for trust where it is missing.
 */
note: Note | null, };

/**
 * Workspaces opened before, the newest first.
 */
export type Recents = { 
/**
 * At most 20.
 */
recents: Array<Recent>, };

/**
 * A release, as lists show it.
 */
export type ReleaseHead = { 
/**
 * Which.
 */
release: string, 
/**
 * Where.
 */
environment: string, 
/**
 * What kind of act.
 */
kind: ReleaseKind, 
/**
 * How far.
 */
state: ReleaseState, 
/**
 * Its shape.
 */
mark: Mark, 
/**
 * `v12 promoted over v10`, `v10 back, v11 out: smoke failed`.
 */
sentence: string, 
/**
 * What was live.
 */
from: VersionRef | null, 
/**
 * What was to be live.
 */
to: VersionRef, 
/**
 * When it was decided.
 */
at: number, 
/**
 * Who, as stated.
 */
by: string, 
/**
 * The reason of an override; none without one.
 */
reason: string | null, 
/**
 * What "live" means so far.
 */
ladder: Array<Rung>, 
/**
 * Measured.
 */
times: ReleaseTimes, };

/**
 * What kind of act.
 */
export type ReleaseKind = "promotion" | "rollback" | "rehearsal";

/**
 * How far a release is.
 */
export type ReleaseState = "intent" | "staged" | "switching" | "switched" | "observing" | "live" | "not_applied" | "unknown" | "conflict" | "superseded";

/**
 * Times of a release from the click, in microseconds; none for what was not seen.
 */
export type ReleaseTimes = { 
/**
 * The adapter acknowledged the switch.
 */
acknowledged_us: number | null, 
/**
 * First new answer.
 */
first_new_us: number | null, 
/**
 * Last old answer.
 */
last_old_us: number | null, 
/**
 * Verified.
 */
verified_us: number | null, };

/**
 * Sets the damaged history aside, whole, and goes on from what was shown.
 */
export type RestoreArgs = { 
/**
 * [`Damage::path`].
 */
path: string, 
/**
 * [`Damage::seen`]: another backup than the one that was shown is refused as stale.
 */
seen: string, };

/**
 * What was done.
 */
export type Restored = { 
/**
 * The workspace, opened.
 */
workspace: Workspace, 
/**
 * Where the damaged history lies now, below the workspace's folder.
 */
set_aside: string, };

/**
 * Makes an earlier version live again.
 */
export type RollbackArgs = { 
/**
 * Where.
 */
environment: string, 
/**
 * Which version.
 */
to: string, 
/**
 * [`Preview::seen`].
 */
seen: string, };

/**
 * Asks what a rollback would do.
 */
export type RollbackPreviewArgs = { 
/**
 * Where.
 */
environment: string, 
/**
 * Which version; what was live before when none.
 */
to: string | null, };

/**
 * One case asked once.
 */
export type Row = { 
/**
 * Its trial.
 */
trial: number, 
/**
 * Of which spec.
 */
spec: string, 
/**
 * Which case.
 */
case: string, 
/**
 * Which round, from 1.
 */
round: number, 
/**
 * How far, and what came of it.
 */
state: RowState, 
/**
 * In [0, 1]; none until it is judged.
 */
score: number | null, 
/**
 * Of the last try, in milliseconds.
 */
latency_ms: number | null, 
/**
 * None without a price.
 */
cost: Money | null, 
/**
 * The beginning of what was answered, or what went wrong.
 */
excerpt: string, 
/**
 * Whether that is the tools that it calls, where it says nothing.
 */
calls: boolean, };

/**
 * How many rows each filter shows.
 */
export type RowCounts = { 
/**
 * Of the version that is judged.
 */
all: number, 
/**
 * Not passed.
 */
failed: number, 
/**
 * The agent erred.
 */
agent_errors: number, 
/**
 * No answer.
 */
missing: number, 
/**
 * Of the live version.
 */
baseline: number, };

/**
 * Which rows.
 */
export type RowFilter = "all" | "failed" | "agent_errors" | "missing" | "baseline";

/**
 * How far a trial is, and what came of it.
 */
export type RowState = "asking" | "judging" | "passed" | "failed" | "agent_error" | "missing" | "not_judged";

/**
 * A page of rows, the newest first.
 */
export type Rows = { 
/**
 * Rows that the filter shows.
 */
total: number, 
/**
 * Rows before the first of this page.
 */
offset: number, 
/**
 * The page.
 */
rows: Array<Row>, };

/**
 * A run.
 */
export type Run = { 
/**
 * Which.
 */
run: string, 
/**
 * How far.
 */
phase: RunPhase, 
/**
 * `Running refunds on v14: 3 of 6 criteria decided`.
 */
sentence: string, 
/**
 * `Beside v12, live in production. Prospective, attempt 1 of 2. Asked 24 of 24 cases.`
 */
detail: string, 
/**
 * What is asked.
 */
version: VersionRef, 
/**
 * Where, without credentials.
 */
address: string, 
/**
 * When it began.
 */
started_at: number, 
/**
 * When it ended.
 */
ended_at: number | null, 
/**
 * Calls, time, money.
 */
progress: Progress, 
/**
 * Where a person should know that the run waits: `Throttled (429), again in 2 s`, `Offline`. None when it
 * goes as it should.
 */
trouble: string | null, 
/**
 * One for each spec, in the order asked.
 */
specs: Array<RunSpec>, 
/**
 * How many rows each filter shows.
 */
rows: RowCounts, 
/**
 * Every address that was spoken to.
 */
egress: Array<string>, };

/**
 * The run in progress, for the status bar.
 */
export type RunHead = { 
/**
 * Which.
 */
run: string, 
/**
 * Calls so far.
 */
asked: number, 
/**
 * Calls at most.
 */
asked_max: number, 
/**
 * At least this long, in milliseconds; none while unknown.
 */
left_low_ms: number | null, 
/**
 * At most this long, in milliseconds; none while unknown.
 */
left_high_ms: number | null, 
/**
 * So far; none without a price.
 */
cost: Money | null, };

/**
 * How far a run or a spec within it is.
 */
export type RunPhase = "preparing" | "running" | "stopping" | "ended" | "waiting";

/**
 * A run by its id.
 */
export type RunRef = { 
/**
 * Which.
 */
run: string, };

/**
 * A page of rows.
 */
export type RunRowsArgs = { 
/**
 * Which run.
 */
run: string, 
/**
 * Which rows.
 */
filter: RowFilter, 
/**
 * Rows before the page, the newest first.
 */
offset: number, 
/**
 * Rows of the page, at most [`PAGE_ROWS_MAX`].
 */
limit: number, };

/**
 * A spec within a run.
 */
export type RunSpec = { 
/**
 * Its name.
 */
spec: string, 
/**
 * How far.
 */
phase: RunPhase, 
/**
 * Whether its verdict can grant a promotion.
 */
standing: Standing, 
/**
 * From 1.
 */
attempt: number, 
/**
 * In the order of the gate.
 */
criteria: Array<CriterionView>, 
/**
 * What was heard so far.
 */
counts: Counts, 
/**
 * Cases heard at least once.
 */
cases_asked: number, 
/**
 * Cases of the spec.
 */
cases_total: number, 
/**
 * Its verdict, once given.
 */
verdict: string | null, 
/**
 * What the verdict says.
 */
outcome: Outcome | null, };

/**
 * Begins a run.
 */
export type RunStartArgs = { 
/**
 * Which specs; all of the agent when empty.
 */
specs: Array<string>, 
/**
 * Whether a new attempt begins, where the last one has ended.
 */
new_attempt: boolean, };

/**
 * A run, if there is one.
 */
export type RunState = { 
/**
 * None before the first.
 */
run: Run | null, };

/**
 * Asks for a run.
 */
export type RunStateArgs = { 
/**
 * Which; the newest when none.
 */
run: string | null, };

/**
 * A rung of the ladder: pointer, served, healthy, smoke.
 */
export type Rung = { 
/**
 * Its name.
 */
name: string, 
/**
 * `pass` reached, `running`, `waiting` not reached, `unknown`, `fail`.
 */
mark: Mark, 
/**
 * Beside the name, such as `11 of 18`.
 */
note: string | null, };

/**
 * A metric of both.
 */
export type ScoreComparison = { 
/**
 * Of which criterion.
 */
criterion: string, 
/**
 * Of the one before.
 */
before: string, 
/**
 * Of the one after.
 */
after: string, 
/**
 * `+0.14`, with sign.
 */
difference: string, 
/**
 * `pass` better, `fail` worse, `plain` within noise.
 */
mark: Mark, };

/**
 * Begins a self-test.
 */
export type SelfTestArgs = { 
/**
 * Which spec.
 */
spec: string, 
/**
 * Another text for the spec's file, not saved; the saved one when none.
 */
text: string | null, 
/**
 * Whether answers are made up by an assumed shape though recorded ones could be used.
 */
assumed: boolean, };

/**
 * A self-test of this process.
 */
export type SelfTestRef = { 
/**
 * Which.
 */
selftest: string, };

/**
 * How far a self-test is.
 */
export type SelfTestState = { 
/**
 * Which.
 */
selftest: string, 
/**
 * Of which spec.
 */
spec: string, 
/**
 * Versions simulated so far.
 */
done: number, 
/**
 * Versions to be simulated.
 */
total: number, 
/**
 * Whether it is over: found, stopped or broken off.
 */
ended: boolean, 
/**
 * Why it found nothing; none while it goes on, and when it found something.
 */
missing: string | null, 
/**
 * What it found, once it is over.
 */
view: SelfTestView | null, };

/**
 * What a self-test found.
 */
export type SelfTestView = { 
/**
 * In one sentence.
 */
headline: string, 
/**
 * Its shape: passed when every declared rate was kept and nothing went unseen.
 */
mark: Mark, 
/**
 * Versions simulated of each kind.
 */
versions: number, 
/**
 * Where the answers come from, one sentence.
 */
source: string, 
/**
 * Whether their shape was assumed instead of recorded.
 */
assumed: boolean, 
/**
 * What the simulated endpoint does to answers, one sentence.
 */
weather: string, 
/**
 * Declared rates beside those measured: of the gate first, then of each criterion.
 */
rates: Array<MeasuredRate>, 
/**
 * The kinds of version: the good one first, then mutants.
 */
kinds: Array<SimulatedKind>, 
/**
 * What the gate lets through more often than it declares; empty when there is nothing.
 */
unseen: Array<Unseen>, 
/**
 * What else there is to know.
 */
notes: Array<Note>, 
/**
 * How long it took, in milliseconds.
 */
took_ms: number, };

/**
 * Reads what is live and settles what was left open.
 */
export type SettleArgs = { 
/**
 * Where; everywhere when none.
 */
environment: string | null, };

/**
 * How bad a finding is.
 */
export type Severity = "error" | "warning" | "note";

/**
 * What became of one kind of version.
 */
export type SimulatedKind = { 
/**
 * Stable name: `good`, `floor`, `uniform`, `whole_cases`, `tag`, `flaky`, `lenient`, `critical`.
 */
kind: string, 
/**
 * `Good`, `One tag broken: gift`.
 */
label: string, 
/**
 * What such a version does, one sentence.
 */
detail: string, 
/**
 * Whether it ought to pass.
 */
good: boolean, 
/**
 * Versions that passed; of mutants the survivors.
 */
passed: number, 
/**
 * Versions that failed.
 */
failed: number, 
/**
 * Versions that stayed undecided.
 */
undecided: number, 
/**
 * Versions simulated.
 */
versions: number, 
/**
 * `61 in 100 pass`.
 */
passes: string, 
/**
 * Its shape: passed where the gate does what it ought to, failed where it does not.
 */
mark: Mark, 
/**
 * Calls heard, on average.
 */
heard_mean: number, 
/**
 * Calls heard by all but 5 in 100.
 */
heard_p95: number, 
/**
 * Calls asked, on average.
 */
asked_mean: number, 
/**
 * Calls asked by all but 5 in 100.
 */
asked_p95: number, };

/**
 * A file as read.
 */
export type Source = { 
/**
 * Below the workspace.
 */
file: string, 
/**
 * What it is.
 */
kind: FileKind, 
/**
 * Its text, lines ended by LF.
 */
text: string, 
/**
 * Digest of the bytes on disk: handed back when saving, so that nobody's edit is lost.
 */
digest: string, 
/**
 * Why it cannot be saved; none when it can.
 */
read_only: string | null, 
/**
 * What is wrong with it.
 */
diagnostics: Array<Diagnostic>, 
/**
 * Scores beside its lines.
 */
gutter: Array<GutterMark>, 
/**
 * Whose scores they are, such as `v14`; none without any.
 */
gutter_of: string | null, };

/**
 * The spec began to mean something else.
 */
export type SpecChange = { 
/**
 * When.
 */
at: number, 
/**
 * What changed, a few words.
 */
text: string, };

/**
 * Checks a text that is not saved.
 */
export type SpecCheckArgs = { 
/**
 * The file that it would be saved to.
 */
file: string, 
/**
 * The whole text.
 */
text: string, };

/**
 * What a change did in one spec.
 */
export type SpecComparison = { 
/**
 * Which.
 */
spec: string, 
/**
 * Each metric.
 */
scores: Array<ScoreComparison>, 
/**
 * Cases that differ, the worst first.
 */
cases: Array<CaseComparison>, 
/**
 * Cases that do not differ.
 */
steady: number, };

/**
 * A spec.
 */
export type SpecHead = { 
/**
 * Its name.
 */
spec: string, 
/**
 * Below the workspace.
 */
file: string, 
/**
 * The agent that it is about.
 */
agent: string, 
/**
 * For people.
 */
description: string | null, 
/**
 * Cases, dataset rows included.
 */
cases: number, 
/**
 * What its gate said last of the present version, in its present meaning.
 */
verdict: SpecVerdict | null, };

/**
 * Saves a file.
 */
export type SpecSaveArgs = { 
/**
 * Below the workspace.
 */
file: string, 
/**
 * The whole text.
 */
text: string, 
/**
 * [`Source::digest`] of the text that was edited: another one on disk is refused as stale.
 */
digest: string, };

/**
 * Opens a file.
 */
export type SpecSourceArgs = { 
/**
 * Below the workspace.
 */
file: string, };

/**
 * The files that a person edits.
 */
export type SpecTree = { 
/**
 * Specs in the order of their files.
 */
specs: Array<SpecHead>, 
/**
 * Every file that may be opened: the workspace file, spec files, and what they name.
 */
files: Array<FileHead>, 
/**
 * How long reading took, in milliseconds.
 */
read_ms: number, };

/**
 * What a gate said last, for a tree.
 */
export type SpecVerdict = { 
/**
 * Which.
 */
verdict: string, 
/**
 * What.
 */
outcome: Outcome, 
/**
 * Whether it can grant a promotion.
 */
standing: Standing, };

/**
 * Whether the plan was recorded before the first answer that a verdict counts.
 */
export type Standing = "prospective" | "rescored";

/**
 * Every environment, and what happened in them.
 */
export type Status = { 
/**
 * `v12 is live in production; v14 may follow it`.
 */
sentence: string, 
/**
 * One sentence more.
 */
detail: string, 
/**
 * In the order of the file.
 */
environments: Array<Lane>, 
/**
 * The newest first, at most 200.
 */
history: Array<ReleaseHead>, };

/**
 * Something to do next: words, price and where it leads.
 */
export type Step = { 
/**
 * Verb and object, such as `Confirm with fresh answers`.
 */
label: string, 
/**
 * What it costs or means, one sentence.
 */
detail: string | null, 
/**
 * Where it leads.
 */
to: Way, 
/**
 * Why it cannot be done now; none when it can.
 */
disabled: string | null, };

/**
 * A stretch of text, in UTF-16 code units.
 */
export type TextRange = { 
/**
 * First.
 */
from: number, 
/**
 * One past the last.
 */
to: number, };

/**
 * A metric over versions, oldest first.
 */
export type Timeline = { 
/**
 * Of which spec.
 */
spec: string, 
/**
 * Every spec that has a timeline.
 */
specs: Array<string>, 
/**
 * Of which criterion.
 */
criterion: string, 
/**
 * Every criterion of the spec that has a timeline.
 */
criteria: Array<string>, 
/**
 * `Pass rate of refunds`.
 */
title: string, 
/**
 * `complete rounds; below 203 calls: stopped early`.
 */
detail: string, 
/**
 * Good, in the present spec.
 */
target: number | null, 
/**
 * Bad, in the present spec.
 */
floor: number | null, 
/**
 * Oldest first.
 */
points: Array<TimelinePoint>, 
/**
 * Where the spec's meaning changed: scores on both sides are not compared.
 */
spec_changes: Array<SpecChange>, 
/**
 * What happened in the environments.
 */
marks: Array<TimelineMark>, 
/**
 * What was live where.
 */
lanes: Array<TimelineLane>, };

/**
 * Asks for a metric over versions.
 */
export type TimelineArgs = { 
/**
 * Of which spec; of the first when none.
 */
spec: string | null, 
/**
 * The criterion whose metric is shown; the first of the gate when none.
 */
criterion: string | null, };

/**
 * What was live in an environment.
 */
export type TimelineLane = { 
/**
 * Where.
 */
environment: string, 
/**
 * Oldest first.
 */
spans: Array<LaneSpan>, };

/**
 * Something that happened in an environment.
 */
export type TimelineMark = { 
/**
 * When.
 */
at: number, 
/**
 * Where.
 */
environment: string, 
/**
 * What.
 */
kind: MarkKind, 
/**
 * Which version it made live.
 */
version: VersionRef, 
/**
 * One sentence.
 */
text: string, };

/**
 * A version's value.
 */
export type TimelinePoint = { 
/**
 * Which version.
 */
version: VersionRef, 
/**
 * When its verdict was given, or its last answer heard.
 */
at: number, 
/**
 * Mean over complete rounds; none without one complete round.
 */
value: number | null, 
/**
 * Lower bound.
 */
low: number | null, 
/**
 * Upper bound.
 */
high: number | null, 
/**
 * `72 of 89`.
 */
value_text: string, 
/**
 * Calls heard.
 */
calls: number, 
/**
 * Calls heard at most.
 */
calls_max: number, 
/**
 * Whether it stopped early.
 */
stopped_early: boolean, 
/**
 * What the gate said.
 */
outcome: Outcome, 
/**
 * Whether that can grant a promotion.
 */
standing: Standing, 
/**
 * Which verdict; none when there is none yet.
 */
verdict: string | null, 
/**
 * One sentence for the card.
 */
note: string, 
/**
 * Which meaning of the spec: points of different meanings are not joined.
 */
meaning: number, 
/**
 * Whether the served identity changed while it was asked.
 */
identity_changed: boolean, };

/**
 * An answer to be labelled.
 */
export type ToLabel = { 
/**
 * Which trial.
 */
trial: number, 
/**
 * Which case.
 */
case: string, 
/**
 * Which turn, from 0.
 */
turn: number, };

/**
 * Asks for one trial.
 */
export type TrialArgs = { 
/**
 * Which.
 */
trial: number, };

/**
 * What the opened folder asks for.
 */
export type Trust = { 
/**
 * The digest of the list: what a person trusts.
 */
digest: string, 
/**
 * `onboarding-guide would run 3 programs, reach 3 addresses and use 2 secrets`.
 */
sentence: string, 
/**
 * Where it stands: trusted, new, changed since.
 */
detail: string, 
/**
 * Whether all of it is trusted already.
 */
trusted: boolean, 
/**
 * Programs first, then addresses, then secrets.
 */
items: Array<TrustItem>, 
/**
 * What is said beside the list, such as that its history is shown and not believed.
 */
notes: Array<Note>, 
/**
 * How a script gives the same trust.
 */
command: string, };

/**
 * Trusts a list as shown.
 */
export type TrustGiveArgs = { 
/**
 * [`Trust::digest`] as it was shown: another list is refused as stale.
 */
digest: string, };

/**
 * One thing that the folder asks for.
 */
export type TrustItem = { 
/**
 * Its place in the list, stable while the digest is.
 */
id: number, 
/**
 * Of which sort.
 */
sort: TrustSort, 
/**
 * Before it: the program's digest, the kind of network, the header.
 */
lead: string, 
/**
 * The argument vector as one line, the origin, or secret → origin or program.
 */
what: string, 
/**
 * By whom and to what end.
 */
purpose: string, 
/**
 * Where it is written.
 */
place: FileLine | null, 
/**
 * Against what was trusted before.
 */
change: Change, 
/**
 * What changed in it, or the text of it, where there is one.
 */
diff: Array<DiffLine>, 
/**
 * What trusting it means, one or two sentences.
 */
explanation: string, };

/**
 * Sorts of things that a folder asks for.
 */
export type TrustSort = "program" | "address" | "secret";

/**
 * Whether a folder may act.
 */
export type TrustState = { 
/**
 * Whether everything that it asks for is trusted.
 */
trusted: boolean, 
/**
 * In words for the status bar: `Trusted folder`, `Not trusted: runs nothing, reaches nothing, uses no key`.
 */
text: string, };

/**
 * A kind of fault that the gate does not see.
 */
export type Unseen = { 
/**
 * `One tag broken: gift`.
 */
what: string, 
/**
 * In words, such as `This gate cannot see one broken tag: gift, 61 in 100 pass.`
 */
text: string, 
/**
 * What to do about it, one sentence each.
 */
advice: Array<string>, 
/**
 * Lines for the spec's gate that would see it; none where no line would.
 */
add: string | null, 
/**
 * Where they would go.
 */
place: FileLine | null, };

/**
 * A verdict with its evidence.
 */
export type Verdict = { 
/**
 * What is known without it.
 */
head: VerdictHead, 
/**
 * The second line: what broke, cases asked, calls heard of calls asked, missing, cost.
 */
detail: string, 
/**
 * The version that it was compared with.
 */
baseline: VersionRef | null, 
/**
 * Where it was asked, without credentials.
 */
address: string, 
/**
 * Attempts that the environments allow; none without a limit.
 */
attempts_max: number | null, 
/**
 * What stands above the evidence: rescored, tuned on these answers; withdrawn; the spec changed since.
 */
notes: Array<Note>, 
/**
 * In the order of the gate.
 */
criteria: Array<CriterionView>, 
/**
 * What the numbers promise, with its conditions; the only sentence that says so.
 */
promise: string, 
/**
 * What many candidates since the live one do to the chance; none for a single candidate.
 */
tried: string | null, 
/**
 * What was heard.
 */
counts: Counts, 
/**
 * Calls sent.
 */
asked: number, 
/**
 * None without a price.
 */
cost: Money | null, 
/**
 * Cases heard at least once.
 */
cases_asked: number, 
/**
 * Cases of the spec.
 */
cases_total: number, 
/**
 * Cases that did not pass every time.
 */
cases_failed: number, 
/**
 * Worst first: newly broken, broken, flaky, not answered, passed.
 */
cases: Array<CaseResult>, 
/**
 * What to do next, the best first.
 */
next: Array<Step>, };

/**
 * Asks for a verdict.
 */
export type VerdictArgs = { 
/**
 * Which; the newest of [`Self::spec`] when none.
 */
verdict: string | null, 
/**
 * Of which spec; the newest of all when none.
 */
spec: string | null, };

/**
 * A verdict without its evidence.
 */
export type VerdictHead = { 
/**
 * Which.
 */
verdict: string, 
/**
 * Of which spec.
 */
spec: string, 
/**
 * Of which version.
 */
version: VersionRef, 
/**
 * What it says.
 */
outcome: Outcome, 
/**
 * Whether it can grant a promotion.
 */
standing: Standing, 
/**
 * From 1.
 */
attempt: number, 
/**
 * When it was given.
 */
at: number, 
/**
 * The headline.
 */
sentence: string, 
/**
 * The later verdict that contradicts it.
 */
withdrawn_by: string | null, };

/**
 * A verdict, if there is one.
 */
export type VerdictState = { 
/**
 * None before the first.
 */
verdict: Verdict | null, };

/**
 * Verdicts, the newest first.
 */
export type Verdicts = { 
/**
 * Their heads.
 */
verdicts: Array<VerdictHead>, };

/**
 * Which verdicts, the newest first.
 */
export type VerdictsArgs = { 
/**
 * Of one spec; of all when none.
 */
spec: string | null, 
/**
 * Of one version; of all when none.
 */
version: string | null, 
/**
 * At most this many, and at most 200.
 */
limit: number, };

/**
 * Whether the history holds.
 */
export type Verified = { 
/**
 * Whether all of it does.
 */
holds: boolean, 
/**
 * Records read.
 */
records: number, 
/**
 * `148 records hold`, or which one is the first that does not.
 */
sentence: string, };

/**
 * Asks for a version.
 */
export type VersionArgs = { 
/**
 * Which.
 */
version: string, };

/**
 * A version with what is known of it.
 */
export type VersionHead = { 
/**
 * Which.
 */
version: VersionRef, 
/**
 * Of which agent.
 */
agent: string, 
/**
 * When it was sealed.
 */
seen_at: number, 
/**
 * Components that differ from the version before, such as `prompt`.
 */
changed: Array<string>, 
/**
 * The newest verdict of each spec.
 */
verdicts: Array<VersionVerdict>, 
/**
 * Environments where it is live.
 */
live_in: Array<string>, };

/**
 * A version as people meet it: the name they gave, the id nobody can fake.
 */
export type VersionRef = { 
/**
 * Whole digest, `sha256:…`.
 */
id: string, 
/**
 * The first 12 hexadecimal digits of it.
 */
short: string, 
/**
 * The name that a person gave, or the one given in order of sealing, such as `v14`.
 */
label: string | null, 
/**
 * How we know that it is what answered.
 */
grade: Grade, 
/**
 * Whether the working tree differed from its commit; none without git.
 */
dirty: boolean | null, };

/**
 * What a spec's gate said last of a version.
 */
export type VersionVerdict = { 
/**
 * Which spec.
 */
spec: string, 
/**
 * Which verdict.
 */
verdict: string, 
/**
 * What.
 */
outcome: Outcome, 
/**
 * Whether it can grant a promotion.
 */
standing: Standing, };

/**
 * A version in full.
 */
export type VersionView = { 
/**
 * What lists show of it.
 */
head: VersionHead, 
/**
 * The version that the changes are against: the one before it.
 */
against: VersionRef | null, 
/**
 * Each named part.
 */
components: Array<ComponentView>, 
/**
 * Facts that are not part of the identity: endpoint, commit, branch.
 */
provenance: Array<ProvenanceLine>, };

/**
 * A page of versions, the newest first.
 */
export type Versions = { 
/**
 * How many there are.
 */
total: number, 
/**
 * The page.
 */
versions: Array<VersionHead>, };

/**
 * Which versions, the newest first.
 */
export type VersionsArgs = { 
/**
 * Of which agent; of the workspace's when none.
 */
agent: string | null, 
/**
 * Versions before the page.
 */
offset: number, 
/**
 * At most this many, and at most 200.
 */
limit: number, };

/**
 * How changes of files are noticed.
 */
export type Watching = { 
/**
 * Whether the folder is read again and again because the system cannot watch it.
 */
polling: boolean, 
/**
 * For the status bar: `Watching 4 specs`, `Polling every 5 s`.
 */
text: string, };

/**
 * Where a step leads. The interface turns it into a screen or a command.
 */
export type Way = { "kind": "run", 
/**
 * Which specs; all when empty.
 */
specs: Array<string>, 
/**
 * Whether a new attempt begins.
 */
new_attempt: boolean, } | { "kind": "source", 
/**
 * Below the workspace, with `/`.
 */
file: string, 
/**
 * From 1.
 */
line: number | null, } | { "kind": "verdict", 
/**
 * Which.
 */
verdict: string, } | { "kind": "compare", 
/**
 * The version before.
 */
before: string, 
/**
 * The version after.
 */
after: string, } | { "kind": "releases", 
/**
 * Which; all when none.
 */
environment: string | null, } | { "kind": "settle", 
/**
 * Where.
 */
environment: string, } | { "kind": "trust" } | { "kind": "verify" };

/**
 * What was live before.
 */
export type WayBack = { 
/**
 * Which.
 */
version: VersionRef, 
/**
 * Whether its content is intact and the target says that it can switch now.
 */
mark: Mark, 
/**
 * `Ready`, or why not, one sentence.
 */
text: string, 
/**
 * When that was checked.
 */
checked_at: number | null, 
/**
 * Why it cannot be tried now; none when it can. A release whose outcome is unknown never stands here: a
 * rollback takes over from it.
 */
blocked: string | null, };

/**
 * A signed head of the log beyond a backup.
 */
export type WitnessView = { 
/**
 * The entry that it saw.
 */
entry: number, 
/**
 * When.
 */
at: number, 
/**
 * How many there are beyond the backup.
 */
heads: number, };

/**
 * A person's word, as stated. It is shown for ever after.
 */
export type Word = { 
/**
 * Who.
 */
by: string, 
/**
 * Why.
 */
reason: string, };

/**
 * What the frame of every screen and the home screen show.
 */
export type Workspace = { 
/**
 * As its file says.
 */
name: string, 
/**
 * Absolute.
 */
path: string, 
/**
 * With `~` for the home folder.
 */
path_shown: string, 
/**
 * Whether the demo agent answers here.
 */
demo: boolean, 
/**
 * Whether it may run, reach and use keys.
 */
trust: TrustState, 
/**
 * Why nothing can be written; none when it can.
 */
read_only: string | null, 
/**
 * How changes of files are noticed.
 */
watching: Watching, 
/**
 * The agent to be judged; none while the workspace file has errors.
 */
agent: AgentHead | null, 
/**
 * The run in progress.
 */
running: RunHead | null, 
/**
 * End of the last run.
 */
last_run_at: number | null, 
/**
 * In the order of the file.
 */
environments: Array<EnvironmentHead>, 
/**
 * What is well and what needs a person, the latter first.
 */
health: Array<HealthItem>, 
/**
 * Figures about this workspace, such as overrides within 30 days. May be empty.
 */
figures: Array<Figure>, 
/**
 * Errors in the workspace file or the spec files.
 */
errors: number, };

/**
 * Opens a folder.
 */
export type WorkspaceOpenArgs = { 
/**
 * Absolute path of a folder with a `gatewright.yaml`.
 */
path: string, };

/**
 * The opened workspace, if any.
 */
export type WorkspaceState = { 
/**
 * None before a folder is opened.
 */
workspace: Workspace | null, 
/**
 * The folder that was to be opened last, where its history is damaged.
 */
damaged: Damage | null, };

/** Every command with its types. */
export interface Commands {
  /** Which program this is. */
  about: { args: Nothing; result: About };
  /** Opens a folder with a `gatewright.yaml`, in place of the one that is open. */
  workspace_open: { args: WorkspaceOpenArgs; result: Workspace };
  /** The opened workspace, if any. */
  workspace_state: { args: Nothing; result: WorkspaceState };
  /** Goes on from the last backup of a damaged history, or anew without one, and opens the folder. The damaged one is */
  /** set aside, whole. */
  restore: { args: RestoreArgs; result: Restored };
  /** Opens the sample: a copy of it is made the first time. */
  sample_open: { args: Nothing; result: Workspace };
  /** Workspaces opened before. */
  recent: { args: Nothing; result: Recents };
  /** Lets a person pick a folder. */
  pick_folder: { args: Nothing; result: Picked };
  /** What the folder would run, reach and send. */
  trust_preview: { args: Nothing; result: Trust };
  /** Trusts that list. */
  trust_give: { args: TrustGiveArgs; result: Workspace };
  /** Checks log, signatures and objects. */
  verify: { args: Nothing; result: Verified };
  /** The files that a person edits. */
  specs: { args: Nothing; result: SpecTree };
  /** One of them. */
  spec_source: { args: SpecSourceArgs; result: Source };
  /** Saves it. */
  spec_save: { args: SpecSaveArgs; result: Source };
  /** What is wrong with a text that is not saved. */
  spec_check: { args: SpecCheckArgs; result: Checked };
  /** What a run would ask. */
  plan: { args: PlanArgs; result: PlanView };
  /** Begins a self-test of a gate, in place of the one that is going on; answers at once. */
  selftest_start: { args: SelfTestArgs; result: SelfTestState };
  /** Stops a self-test. */
  selftest_cancel: { args: SelfTestRef; result: Nothing };
  /** How far a self-test is, and what it found. */
  selftest_state: { args: SelfTestRef; result: SelfTestState };
  /** What the gate would have said of past versions. */
  backtest: { args: BacktestArgs; result: BacktestView };
  /** Begins a run; answers once it is recorded. */
  run_start: { args: RunStartArgs; result: RunRef };
  /** Stops a run; what is recorded stays, and the next run goes on. */
  run_cancel: { args: RunRef; result: Nothing };
  /** How far a run is. */
  run_state: { args: RunStateArgs; result: RunState };
  /** Its answers, by page. */
  run_rows: { args: RunRowsArgs; result: Rows };
  /** One answer in full. */
  trial: { args: TrialArgs; result: Answer };
  /** Verdicts, the newest first. */
  verdicts: { args: VerdictsArgs; result: Verdicts };
  /** One verdict in full. */
  verdict: { args: VerdictArgs; result: VerdictState };
  /** The answers of one of its cases. */
  case_answers: { args: CaseAnswersArgs; result: CaseAnswers };
  /** How far its scorers agree with what people say of the same answers. */
  agreements: { args: AgreementsArgs; result: Agreements };
  /** Notes what a person says of a scorer's word on an answer. */
  label: { args: LabelArgs; result: Agreements };
  /** Versions, the newest first. */
  versions: { args: VersionsArgs; result: Versions };
  /** One version in full. */
  version: { args: VersionArgs; result: VersionView };
  /** A metric over versions. */
  timeline: { args: TimelineArgs; result: Timeline };
  /** Cases over versions. */
  heat_map: { args: HeatMapArgs; result: HeatMap };
  /** What differs between two versions, and what that did. */
  compare: { args: CompareArgs; result: Comparison };
  /** Every environment, and what happened in them. */
  status: { args: Nothing; result: Status };
  /** What a promotion would do. */
  promote_preview: { args: PromotePreviewArgs; result: Preview };
  /** Makes a version live; answers once the release has ended or its outcome is unknown. */
  promote: { args: PromoteArgs; result: ReleaseHead };
  /** What a rollback would do. */
  rollback_preview: { args: RollbackPreviewArgs; result: Preview };
  /** Makes an earlier version live again; answers as `promote` does. */
  rollback: { args: RollbackArgs; result: ReleaseHead };
  /** Reads what is live, and settles what was left open. */
  settle: { args: SettleArgs; result: Status };
}
