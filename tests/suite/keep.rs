//! What a workspace does not keep for ever: requests and responses as sent. All that a verdict rests on stays.

use gatewright_tests::shop::{BETTER, Shop};

/// Bodies that are still there, and those that are gone.
fn bodies(shop: &Shop) -> (i64, i64) {
    let database = shop.world.root().join(".gatewright/history.db");
    let connection = rusqlite::Connection::open(database).expect("opened");
    let count = "SELECT count(body_seq), count(*) - count(zstd) FROM blob";
    connection.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("counted")
}

#[test]
fn old_requests_and_responses_are_dropped_and_every_verdict_still_verifies_and_is_judged_anew() {
    let shop = Shop::open();
    let world = &shop.world;
    world.run(&["run", "--label", "good"]).ends(0);
    let (kept, dropped) = bodies(&shop);
    assert!(kept > 0 && dropped == 0, "without a word they are kept: {kept}, {dropped}");

    world.edit("gatewright.yaml", "agent: desk\ncases", "keep: { bodies: 1ms }\nagent: desk\ncases");
    world.write("prompt.md", BETTER);
    world.run(&["run", "--label", "better"]).ends(0);
    assert_eq!(bodies(&shop).0, 0, "each was older than a millisecond when the run was over");
    assert!(bodies(&shop).1 >= kept);
    world.run(&["verify"]).ends(0);
    world.run(&["doctor"]).ends(0);

    let asked = shop.agent.count();
    world.edit(
        "gatewright.yaml",
        "input: The cup arrived broken.\n    expect: { contains: refund }",
        "input: The cup arrived broken.\n    expect: { contains: get a refund }",
    );
    let run = world.json(&["run"], 0);
    assert_eq!(run["specs"][0]["standing"], "rescored", "{run:#}");
    assert_eq!(shop.agent.count(), asked, "the recorded answers are enough");
}
