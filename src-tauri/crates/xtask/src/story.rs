//! The sample's story, told by the command line itself: six versions of an agent, a bad one blocked, a good one
//! promoted, a bad one forced through, and the way back.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    place,
    say::say,
    step::{Failure, Steps, minutes},
};

/// What a command may end with.
type Codes = &'static [i32];

const DONE: Codes = &[0];
const BLOCKED: Codes = &[1];
const JUDGED: Codes = &[0, 1];
const REFUSED: Codes = &[6];

/// The sample's versions in order, with what the gates must say of each.
const VERSIONS: [(&str, &str, Codes); 6] = [
    ("1-first-try", "A first try", BLOCKED),
    ("2-better", "A better prompt", JUDGED),
    ("3-open", "One that tells everything to everybody", BLOCKED),
    ("4-creative", "One that is right only most of the time", JUDGED),
    ("5-thrifty", "A short prompt: cheaper, and slower", JUDGED),
    ("6-fixed", "All mistakes mended", DONE),
];

struct Story<'a> {
    steps: &'a mut Steps,
    folder: PathBuf,
    home: PathBuf,
}

/// Plays the story in a fresh copy of the sample, below the build folder.
pub(crate) fn play(steps: &mut Steps) -> Result<(), Failure> {
    let stage = place::built("gatewright").with_file_name("story");
    let unusable = |error: std::io::Error| Failure::new(format!("{}: {error}.", stage.display()));
    if stage.exists() {
        fs::remove_dir_all(&stage).map_err(unusable)?;
    }
    fs::create_dir_all(&stage).map_err(unusable)?;
    let mut story = Story { steps, folder: stage.join("help-desk"), home: stage.join("home") };
    story.tell()?;
    say!("\nThat was the whole way. The workspace lies in {}.", story.folder.display());
    Ok(())
}

impl Story<'_> {
    fn tell(&mut self) -> Result<(), Failure> {
        let folder = self.folder.display().to_string();
        self.outside("A workspace with a demo agent: no key, no network", &["init", &folder, "--sample"])?;
        self.inside("Its specs are well", &["check"], DONE)?;
        for (name, what, codes) in VERSIONS {
            self.take(name)?;
            self.inside(&format!("{what}: asked, judged, sealed"), &["run", "--label", name], codes)?;
        }
        self.inside("Scores over versions", &["versions"], DONE)?;
        self.inside("What changed from the first to the last", &["compare", "1-first-try", "6-fixed"], DONE)?;
        self.inside("The bad one may not go live", &["promote", "production", "3-open", "--yes"], REFUSED)?;
        self.inside("The good one may", &["promote", "production", "6-fixed", "--yes"], DONE)?;
        let word = ["--override", "to show the way back", "--by", "The demo"];
        let forced = [&["promote", "production", "3-open", "--yes"][..], &word].concat();
        self.inside("The bad one by a person's word, marked for ever after", &forced, DONE)?;
        self.inside("So it stands", &["status"], DONE)?;
        self.inside("The way back", &["rollback", "production", "--yes"], DONE)?;
        self.inside(
            "What is live answers as the good one",
            &["run", "--version", "6-fixed", "--at", "production"],
            DONE,
        )?;
        self.inside("So it stands now", &["status"], DONE)?;
        self.inside("The log, the signatures and the sealed content hold", &["verify"], DONE)
    }

    /// Puts the prompt of a version in force.
    fn take(&self, version: &str) -> Result<(), Failure> {
        let from = self.folder.join(format!("prompts/versions/{version}.md"));
        let to = self.folder.join("prompts/system.md");
        let copied = fs::copy(&from, to).map(|_| ());
        copied.map_err(|error| Failure::new(format!("{}: {error}.", from.display())))
    }

    fn outside(&mut self, what: &str, words: &[&str]) -> Result<(), Failure> {
        let mut command = self.command(words);
        self.steps.run(what, minutes(2), &mut command)
    }

    fn inside(&mut self, what: &str, words: &[&str], codes: Codes) -> Result<(), Failure> {
        let mut command = self.command(words);
        command.current_dir(&self.folder);
        self.steps.run_to(what, minutes(2), &mut command, codes)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(place::built("gatewright"));
        command.args(words).env("GATEWRIGHT_HOME", &self.home);
        command
    }
}
