//! What was typed and what was said, as one text for a snapshot: whatever differs from run to run is left out.

use std::fmt::Write as _;

use insta::Settings;

use crate::world::{Said, World};

/// What differs from run to run, and what stands in its place. Numbers of the statistics are among it: how many
/// answers a gate hears is the business of its own tests.
const FILTERS: [(&str, &str); 27] = [
    (r"[0-9a-f]{64}", "[digest]"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
    (r"\b[0-9a-f]{12}\b", "[id]"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[time]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
    // Documents of runs.
    (r#""(value|low|high|bound|method|reason)": ".*""#, r#""$1": "…""#),
    (r#""(trials|passed|heard|heard_max|scored|failed|reused|asked|retried)": \d+"#, r#""$1": [n]"#),
    (r#""sentence": "(Passed|Blocked|Undecided)\b.*""#, r#""sentence": "$1…""#),
    (r#""duration_ms": \d+"#, r#""duration_ms": [n]"#),
    (r#""amount": "[\d.]+""#, r#""amount": "[n]""#),
    (r#""(acknowledged|first_new|last_old|verified)": [\d.]+"#, r#""$1": [n]"#),
    // Runs as text.
    (r"  (Passed|Blocked|Undecided)\b.*", "  $1…"),
    (r"(met|undecided) {2,}(\S+( \(not blocking\))?) {2,}.*heard  .*", "$1  $2  [what was heard]"),
    (r"\d+ calls.*, [\d.]+ s", "[n] calls, [n] s"),
    (r"\d\.\d\d \(\d\.\d\d to \d\.\d\d\)", "[n] ([n] to [n])"),
    (r"\d+/\d+ → \d+/\d+", "[n]/[n] → [n]/[n]"),
    (r#""(before|after)": \[\s+\d+,\s+\d+\s+\]"#, r#""$1": [n]"#),
    (r" +\d+/\d+  ", "      [n]/[n]  "),
    // Releases and evidence.
    (r"  (acknowledged|verified) after .*", "  [times]"),
    (r"\d+ log entries, \d+ signatures and \d+ objects", "[n] log entries, [n] signatures and [n] objects"),
    (r#""(events|signatures|objects)": \d+"#, r#""$1": [n]"#),
    (r"history-\d+-\d+\.db", "history-[n].db"),
    (r#""bytes": \d+"#, r#""bytes": [n]"#),
    // Tables, once their cells have other widths.
    (r"(\S) {3,}", "$1  "),
    (r" +\n", "\n"),
    (r"process \d+", "process [n]"),
];

/// A conversation with the command line.
pub struct Transcript<'a> {
    world: &'a World,
    text: String,
}

impl<'a> Transcript<'a> {
    /// Nothing said yet.
    #[must_use]
    pub fn of(world: &'a World) -> Self {
        Self { world, text: String::new() }
    }

    /// Calls the command line and notes what it says.
    pub fn say(&mut self, words: &[&str]) -> Said {
        let said = self.world.run(words);
        let line = words
            .iter()
            .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() });
        let line: Vec<String> = line.collect();
        let _ = writeln!(self.text, "$ gatewright {}", line.join(" "));
        self.text.push_str(&said.out);
        for line in said.err.lines() {
            let _ = writeln!(self.text, "! {line}");
        }
        let _ = writeln!(
            self.text,
            "= {}\n",
            said.code.map_or_else(|| "killed".to_owned(), |code| code.to_string())
        );
        said
    }

    /// The text, without the names of this world's folders.
    #[must_use]
    pub fn text(&self) -> String {
        let (root, home) = (self.world.root().display().to_string(), self.world.home().display().to_string());
        self.text.replace(&root, "[workspace]").replace(&home, "[home]")
    }

    /// How it is compared with a snapshot.
    #[must_use]
    pub fn settings() -> Settings {
        let mut settings = Settings::clone_current();
        for (pattern, instead) in FILTERS {
            settings.add_filter(pattern, instead);
        }
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        settings
    }
}
