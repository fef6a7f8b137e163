//! The one list of commands that every host serves: the app, the command line, the test host.

pub mod document;
