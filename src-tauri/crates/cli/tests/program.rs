//! The program itself, as it is built. What it does is tried in the suites of `tests/`; that a test here starts it is
//! also why cargo builds it whenever the tests of the workspace are built.

use std::process::Command;

#[test]
fn the_program_says_its_name_and_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_gatewright")).arg("--version").output().expect("it starts");
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        concat!("gatewright ", env!("CARGO_PKG_VERSION"))
    );
}
