//! Trust: a folder of somebody else runs nothing, reaches nothing and uses no key until a person says so.
//!
//! Trust is given for a path and the digest of everything that the folder would run, reach and use. When the list
//! changes, it is asked again. One function, [`Trust::may`], stands before every such act.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use gatewright_core::id::Digest;
use serde::{Deserialize, Serialize};

use super::user::{UserError, UserFolder};

const FILE: &str = "trust.json";

/// Something that a workspace would have done.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// A program is started.
    Run {
        /// Its argument vector.
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
    at_ms: i64,
}

/// What a person said of one folder and its present claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    claims: Claims,
    trusted: bool,
    before: Option<Claims>,
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
        Ok(Self { claims, trusted, before: given.map(|given| given.claims) })
    }

    /// Trust for this one call, by the caller's word.
    #[must_use]
    pub fn by_word(claims: Claims) -> Self {
        Self { claims, trusted: true, before: None }
    }

    /// Stores that the user trusts `path` with these claims.
    ///
    /// # Errors
    /// The user's folder cannot be written.
    pub fn give(user: &UserFolder, path: &Path, claims: Claims, at_ms: i64) -> Result<Self, UserError> {
        let mut all: Vec<Given> = user.read(FILE)?;
        all.retain(|given| given.path != path);
        all.push(Given { path: path.to_owned(), digest: claims.digest(), claims: claims.clone(), at_ms });
        user.write(FILE, &all)?;
        Ok(Self::by_word(claims))
    }

    /// Forgets that `path` was trusted. Whether it was.
    ///
    /// # Errors
    /// The user's folder cannot be written.
    pub fn revoke(user: &UserFolder, path: &Path) -> Result<bool, UserError> {
        let mut all: Vec<Given> = user.read(FILE)?;
        let count = all.len();
        all.retain(|given| given.path != path);
        user.write(FILE, &all)?;
        Ok(all.len() != count)
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
        self.before.as_ref()
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
        Trust::give(&user, here, one.clone(), 0).expect("given");
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
}
