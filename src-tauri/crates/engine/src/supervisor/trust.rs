//! Trust: a folder of somebody else runs nothing, reaches nothing and uses no key until a person says so.
//!
//! Trust is given for a path and the digest of everything that the folder would run, reach and use, the content of its
//! own programs included. When any of it changes, it is asked again; what was trusted is kept in the user's folder, so
//! that the question can show what changed. One function, [`Trust::may`], stands before every such act.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use gatewright_core::id::Digest;
use serde::{Deserialize, Serialize};

use super::user::{UserError, UserFolder};

const FILE: &str = "trust.json";

/// Bytes of a program whose text is kept with the trust in it, so that a change can be shown; of a longer one, and of
/// what is no text, the digest alone tells that it changed.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Texts of programs, by the digest of their bytes.
pub type Texts = BTreeMap<Digest, String>;

/// Something that a workspace would have done.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// A program is started.
    Run {
        /// Its argument vector.
        argv: Vec<String>,
    },
    /// A file of the folder is what a started program does.
    Program {
        /// Below the folder, as the argument vector names it.
        path: String,
        /// Of its bytes.
        digest: Digest,
    },
    /// A started program is given a variable of the user's environment.
    Give {
        /// As the workspace names it: `env:NAME`.
        secret: String,
        /// The argument vector of the program.
        argv: Vec<String>,
    },
    /// An address is spoken to.
    Reach {
        /// Scheme, host and port.
        origin: String,
    },
    /// A secret is sent to an address.
    Use {
        /// As the workspace names it: `env:NAME`, `file://…`.
        secret: String,
        /// Where it is sent.
        origin: String,
    },
    /// What is live in a folder is changed.
    Deploy {
        /// The folder, as the workspace names it.
        target: String,
    },
    /// Git is asked about the folder; its configuration there can name programs.
    Git,
}

/// Everything that a workspace would do.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(pub BTreeSet<Act>);

impl Claims {
    /// The digest of the list: trust is bound to it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_value("gatewright.trust", self).expect("texts have a canonical form")
    }

    /// What a program on the list is.
    fn program(&self, path: &str) -> Option<Digest> {
        self.0.iter().find_map(|act| match act {
            Act::Program { path: other, digest } if other == path => Some(*digest),
            _ => None,
        })
    }
}

/// How a thing that a folder asks for stands to what was trusted before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since<'a> {
    /// It was trusted.
    Same,
    /// A program that was trusted with another content.
    Changed {
        /// Of its bytes then.
        digest: Digest,
        /// Its text then, where that was kept.
        text: Option<&'a str>,
    },
    /// It was not asked for.
    New,
    /// It was trusted, and is not asked for any more.
    Gone,
}

/// The folder is not trusted with this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this folder is not trusted to {}: look at what it would do with `gatewright trust`, and trust it there", describe(.act))]
pub struct NotTrusted {
    /// What was refused.
    pub act: Act,
}

fn describe(act: &Act) -> String {
    match act {
        Act::Run { argv } => format!("run `{}`", argv.join(" ")),
        Act::Program { path, .. } => format!("run `{path}` as it is now"),
        Act::Give { secret, argv } => format!("give {secret} to `{}`", argv.join(" ")),
        Act::Reach { origin } => format!("reach {origin}"),
        Act::Use { secret, origin } => format!("send {secret} to {origin}"),
        Act::Deploy { target } => format!("change what is live in {target}"),
        Act::Git => "have git read its configuration".to_owned(),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Given {
    path: PathBuf,
    digest: Digest,
    claims: Claims,
    #[serde(default)]
    texts: Texts,
    at_ms: i64,
}

/// What a person said of one folder and its present claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    claims: Claims,
    trusted: bool,
    before: Option<(Claims, Texts)>,
}

impl Trust {
    /// Looks up what the user said of `path` with these claims.
    ///
    /// # Errors
    /// The user's folder cannot be read.
    pub fn look_up(user: &UserFolder, path: &Path, claims: Claims) -> Result<Self, UserError> {
        let all: Vec<Given> = user.read(FILE)?;
        let given = all.into_iter().find(|given| given.path == path);
        let trusted = given.as_ref().is_some_and(|given| given.digest == claims.digest());
        Ok(Self { claims, trusted, before: given.map(|given| (given.claims, given.texts)) })
    }

    /// Trust for this one call, by the caller's word.
    #[must_use]
    pub fn by_word(claims: Claims) -> Self {
        Self { claims, trusted: true, before: None }
    }

    /// Stores that the user trusts `path` with these claims, whose programs have these texts.
    ///
    /// # Errors
    /// The user's folder cannot be written.
    pub fn give(
        user: &UserFolder,
        path: &Path,
        claims: Claims,
        texts: Texts,
        at_ms: i64,
    ) -> Result<Self, UserError> {
        let (path, digest) = (path.to_owned(), claims.digest());
        let given = Given { path, digest, claims: claims.clone(), texts, at_ms };
        user.change(FILE, |all: &mut Vec<Given>| {
            all.retain(|other| other.path != given.path);
            all.push(given);
        })?;
        Ok(Self::by_word(claims))
    }

    /// Forgets that `path` was trusted. Whether it was.
    ///
    /// # Errors
    /// The user's folder cannot be written.
    pub fn revoke(user: &UserFolder, path: &Path) -> Result<bool, UserError> {
        user.change(FILE, |all: &mut Vec<Given>| {
            let count = all.len();
            all.retain(|given| given.path != path);
            all.len() != count
        })
    }

    /// Whether everything that the folder would do is trusted.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.trusted
    }

    /// Everything that the folder would do.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What was trusted before the list changed.
    #[must_use]
    pub fn before(&self) -> Option<&Claims> {
        self.before.as_ref().map(|(claims, _)| claims)
    }

    /// Each thing on the list, and each that was on it, with how it stands to what was trusted before.
    #[must_use]
    pub fn since(&self) -> Vec<(&Act, Since<'_>)> {
        let Some((before, texts)) = &self.before else {
            let since = if self.trusted { Since::Same } else { Since::New };
            return self.claims.0.iter().map(|act| (act, since)).collect();
        };
        let now = self.claims.0.iter().map(|act| {
            let since = match act {
                _ if before.0.contains(act) => Since::Same,
                Act::Program { path, .. } => before.program(path).map_or(Since::New, |digest| {
                    Since::Changed { digest, text: texts.get(&digest).map(String::as_str) }
                }),
                _ => Since::New,
            };
            (act, since)
        });
        let gone = before.0.difference(&self.claims.0).filter(|act| match act {
            // With another content it changed, and is not gone.
            Act::Program { path, .. } => self.claims.program(path).is_none(),
            _ => true,
        });
        now.chain(gone.map(|act| (act, Since::Gone))).collect()
    }

    /// The one function that grants execution of anything a workspace names.
    ///
    /// # Errors
    /// [`NotTrusted`] unless the folder is trusted and the act is one of its claims.
    pub fn may(&self, act: &Act) -> Result<(), NotTrusted> {
        if self.trusted && self.claims.0.contains(act) {
            Ok(())
        } else {
            Err(NotTrusted { act: act.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(origin: &str) -> Act {
        Act::Reach { origin: origin.to_owned() }
    }

    fn claims(origins: &[&str]) -> Claims {
        Claims(origins.iter().map(|origin| reach(origin)).collect())
    }

    #[test]
    fn trust_holds_for_one_path_and_one_list_and_can_be_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let user = UserFolder::at(folder.path());
        let (here, there) = (Path::new("/here"), Path::new("/there"));
        let one = claims(&["http://127.0.0.1:1"]);
        assert!(
            Trust::look_up(&user, here, one.clone())
                .expect("read")
                .may(&reach("http://127.0.0.1:1"))
                .is_err()
        );
        Trust::give(&user, here, one.clone(), Texts::new(), 0).expect("given");
        let trust = Trust::look_up(&user, here, one.clone()).expect("read");
        assert_eq!(trust.may(&reach("http://127.0.0.1:1")), Ok(()));
        let refused = trust.may(&reach("http://evil.example")).expect_err("not a claim");
        assert!(refused.to_string().contains("reach http://evil.example"), "{refused}");
        assert!(!Trust::look_up(&user, there, one.clone()).expect("read").is_given());
        let changed = Trust::look_up(&user, here, claims(&["http://127.0.0.1:2"])).expect("read");
        assert!(!changed.is_given());
        assert_eq!(changed.before(), Some(&one));
        assert!(Trust::revoke(&user, here).expect("revoked"));
        assert!(!Trust::look_up(&user, here, one).expect("read").is_given());
    }

    #[test]
    fn of_trust_given_and_taken_back_at_once_nothing_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let user = UserFolder::at(folder.path());
        let path = |kind: &str, number: u32| PathBuf::from(format!("/{kind}/{number}"));
        let give = |path: &Path| {
            Trust::give(&user, path, claims(&["http://127.0.0.1:1"]), Texts::new(), 0).expect("given");
        };
        (0..40).for_each(|number| give(&path("revoked", number)));
        std::thread::scope(|scope| {
            scope.spawn(|| (0..40).for_each(|number| give(&path("given", number))));
            scope.spawn(|| {
                for number in 0..40 {
                    assert!(Trust::revoke(&user, &path("revoked", number)).expect("revoked"));
                }
            });
        });
        let left: Vec<Given> = user.read(FILE).expect("read");
        let mut left: Vec<_> = left.into_iter().map(|given| given.path).collect();
        left.sort();
        let mut expected: Vec<_> = (0..40).map(|number| path("given", number)).collect();
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn a_program_that_changed_is_asked_again_and_what_it_was_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (user, here) = (UserFolder::at(folder.path()), Path::new("/here"));
        let program = |text: &str| {
            let digest = Digest::of_bytes(text.as_bytes());
            let argv = vec!["./bot".to_owned()];
            let acts = [Act::Run { argv }, Act::Program { path: "bot".to_owned(), digest }];
            (Claims(acts.into()), Texts::from([(digest, text.to_owned())]), digest)
        };
        let ((was, texts, before), (is, _, _)) = (program("echo one\n"), program("echo two\n"));
        Trust::give(&user, here, was.clone(), texts, 0).expect("given");
        assert!(Trust::look_up(&user, here, was.clone()).expect("read").is_given());
        let changed = Trust::look_up(&user, here, is.clone()).expect("read");
        assert!(!changed.is_given());
        assert!(
            changed.may(&Act::Run { argv: vec!["./bot".to_owned()] }).is_err(),
            "not even what is the same"
        );
        let since: Vec<_> = changed.since().into_iter().map(|(_, since)| since).collect();
        assert_eq!(since, [Since::Same, Since::Changed { digest: before, text: Some("echo one\n") }]);
        // Trust from before texts were kept still counts.
        let bare = r#"[{"path":"/here","digest":"DIGEST","claims":CLAIMS,"at_ms":0}]"#;
        let claims = serde_json::to_string(&was).expect("JSON");
        let bare = bare.replace("DIGEST", &was.digest().to_string()).replace("CLAIMS", &claims);
        std::fs::write(folder.path().join(FILE), bare).expect("written");
        assert!(Trust::look_up(&user, here, was.clone()).expect("read").is_given());
        let nothing = Trust::look_up(&user, here, Claims::default()).expect("read");
        assert_eq!(nothing.since(), was.0.iter().map(|act| (act, Since::Gone)).collect::<Vec<_>>());
        let without_text = Trust::look_up(&user, here, is).expect("read");
        assert_eq!(without_text.since()[1].1, Since::Changed { digest: before, text: None });
    }
}
