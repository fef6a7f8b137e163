//! What `keep` drops: old bodies of requests and responses, and nothing else.

use std::fs;

use gatewright_core::{
    id::{BlobId, Digest, RunId},
    observation::TrialId,
    plan::StreamKey,
    time::{Millis, Seq},
};

use super::{answered, open, slot, stream};
use crate::{
    event::Happened,
    store::{Durability, Folder, Store, Write},
};

/// Records an answer with this request and this response.
fn exchange(store: &Store, key: &StreamKey, round: u32, request: &str, raw: &str) -> TrialId {
    let (key, mut end) = (key.clone(), answered(&format!("answer {round}"), true));
    end.observations[0].request = request.as_bytes().to_vec();
    end.observations[0].raw = raw.as_bytes().to_vec();
    let recorded = store.write_blocking(Durability::Normal, move |write| {
        let trial = write.release_slots(&key, &[slot("a", round)])?[0].id;
        write.end_trial(trial, &end).map(|_| trial)
    });
    recorded.expect("recorded")
}

fn logged(store: &Store) -> Seq {
    store
        .write_blocking(Durability::Normal, |write| {
            write.append(Happened::RunStarted { run: RunId(1) }).map(|event| event.seq)
        })
        .expect("logged")
}

fn drop_until(store: &Store, until: Seq) -> usize {
    let mut count = 0;
    loop {
        let dropped = store.write_blocking(Durability::Full, move |write| write.drop_bodies(until, 2));
        let dropped = dropped.expect("dropped");
        assert!(dropped <= 2);
        if dropped == 0 {
            break;
        }
        count += dropped;
    }
    remove(store);
    count
}

fn remove(store: &Store) {
    let mut last = None;
    loop {
        let remove = store.write_blocking(Durability::Normal, move |write| write.remove_dropped(last, 1));
        last = remove.expect("removed");
        if last.is_none() {
            return;
        }
    }
}

fn body(store: &Store, text: &str) -> Option<Vec<u8>> {
    store.read(|read| read.blob(BlobId(Digest::of_bytes(text.as_bytes())))).expect("read")
}

#[test]
fn old_bodies_go_and_answers_scores_and_what_newer_ones_share_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let large = "long ".repeat(20_000);
    let trial = exchange(&store, &key, 0, "the prompt", "old");
    exchange(&store, &key, 1, "the prompt of one", &large);
    exchange(&store, &key, 2, "the prompt of two", "answer 2");
    let until = logged(&store);
    exchange(&store, &key, 3, "the prompt", "new");
    let object = store.objects().path(BlobId(Digest::of_bytes(large.as_bytes())));
    assert!(object.exists());
    let before = store.read(|read| read.scores_of(&key)).expect("scores");

    assert_eq!(
        drop_until(&store, until),
        4,
        "`old`, the large one, and two prompts that nothing newer names"
    );
    assert_eq!((body(&store, "old"), body(&store, &large), object.exists()), (None, None, false));
    assert_eq!(body(&store, "the prompt of one"), None);
    assert!(body(&store, "the prompt").is_some(), "a newer request is the same");
    assert!(body(&store, "answer 2").is_some(), "what a response said is an answer too");
    assert!(body(&store, "new").is_some());
    store
        .read(|read| {
            let observation = &read.observations(trial)?[0];
            assert_eq!(observation.reply.text, "answer 0");
            assert_eq!(observation.raw, BlobId(Digest::of_bytes(b"old")), "what it was can still be proved");
            assert_eq!(read.answer(trial)?.as_deref(), Some("answer 0"));
            assert_eq!(read.scores_of(&key)?, before);
            assert!(read.state()?.is_well());
            Ok(())
        })
        .expect("whole");

    exchange(&store, &key, 4, "the prompt of one", &large);
    assert_eq!(body(&store, &large), Some(large.clone().into_bytes()), "kept again when it comes again");
    assert!(body(&store, "the prompt of one").is_some());
}

#[test]
fn a_file_that_was_kept_again_before_it_was_removed_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let large = "long ".repeat(20_000);
    exchange(&store, &key, 0, "q", &large);
    let until = logged(&store);
    store.write_blocking(Durability::Full, move |write| write.drop_bodies(until, 9)).expect("dropped");
    assert_eq!(body(&store, &large), None, "dropped, whether its file is there or not");
    exchange(&store, &key, 1, "q", &large);
    remove(&store);
    assert_eq!(body(&store, &large), Some(large.into_bytes()));
}

#[test]
fn what_was_dropped_and_not_removed_is_removed_later_and_one_that_resists_keeps_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let large: Vec<String> = ["a ", "b ", "c "].iter().map(|word| word.repeat(50_000)).collect();
    let files: Vec<_> = {
        let store = open(folder.path());
        let key = stream(&store, "be kind");
        for (round, body) in (0..).zip(&large) {
            exchange(&store, &key, round, "q", body);
        }
        let until = logged(&store);
        let dropped = store.write_blocking(Durability::Full, move |write| write.drop_bodies(until, 9));
        assert_eq!(dropped.expect("dropped"), 4);
        large.iter().map(|body| store.objects().path(BlobId(Digest::of_bytes(body.as_bytes())))).collect()
    };
    assert!(files.iter().all(|file| file.exists()), "it broke off before they were removed");
    // One was removed, and that was lost with the power; one cannot be removed: a folder stands in its place.
    fs::remove_file(&files[0]).expect("removed");
    fs::remove_file(&files[1]).expect("removed");
    fs::create_dir(&files[1]).expect("made");
    let store = open(folder.path());
    assert!(store.read(|read| read.state()).expect("checked").is_well(), "nothing needs them");
    remove(&store);
    assert_eq!(files.iter().map(|file| file.exists()).collect::<Vec<_>>(), [false, true, false]);
    fs::remove_dir(&files[1]).expect("removed");
    fs::write(&files[1], &large[1]).expect("back");
    remove(&store);
    assert!(!files[1].exists(), "it was not forgotten");
    let left = store.read(|read| {
        Ok(read.connection.query_row("SELECT count(*) FROM object", [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.expect("counted"), 0);
}

#[test]
fn a_backup_goes_on_without_the_bodies_that_were_dropped_after_it_was_made() {
    let (folder, restored) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let large: Vec<String> = ["old ", "new "].iter().map(|word| word.repeat(30_000)).collect();
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    exchange(&store, &key, 0, "q", &large[0]);
    let until = logged(&store);
    exchange(&store, &key, 1, "q", &large[1]);
    store.write_blocking(Durability::Full, |write| write.pin_object(b"a sealed prompt")).expect("pinned");
    let files = Folder::of(restored.path());
    fs::create_dir_all(files.root()).expect("made");
    store.back_up(&files.database()).expect("a backup");
    drop_until(&store, until);

    // It lies beside the files of the one that it takes the place of.
    fs::rename(store.folder().objects(), files.objects()).expect("moved");
    let restored = open(restored.path());
    let damaged = || restored.read(|read| read.state()).expect("checked").damaged_objects;
    assert_eq!(damaged(), [BlobId(Digest::of_bytes(large[0].as_bytes()))]);
    let objects = restored.objects().clone();
    let forget = move |write: &Write<'_>| write.forget_bodies_gone_from(&objects);
    assert_eq!(restored.write_blocking(Durability::Full, forget).expect("forgotten"), 1);
    assert_eq!(damaged(), []);
    assert_eq!((body(&restored, &large[0]), body(&restored, &large[1]).is_some()), (None, true));
    // What is sealed is never taken for dropped.
    let sealed = BlobId(Digest::of_bytes(b"a sealed prompt"));
    fs::remove_file(restored.objects().path(sealed)).expect("lost");
    let objects = restored.objects().clone();
    let forget = move |write: &Write<'_>| write.forget_bodies_gone_from(&objects);
    assert_eq!(restored.write_blocking(Durability::Full, forget).expect("looked"), 0);
    assert_eq!(damaged(), [sealed]);
}

#[test]
fn how_far_a_time_reaches_is_told_by_the_log_and_by_a_clock_set_back_never_too_far() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let before = |time: i64| store.read(|read| read.written_before(Millis(time))).expect("read");
    assert_eq!(before(i64::MAX), None, "nothing was written");
    let (first, second) = (logged(&store), logged(&store));
    let times = store.read(|read| read.log(Seq(0), 9)).expect("the log");
    assert_eq!(before(times[0].at.0), None);
    assert_eq!(before(times[1].at.0), Some(first));
    assert_eq!(before(i64::MAX), Some(second));
    // Another process, whose clock is years behind.
    store
        .write_blocking(Durability::Normal, |write| {
            let entry = "INSERT INTO event SELECT seq + 100, kind, 1, body, prev, hash FROM event LIMIT 1";
            write.connection.execute(entry, []).map_err(Into::into)
        })
        .expect("written");
    assert_eq!(before(times[1].at.0), Some(first));
}
