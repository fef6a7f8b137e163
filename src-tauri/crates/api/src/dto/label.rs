//! Labels by hand: what a person says of a scorer's word on an answer, and how far the two agree.

dto! {
    /// Asks how far the scorers of a verdict agree with people.
    pub struct AgreementsArgs {
        /// Of which verdict.
        pub verdict: String,
    }

    /// How far scorers agree with people over the answers of one run.
    pub struct Agreements {
        /// Judges first; of each kind in a fixed order.
        pub scorers: Vec<AgreementView>,
        /// Who labelled last, as stated; empty before the first label.
        pub by: String,
    }

    /// One scorer against people.
    pub struct AgreementView {
        /// Which.
        pub scorer: String,
        /// As the spec calls it, where it is a named one.
        pub name: Option<String>,
        /// `must not match`, `contains`, in words.
        pub rule: String,
        /// What with. May be empty.
        pub pattern: String,
        /// Whether it is a judge.
        pub judge: bool,
        /// Answers that a person called pass or fail.
        pub labelled: u32,
        /// Of those, in the random sample: only they say something of all answers.
        pub sampled: u32,
        /// Cohen's kappa of the sample; none while it says nothing.
        pub kappa: Option<f64>,
        /// Its standard error.
        pub kappa_error: Option<f64>,
        /// What the labels say, one sentence after the other.
        pub sentences: Vec<String>,
        /// The answer to be labelled next, drawn at random; none when all are.
        pub next: Option<ToLabel>,
    }

    /// An answer to be labelled.
    pub struct ToLabel {
        /// Which trial.
        pub trial: i64,
        /// Which case.
        pub case: String,
        /// Which turn, from 0.
        pub turn: u16,
    }

    /// What a person says of a scorer's word on an answer.
    pub struct LabelArgs {
        /// Of which verdict.
        pub verdict: String,
        /// Which trial.
        pub trial: i64,
        /// Which turn, from 0.
        pub turn: u16,
        /// Which scorer.
        pub scorer: String,
        /// What; none takes the last word back.
        pub word: Option<LabelWord>,
        /// Who, as stated.
        pub by: String,
    }

    /// A label as it stands.
    pub struct LabelView {
        /// What.
        pub word: LabelWord,
        /// Who, as stated.
        pub by: String,
    }
}

words! {
    /// A person's word.
    pub enum LabelWord {
        /// It passes.
        Pass,
        /// It fails.
        Fail,
        /// Nobody can say.
        Skip,
    }
}
