//! Standard output when nobody takes what is written to it: a full disk is an error, a reader that left is none.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use gatewright_tests::shop::{BAD, BETTER, Shop};

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let shop = Shop::open();
    for words in [
        &["run"][..],
        &["explain", "--json"],
        &["versions"],
        &["status"],
        &["show", "nothing", "--json"],
        &["completions", "bash"],
    ] {
        let mut command = shop.world.command(words);
        let full = File::options().write(true).open("/dev/full").expect("a device that is full");
        let said = command.stdout(full).output().expect("it starts");
        let told = String::from_utf8_lossy(&said.stderr).into_owned();
        assert_eq!(said.status.code(), Some(70), "{words:?}: {told}");
        assert!(told.contains("the answer cannot be written to standard output"), "{words:?}: {told}");
    }
    assert_eq!(shop.world.json(&["verdict"], 0)["outcome"], "pass", "what was answered is kept");
}

#[test]
fn a_reader_that_had_enough_is_no_error() {
    let shop = Shop::open();
    let mut explained = shop.world.command(&["explain"]);
    let mut child = explained.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let said = child.wait_with_output().expect("it ends");
    assert_eq!((said.status.code(), said.stderr.len()), (Some(0), 0));
}

#[test]
fn nothing_is_asked_for_a_reader_that_left() {
    let shop = Shop::open();
    let text = shop.world.read("gatewright.yaml");
    shop.world.write("gatewright.yaml", &format!("on_save: run\n{text}"));
    let mut watch = shop.world.command(&["watch", "--json"]);
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(watch.stdout.take().expect("a pipe")).lines();
    let mut until = |what: &str| {
        let what = format!(r#""what":"{what}""#);
        assert!(lines.any(|line| line.expect("a line").contains(&what)), "{what}");
    };
    until("pass");
    shop.world.write("prompt.md", BAD);
    until("ran");
    let asked = shop.agent.count();
    assert!(asked > 0);
    drop(lines);
    shop.world.write("prompt.md", BETTER);
    assert_eq!(watch.wait().expect("it ends").code(), Some(0));
    assert_eq!(shop.agent.count(), asked, "nobody reads what would be asked");
}
