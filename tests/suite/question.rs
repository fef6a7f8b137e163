//! What is asked on a terminal before something changes, and leaving instead of answering.

use gatewright_tests::{
    shop::{BAD, Shop},
    terminal::OnTerminal,
};

/// Ctrl+C where `words` ask `question`: it ends at once, and nothing was done.
fn leave(shop: &Shop, words: &[&str], question: &str) {
    let mut asked = OnTerminal::start(shop.world.command(words));
    asked.until_shown("[y/N]");
    let shown = asked.shown();
    for part in question.split('…') {
        assert!(shown.contains(part), "{words:?}: {shown}");
    }
    asked.interrupt();
    assert_eq!(asked.ends(), 130, "{words:?}");
}

#[test]
fn an_interrupt_leaves_every_question() {
    let shop = Shop::open();
    shop.world.run(&["run", "--label", "good"]).ends(0);
    leave(
        &shop,
        &["promote", "production"],
        "Let good (…) go live in production, where nothing was live yet?",
    );
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
    shop.world.write("prompt.md", BAD);
    shop.world.run(&["run", "--label", "bad"]).ends(1);
    let words = ["promote", "production", "--override", "a fair", "--by", "Ada", "--yes"];
    shop.world.run(&words).ends(0);
    leave(&shop, &["rollback", "production"], "Roll production back from bad (…) to good (…)?");
    leave(
        &shop,
        &["promote", "production", "good"],
        "Let good (…) go live in production, in place of bad (…)?",
    );
    let live = &shop.world.json(&["status"], 0)["environments"][0]["live"];
    assert_eq!(live["label"], "bad", "nobody said yes");
    shop.world.run(&["trust", "--revoke"]).ends(0);
    let asked = shop.agent.count();
    leave(&shop, &["trust"], "Trust this folder with all of it?");
    leave(&shop, &["run", "--new-attempt"], "Trust it with all of that?");
    assert_eq!(shop.agent.count(), asked, "nothing was asked");
    assert_eq!(shop.world.json(&["trust"], 6)["trusted"], false);
}
