//! Real files, saved in every way that editors have; each test waits for what it expects, never for time to pass.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

use super::{Names, Noticed, Settings, Tree, Watcher, Watching, start};

/// What does not come within this time does not come.
const DEADLINE: Duration = Duration::from_secs(20);
/// Short, so that the tests are; the mechanism is the same.
const QUIET: Duration = Duration::from_millis(40);

struct World {
    folder: tempfile::TempDir,
    watcher: Watcher,
    noticed: UnboundedReceiver<Noticed>,
}

impl World {
    /// Watches `files`, and everything below `specs`.
    async fn new(only_poll: bool, files: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("specs")).expect("made");
        let (tell, noticed) = unbounded_channel();
        let settings = Settings { quiet: QUIET, poll: QUIET, only_poll };
        let watcher = start(folder.path(), settings, tell).expect("a thread");
        let mut world = Self { folder, watcher, noticed };
        let watching = world.next().await;
        assert_eq!(matches!(watching, Noticed::Watching(Watching::Polling { .. })), only_poll);
        for file in files {
            world.save(file, "before");
        }
        world.watcher.name(world.names(files)).await;
        world
    }

    fn names(&self, files: &[&str]) -> Names {
        let root = self.path("specs");
        Names {
            files: files.iter().map(|file| self.path(file)).collect(),
            trees: vec![Tree { root, takes: Arc::new(|_, _| true) }],
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn save(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// As vim saves: another file, put in the place of the first.
    fn save_by_rename(&self, file: &str, text: &str) {
        let beside = self.path(&format!("{file}.swp~"));
        fs::write(&beside, text).expect("written");
        fs::rename(&beside, self.path(file)).expect("renamed");
    }

    async fn next(&mut self) -> Noticed {
        timeout(DEADLINE, self.noticed.recv()).await.expect("noticed in time").expect("watched")
    }

    async fn changed(&mut self) -> BTreeSet<String> {
        let Noticed::Changed(paths) = self.next().await else { panic!("a change") };
        paths.iter().map(|path| self.below(path)).collect()
    }

    fn below(&self, path: &Path) -> String {
        path.strip_prefix(self.folder.path()).expect("below").to_string_lossy().into_owned()
    }

    /// Until `file` was told of.
    async fn told_of(&mut self, file: &str) {
        while !self.changed().await.contains(file) {}
    }
}

fn one(file: &str) -> BTreeSet<String> {
    BTreeSet::from([file.to_owned()])
}

#[tokio::test]
async fn each_way_of_saving_is_one_change() {
    for only_poll in [false, true] {
        let mut world = World::new(only_poll, &["prompt.md"]).await;
        world.save("prompt.md", "written");
        assert_eq!(world.changed().await, one("prompt.md"));
        world.save_by_rename("prompt.md", "renamed");
        assert_eq!(world.changed().await, one("prompt.md"));
        // Two writes, with the file empty and half written between them.
        let mut file = File::create(world.path("prompt.md")).expect("emptied");
        file.write_all(b"half of it").and_then(|()| file.sync_all()).expect("written");
        file.write_all(b" and the rest").expect("written");
        drop(file);
        world.told_of("prompt.md").await;
        fs::remove_file(world.path("prompt.md")).expect("removed");
        world.save("prompt.md", "made again");
        world.told_of("prompt.md").await;
    }
}

#[tokio::test]
async fn a_file_that_goes_is_told_and_one_that_comes_too() {
    for only_poll in [false, true] {
        let mut world = World::new(only_poll, &["prompt.md"]).await;
        fs::remove_file(world.path("prompt.md")).expect("removed");
        assert_eq!(world.changed().await, one("prompt.md"));
        world.save("prompt.md", "back");
        assert_eq!(world.changed().await, one("prompt.md"));
        world.save("specs/deep/new.yaml", "new");
        assert_eq!(world.changed().await, one("specs/deep/new.yaml"));
        fs::remove_file(world.path("specs/deep/new.yaml")).expect("removed");
        assert_eq!(world.changed().await, one("specs/deep/new.yaml"));
    }
}

#[tokio::test]
async fn a_save_that_changes_nothing_is_no_change() {
    let mut world = World::new(false, &["prompt.md", "end.md"]).await;
    world.save("prompt.md", "before");
    world.save("beside.md", "not named");
    world.save("end.md", "after");
    assert_eq!(world.changed().await, one("end.md"));
}

#[tokio::test]
async fn a_burst_of_saves_is_one_pass() {
    let mut world = World::new(false, &["prompt.md", "end.md"]).await;
    for index in 0..50 {
        world.save("specs/a.yaml", &format!("save {index}"));
        world.save("prompt.md", &format!("save {index}"));
    }
    let mut passes = vec![world.changed().await];
    world.save("end.md", "after");
    while !passes.last().is_some_and(|last| last.contains("end.md")) {
        passes.push(world.changed().await);
    }
    // A machine under load may pause for longer than a burst; each pass still stands for many saves.
    assert!(passes.len() <= 10, "{} passes for 100 saves", passes.len());
}

#[tokio::test]
async fn of_a_hundred_saves_none_is_missed() {
    let mut world = World::new(false, &["prompt.md"]).await;
    for index in 0..100 {
        let text = format!("{index}");
        match index % 4 {
            0 => world.save("prompt.md", &text),
            1 => world.save_by_rename("prompt.md", &text),
            2 => {
                let mut file = OpenOptions::new().append(true).open(world.path("prompt.md")).expect("opened");
                file.write_all(b"more").expect("appended");
            }
            _ => {
                fs::remove_file(world.path("prompt.md")).expect("removed");
                world.save("prompt.md", &text);
            }
        }
        assert_eq!(world.changed().await, one("prompt.md"), "save {index}");
    }
}

#[tokio::test]
async fn folders_go_and_come_back() {
    for only_poll in [false, true] {
        let mut world = World::new(only_poll, &["prompts/system.md"]).await;
        world.save("specs/a.yaml", "a");
        world.told_of("specs/a.yaml").await;
        fs::remove_dir_all(world.path("prompts")).expect("removed");
        world.told_of("prompts/system.md").await;
        world.save("prompts/system.md", "back");
        world.told_of("prompts/system.md").await;
        world.save("prompts/system.md", "and heard");
        world.told_of("prompts/system.md").await;
        fs::rename(world.path("specs"), world.path("away")).expect("moved");
        world.told_of("specs/a.yaml").await;
        fs::rename(world.path("away"), world.path("specs")).expect("moved back");
        world.told_of("specs/a.yaml").await;
        world.save("specs/a.yaml", "and heard");
        world.told_of("specs/a.yaml").await;
    }
}

#[tokio::test]
async fn links_are_followed_to_what_they_mean_now() {
    for only_poll in [false, true] {
        let mut world = World::new(only_poll, &["one/real.md", "two/real.md"]).await;
        symlink("one", world.path("way")).expect("linked");
        assert!(world.watcher.name(world.names(&["way/real.md"])).await, "newly named");
        assert!(!world.watcher.name(world.names(&["way/real.md"])).await, "named before");
        world.save("one/real.md", "behind the link");
        assert_eq!(world.changed().await, one("way/real.md"));
        world.save("two/real.md", "another");
        fs::remove_file(world.path("way")).expect("unlinked");
        symlink("two", world.path("way")).expect("linked");
        assert_eq!(world.changed().await, one("way/real.md"));
        world.save("two/real.md", "behind the other link");
        assert_eq!(world.changed().await, one("way/real.md"));
    }
}

#[tokio::test]
async fn what_is_not_named_any_more_is_not_told() {
    let mut world = World::new(false, &["a.md", "b.md"]).await;
    world.watcher.name(world.names(&["b.md"])).await;
    world.save("a.md", "after");
    world.save("b.md", "after");
    assert_eq!(world.changed().await, one("b.md"));
}
