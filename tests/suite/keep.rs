//! What a workspace does not keep for ever: requests and responses as sent. All that a verdict rests on stays.

use std::{path::Path, sync::Arc, time::Duration};

use gatewright_core::time::Millis;
use gatewright_engine::{
    clock::{Clock, SystemClock},
    supervisor::{Engine, Open, TrustWord, user::UserFolder},
};
use gatewright_tests::shop::{BETTER, Shop};

/// The machine's clock, two days from now.
#[derive(Default)]
struct Later(SystemClock);

impl Clock for Later {
    fn now(&self) -> Millis {
        Millis(self.0.now().0 + 2 * 24 * 60 * 60 * 1000)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// How many bodies a user drops, two days from now.
fn drop_later(shop: &Shop, user: &Path) -> u64 {
    let engine = Engine::open(Open {
        root: shop.world.root().to_owned(),
        user: UserFolder::at(user),
        clock: Arc::new(Later::default()),
        demo: None,
        host: "test".to_owned(),
        trust: TrustWord::None,
    })
    .expect("the history opens");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(engine.drop_old_bodies()).expect("dropped")
}

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
    let home = world.home();
    assert_eq!(drop_later(&shop, &home), 0, "without a word they are kept");
    let short = "keep: { bodies: 23h }\nagent: desk\ncases";
    world.edit("gatewright.yaml", "agent: desk\ncases", short);
    assert!(world.run(&["check"]).ends(3).out.contains("write `1d` or more"));
    assert_eq!(drop_later(&shop, &home), 0, "a mistake in the file drops nothing");
    world.edit("gatewright.yaml", "23h", "1d");
    world.write("prompt.md", BETTER);
    world.run(&["run", "--label", "better"]).ends(0);
    let (kept, dropped) = bodies(&shop);
    assert!(kept > 0 && dropped == 0, "none is a day old: {kept}, {dropped}");
    let stranger = tempfile::tempdir().expect("a folder");
    assert_eq!(drop_later(&shop, stranger.path()), 0, "the folder is not trusted");

    assert!(drop_later(&shop, &home) > 0);
    assert_eq!(bodies(&shop).0, 0, "each is older than a day now");
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
