//! All suites in one binary: it links once. Test names are sentences.

mod against;
mod architecture;
mod backups;
mod cli;
mod faults;
mod keep;
mod place;
mod question;
mod reader;
mod replay;
mod sample;
mod schema;
mod servers;
mod status;
mod story;
mod tidy;
mod words;
