//! Real programs that behave badly.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{tree::MARKER_VARIABLE, *};

/// Between two looks at something that the system does not tell about.
const POLL: Duration = Duration::from_millis(5);

fn shell(script: &str, folder: &Path) -> Program {
    Program {
        argv: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        folder: folder.to_owned(),
        variables: BTreeMap::from([("NAMED".to_owned(), "given".to_owned())]),
        input: b"the input".to_vec(),
        limits: Limits {
            idle: Duration::from_secs(5),
            total: Duration::from_secs(5),
            output_bytes_max: 64 * 1024,
            error_bytes_max: 1024,
        },
    }
}

async fn ended(script: &str) -> Ended {
    let folder = tempfile::tempdir().expect("a folder");
    run(&shell(script, folder.path())).await
}

fn is_alive(id: &str) -> bool {
    // A process that ended and was not collected yet still has a folder, but no command line.
    std::fs::read(format!("/proc/{}/cmdline", id.trim())).is_ok_and(|line| !line.is_empty())
}

async fn until_dead(id: &str) {
    let dead = async {
        while is_alive(id) {
            sleep(POLL).await;
        }
    };
    assert!(timeout(Duration::from_secs(1), dead).await.is_ok(), "process {id} is still there");
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[tokio::test]
async fn a_program_reads_its_input_and_is_heard_with_its_code() {
    let ended = ended("cat; echo trouble >&2; exit 3").await;
    assert_eq!(ended.end, End::Exited(3));
    assert_eq!((text(&ended.output), text(&ended.errors)), ("the input", "trouble\n"));
    assert!(ended.first_output.is_some_and(|first| first <= ended.elapsed));
}

#[tokio::test]
async fn it_sees_a_clean_environment_and_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = run(&shell("pwd; env", folder.path())).await;
    let lines: Vec<&str> = text(&ended.output).lines().collect();
    assert_eq!(Path::new(lines[0]), folder.path().canonicalize().expect("a path"));
    let mut names: Vec<&str> =
        lines[1..].iter().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.retain(|name| !matches!(*name, "TMPDIR" | "_" | "SHLVL"));
    assert_eq!(names, [MARKER_VARIABLE, "LANG", "NAMED", "PATH", "PWD"]);
}

#[tokio::test]
async fn a_program_below_the_folder_is_found_and_a_missing_one_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("agent");
    std::fs::write(&path, "#!/bin/sh\necho \"$1\"\n").expect("a file");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("permissions");
    let mut program = shell("", folder.path());
    program.argv = vec!["./agent".to_owned(), "a b; $HOME".to_owned()];
    assert_eq!(text(&run(&program).await.output), "a b; $HOME\n", "no shell looks at the arguments");
    program.argv = vec!["./nothing".to_owned()];
    let End::NotStarted(why) = run(&program).await.end else { panic!("it started") };
    assert!(why.contains("nothing` cannot be started: No such file"), "{why}");
    program.argv = Vec::new();
    assert!(matches!(run(&program).await.end, End::NotStarted(_)));
}

#[tokio::test]
async fn a_program_that_hangs_or_is_silent_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = shell("echo here; while :; do echo more >&2; sleep 0.05; done", folder.path());
    program.limits.total = Duration::from_millis(400);
    let busy = run(&program).await;
    assert_eq!((busy.end, text(&busy.output)), (End::Deadline, "here\n"));
    let mut program = shell("echo here; sleep 60", folder.path());
    program.limits.idle = Duration::from_millis(300);
    let silent = run(&program).await;
    assert_eq!((silent.end, text(&silent.output)), (End::Idle, "here\n"));
    assert!(silent.elapsed < Duration::from_secs(3), "{:?}", silent.elapsed);
}

#[tokio::test]
async fn a_flood_is_cut_and_its_source_ended() {
    let ended = ended("echo $$ >&2; yes").await;
    assert_eq!((ended.end, ended.output.len()), (End::Flood, 64 * 1024));
    until_dead(text(&ended.errors)).await;
}

#[tokio::test]
async fn chatter_on_standard_error_is_dropped_and_not_a_flood() {
    let ended = ended("yes | head -c 200000 >&2; echo done").await;
    assert_eq!((ended.end, text(&ended.output), ended.errors.len()), (End::Exited(0), "done\n", 1024));
}

#[tokio::test]
async fn children_are_ended_with_it_in_the_group_and_out_of_it() {
    // Children that outlive their parent and hold its output open, one of them in a session of its own.
    let script = "sleep 300 & echo $!; setsid sh -c 'sleep 300 & echo $!; echo $$; wait' & sleep 0.3; exit 0";
    let ended = ended(script).await;
    assert_eq!(ended.end, End::Exited(0));
    assert!(ended.elapsed < Duration::from_secs(4), "{:?}", ended.elapsed);
    let ids: Vec<&str> = text(&ended.output).lines().collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    for id in ids {
        until_dead(id).await;
    }
}

#[tokio::test]
async fn a_program_that_keeps_forking_is_ended_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    // Each generation starts two more, forty processes at most.
    let script = "echo $$; n=${1:-0}; [ $n -lt 4 ] && for i in 1 2; do setsid sh -c \"$0\" \"$0\" $((n + 1)) & done; sleep 300";
    let mut program = shell("", folder.path());
    program.argv = ["/bin/sh", "-c", script, script, "0"].map(str::to_owned).to_vec();
    program.limits.total = Duration::from_millis(700);
    let ended = run(&program).await;
    assert_eq!(ended.end, End::Deadline);
    let ids: Vec<&str> = text(&ended.output).lines().collect();
    assert!(ids.len() >= 3, "{ids:?}");
    for id in ids {
        until_dead(id).await;
    }
}

#[tokio::test]
async fn dropping_the_future_ends_the_tree() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("id");
    let script = "echo $$ > id.new; mv id.new id; sleep 300";
    let program = shell(script, folder.path());
    let abandoned = tokio::spawn(async move { run(&program).await });
    while !note.exists() {
        sleep(POLL).await;
    }
    let id = std::fs::read_to_string(&note).expect("an id");
    assert!(is_alive(&id));
    abandoned.abort();
    until_dead(&id).await;
}
