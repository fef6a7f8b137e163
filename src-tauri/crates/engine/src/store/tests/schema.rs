//! The tables as they are, the way there, and histories of other builds.

use gatewright_core::time::Millis;
use rusqlite::Connection;

use super::{open, stream};
use crate::store::{
    Access, Durability, Folder, Store, StoreError,
    connection::SQLITE_VERSION_MIN,
    migrate::{self, STEPS},
};

#[test]
fn the_tables_are_these() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let schema = store
        .read(|read| {
            let mut statement = read
                .connection
                .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?.join(";\n"))
        })
        .expect("read");
    insta::assert_snapshot!(schema);
}

#[test]
fn the_database_is_opened_with_the_settings_that_keep_it() {
    assert!(rusqlite::version_number() >= SQLITE_VERSION_MIN, "SQLite {}", rusqlite::version());
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let settings = |durability| {
        store
            .write_blocking(durability, |write| {
                let pragma =
                    |name| write.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
                Ok((pragma("synchronous")?, pragma("trusted_schema")?, pragma("cell_size_check")?))
            })
            .expect("asked")
    };
    assert_eq!(settings(Durability::Normal), (1, 0, 1));
    assert_eq!(settings(Durability::Full), (2, 0, 1));
    let mode: String = store
        .read(|read| Ok(read.connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?))
        .expect("asked");
    assert_eq!(mode, "wal");
    assert!(store.read(|read| Ok(read.connection.execute("DELETE FROM name", [])?)).is_err());
}

#[test]
fn the_folder_hides_everything_from_git_but_what_witnesses() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let ignore = std::fs::read_to_string(folder.path().join(".gatewright/.gitignore")).expect("made");
    assert_eq!(ignore, "/*\n!/.gitignore\n!/checkpoints/\n!/keys/\n");
}

#[test]
fn a_history_of_the_build_before_is_copied_and_migrated() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = Folder::of(folder.path());
    std::fs::create_dir_all(files.root()).expect("made");
    let before = STEPS.len() - 1;
    let mut connection = Connection::open(files.database()).expect("made");
    migrate::migrate(&mut connection, &STEPS[..before], None, Millis(1)).expect("as it was");
    connection.execute("INSERT INTO name(kind, text) VALUES (1, 'kept')", []).expect("a row");
    drop(connection);

    let store = open(folder.path());
    assert_eq!(store.access(), &Access::Writable);
    let count =
        |connection: &Connection, sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    store
        .read(|read| {
            assert_eq!(count(read.connection, "SELECT count(*) FROM name WHERE text = 'kept'")?, 1);
            let triggers =
                count(read.connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'")?;
            assert!(triggers > 0, "the last step was taken");
            Ok(())
        })
        .expect("read");
    let copy = files.root().join(format!("history.before-{:04}.db", STEPS.len()));
    let copy = Connection::open(copy).expect("a copy from before");
    assert_eq!(count(&copy, "PRAGMA user_version").expect("read"), before as i64);
    assert_eq!(count(&copy, "SELECT count(*) FROM name WHERE text = 'kept'").expect("read"), 1);
}

#[test]
fn a_new_workspace_that_many_open_at_once_is_made_once() {
    const MANY: usize = 12;
    let folder = tempfile::tempdir().expect("a folder");
    let together = std::sync::Barrier::new(MANY);
    let logged = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..MANY as u128)
            .map(|run| {
                let (path, together) = (folder.path(), &together);
                scope.spawn(move || {
                    together.wait();
                    let what = crate::event::Happened::RunStarted { run: gatewright_core::id::RunId(run) };
                    open(path).write_blocking(Durability::Full, move |write| write.append(what.clone()))
                })
            })
            .collect();
        let logged = openers.into_iter().map(|opener| opener.join().expect("opened").expect("logged"));
        logged.collect::<Vec<_>>().len()
    });
    let store = open(folder.path());
    assert_eq!(store.read(|read| read.log(gatewright_core::time::Seq(0), 20)).expect("read").len(), logged);
    let files = std::fs::read_dir(Folder::of(folder.path()).root()).expect("listed");
    let names = files.map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned());
    let copies: Vec<_> = names.filter(|name| name.starts_with("history.before-")).collect();
    assert!(copies.is_empty(), "nothing was there before: {copies:?}");
    assert!(store.read(|read| read.check_log()).expect("read").is_ok());
}

#[test]
fn a_step_that_was_edited_after_it_was_taken_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()));
    let connection = Connection::open(Folder::of(folder.path()).database()).expect("opened");
    connection.execute("UPDATE migration SET digest = zeroblob(32) WHERE n = 1", []).expect("edited");
    drop(connection);
    let error =
        Store::open(folder.path(), std::sync::Arc::new(super::Ticking::default())).expect_err("refused");
    assert!(matches!(error, StoreError::Unreadable { table: "migration", .. }));
}

#[test]
fn a_history_of_a_newer_build_is_read_and_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    drop(store);
    let connection = Connection::open(Folder::of(folder.path()).database()).expect("opened");
    connection.pragma_update(None, "user_version", 99).expect("newer");
    drop(connection);

    let store = open(folder.path());
    assert_eq!(store.access(), &Access::Newer { found: 99, known: STEPS.len() });
    assert!(store.read(|read| read.version(key.version)).expect("read").is_some());
    let error = store.write_blocking(Durability::Full, |write| write.next_seq()).expect_err("refused");
    insta::assert_snapshot!(error, @"the history is open for reading only: a newer Gatewright wrote it (its tables have number 99, this build knows 6); update this one");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_opens_for_reading() {
    use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};
    const WORKSPACE: &str = "GATEWRIGHT_TEST_READ_ONLY";
    if let Some(workspace) = std::env::var_os(WORKSPACE) {
        let store = open(std::path::Path::new(&workspace));
        assert_eq!(store.access(), &Access::ReadOnlyFolder);
        let log = store.read(|read| read.log(gatewright_core::time::Seq(0), 10)).expect("read");
        assert_eq!(log.len(), 1, "what was written before is there");
        let refused = store.write_blocking(Durability::Full, |write| write.next_seq());
        assert!(matches!(refused, Err(StoreError::ReadOnly { .. })));
        let empty = open(&std::path::Path::new(&workspace).join("specs"));
        assert!(empty.read(|read| read.log_head()).expect("read").is_none());
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    stream(&open(folder.path()), "be kind");
    std::fs::create_dir(folder.path().join("specs")).expect("made");
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    let inside = folder.path().join(".gatewright");
    for entry in std::fs::read_dir(&inside).expect("listed") {
        set(&entry.expect("an entry").path(), 0o444);
    }
    for path in [&inside, &folder.path().join("specs"), &folder.path().to_owned()] {
        set(path, 0o555);
    }
    let mut child = std::process::Command::new(std::env::current_exe().expect("this binary"));
    child
        .args([
            "store::tests::schema::a_folder_that_cannot_be_written_opens_for_reading",
            "--exact",
            "--nocapture",
        ])
        .env(WORKSPACE, folder.path());
    // Permissions do not bind root: there the child is nobody.
    if rustix::process::geteuid().is_root() {
        child.uid(65_534);
    }
    let output = child.output().expect("ran");
    for path in [&folder.path().to_owned(), &folder.path().join("specs"), &inside] {
        set(path, 0o755);
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
