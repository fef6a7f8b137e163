//! All suites in one binary: it links once. Test names are sentences.

mod architecture;
mod sample;
mod schema;
mod tidy;
