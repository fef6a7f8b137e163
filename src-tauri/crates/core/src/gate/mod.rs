//! Gates: in which order slots are heard, when to stop, and what that says.
//!
//! Four functions do it. [`plan()`] turns a spec into a rule ([`plan_against`] one that compares with what is live); [`outlook()`] tells what the rule costs and what it can
//! tell apart, before it costs anything; [`next()`] says which slots to ask, given what was [`Seen`]; and
//! [`Hearing`] is the one place where slots are heard, in the order of their stream and nothing else. A file a
//! criterion holds how its boundary is made and how it is decided.
//!
//! Nothing here knows how an agent is asked or how an answer is scored, and nothing looks at a clock. What decides
//! is an integer; fractions are used to make boundaries and for what is shown.

mod baseline;
mod bets;
mod certificate;
mod compared;
mod facts;
pub(crate) mod finite;
mod hearing;
mod listener;
mod mean;
mod monitor;
mod never;
mod next;
mod outcome;
mod outlook;
mod paired;
mod plain;
mod planning;
mod rate;
mod saying;
pub mod words;

pub use baseline::Baseline;
pub use certificate::Certificate;
pub use compared::{ComparedBy, Comparison};
pub use facts::{Came, Heard, Measures, SlotFacts};
pub use hearing::Hearing;
pub use listener::Listener;
pub use monitor::{Noticed, Watch, WatchOutlook, WatchProblem, WatchState, Watched};
pub use next::{Seen, Spent, Step, next};
pub use outcome::{Counts, Outcome, Why};
pub use outlook::{
    Blocked, Calls, CriterionOutlook, GivenDeterminism, Outlook, Tells, Undecided, Underfunded, outlook,
    outlook_against,
};
pub(crate) use paired::differences;
pub use planning::{CALLS_MAX, PlanProblem, WINDOW_SLOTS_MAX, plan, plan_against};
