//! The light beside an environment.

use gatewright_core::{decision::WasLive, id::VersionId};

use super::support::{Fault, World, environment};
use crate::{
    deploy::{Readiness, ready},
    port::release::Journal as _,
};

async fn proof(world: &World, version: VersionId) -> WasLive {
    let lived = world.diary.lived(&environment(), version).await.expect("a journal");
    lived.and_then(|release| release.was_live()).expect("it was live")
}

async fn look(world: &World) -> Readiness {
    ready(&world.desk(), &proof(world, world.first).await).await
}

#[tokio::test]
async fn the_way_back_is_open_after_a_promotion() {
    let world = World::live().await;
    world.promote(world.second).await;
    let light = look(&world).await;
    assert!(light.is_ready(), "{light:?}");
    assert_eq!(light.target, world.first);
}

#[tokio::test]
async fn a_damaged_object_is_noticed_before_it_is_needed() {
    let world = World::live().await;
    world.promote(world.second).await;
    world.vault.damage(b"Be kind.");
    let light = look(&world).await;
    assert_eq!(light.content, Err("`prompt`: the sealed object is damaged".to_owned()));
    assert!(!light.is_ready() && light.switchable.is_ok());
}

#[tokio::test]
async fn a_release_that_vanished_from_the_target_is_noticed() {
    let world = World::live().await;
    world.promote(world.second).await;
    let home = world.root.path().join("releases").join(world.first.0.hex());
    std::fs::remove_file(home.join("files/prompt")).expect("a file to lose");
    let light = look(&world).await;
    assert!(light.switchable.as_ref().is_err_and(|why| why.contains("missing or damaged")), "{light:?}");
    std::fs::remove_dir_all(home).expect("a release to lose");
    let light = look(&world).await;
    assert!(light.switchable.as_ref().is_err_and(|why| why.contains("no longer at the target")), "{light:?}");
    assert!(!light.is_ready());
}

#[tokio::test]
async fn a_target_out_of_reach_is_noticed() {
    let world = World::live().await;
    world.promote(world.second).await;
    world.line.set(Fault::Unreachable);
    let light = look(&world).await;
    assert!(light.reachable.is_err() && light.switchable.is_err() && light.content.is_ok(), "{light:?}");
}
