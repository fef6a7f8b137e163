//! What the app was started with. Three forms, so no parser of ours is needed beyond this.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// How to start the app.
const HELP: &str = "\
Gatewright decides whether a version of an AI agent may go live.

Usage: gatewright-app [FOLDER | --sample]

  FOLDER      a workspace to open
  --sample    open the sample workspace with its built-in demo agent
  --version   say which version this is
  --help      say this

Everything the app does, the command line `gatewright` does too.";

/// What the window is to show first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Opening {
    /// Nothing in particular: the person chooses.
    Home,
    /// The sample workspace.
    Sample,
    /// A workspace's folder.
    Folder {
        /// Where it is; absolute.
        path: PathBuf,
    },
}

/// What a start asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A window.
    Show(Opening),
    /// A text, and no window.
    Tell(String),
    /// Something nobody understands; the text says why.
    Nonsense(String),
}

/// Reads the arguments after the program's name. A relative folder is one below `current`.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>, current: Option<&Path>) -> Asked {
    let mut arguments = arguments.into_iter();
    let Some(first) = arguments.next() else { return Asked::Show(Opening::Home) };
    if let Some(second) = arguments.next() {
        return nonsense(&format!("`{}` is one argument too many.", second.display()));
    }
    match first.to_str() {
        Some("--help" | "-h") => Asked::Tell(HELP.to_owned()),
        Some("--version" | "-V") => Asked::Tell(format!("Gatewright {}", env!("CARGO_PKG_VERSION"))),
        Some("--sample") => Asked::Show(Opening::Sample),
        Some(option) if option.starts_with('-') => nonsense(&format!("There is no option `{option}`.")),
        _ => {
            let folder = PathBuf::from(first);
            let path = current.map_or_else(|| folder.clone(), |current| current.join(&folder));
            Asked::Show(Opening::Folder { path })
        }
    }
}

fn nonsense(why: &str) -> Asked {
    Asked::Nonsense(format!("{why} `gatewright-app --help` lists what there is."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Asked {
        parse(arguments.iter().map(OsString::from), Some(Path::new("/desk")))
    }

    #[test]
    fn nothing_asked_shows_home() {
        assert_eq!(asked(&[]), Asked::Show(Opening::Home));
    }

    #[test]
    fn a_folder_is_taken_from_where_the_person_stands() {
        let shown = |path: &str| Asked::Show(Opening::Folder { path: path.into() });
        assert_eq!(asked(&["bot"]), shown("/desk/bot"));
        assert_eq!(asked(&["/elsewhere"]), shown("/elsewhere"));
    }

    #[test]
    fn the_sample_is_asked_for_by_name() {
        assert_eq!(asked(&["--sample"]), Asked::Show(Opening::Sample));
    }

    #[test]
    fn what_nobody_understands_is_refused_and_help_is_named() {
        for arguments in [&["--smaple"][..], &["one", "two"]] {
            let Asked::Nonsense(why) = asked(arguments) else { panic!("{arguments:?} was understood") };
            assert!(why.contains("--help"), "{why}");
        }
    }

    #[test]
    fn the_version_is_that_of_the_package() {
        assert_eq!(asked(&["--version"]), Asked::Tell(format!("Gatewright {}", env!("CARGO_PKG_VERSION"))));
    }
}
