//! Places that cannot be written, as things stand: refused with what to do, and looking goes on.

use std::fs;

use gatewright_tests::{
    shop::Shop,
    world::{Said, World},
};

/// Refused, in words that tell what to do, and not as a failure of the program.
#[track_caller]
fn assert_refused(said: Said) {
    let said = said.ends(6);
    assert!(said.err.contains(" help: "), "{said:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_workspace_that_cannot_be_written_is_looked_at_and_refuses_the_rest() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    let asked = shop.agent.count();
    let history = shop.world.root().join(".gatewright");
    fs::remove_dir_all(&history).expect("removed");
    // Nobody makes a file there, whoever asks.
    std::os::unix::fs::symlink("/sys/kernel", &history).expect("a link");
    for words in [&["status"][..], &["verify"], &["versions"], &["doctor"], &["check"], &["plan", "main"]] {
        shop.world.run(words).ends(0);
    }
    for words in [&["run"][..], &["promote", "production", "--yes"], &["rollback", "production", "--yes"]] {
        assert_refused(shop.world.run(words));
        assert_eq!(shop.world.json(words, 6)["format"], 1);
    }
    assert_eq!(shop.agent.count(), asked, "what could not be recorded is not asked");
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_folder_of_ones_own_nothing_is_signed_and_all_can_be_looked_at() {
    let shop = Shop::open();
    // Nobody makes a folder there, whoever asks.
    let nowhere = [("GATEWRIGHT_HOME", "/proc/nowhere")];
    for words in [&["status"][..], &["verify"], &["versions"], &["verdict"]] {
        let said = shop.world.run_with(words, &nowhere);
        assert!(matches!(said.code, Some(0 | 4)), "{said:?}");
    }
    for words in [&["run", "--trust"][..], &["trust", "--yes"], &["init", "another"]] {
        let said = shop.world.run_with(words, &nowhere);
        assert!(said.err.contains("GATEWRIGHT_HOME"), "{said:?}");
        assert_refused(said);
    }
    assert!(!shop.world.root().join("another").exists(), "nothing is half made");
}

#[test]
fn a_workspace_is_made_whole_or_not_at_all() {
    let world = World::empty();
    world.write("file", "");
    world.write("full/prompts", "");
    let long = "x".repeat(300);
    for words in [
        &["init", "file"][..],
        &["init", "file/below"],
        &["init", "/dev/null/below"],
        &["init", &long],
        &["init", "full", "--sample"],
    ] {
        assert_refused(world.run(words));
    }
    let left: Vec<_> = fs::read_dir(world.root().join("full")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
    world.run(&["init", "full"]).ends(0);
}
