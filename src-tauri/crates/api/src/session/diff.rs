//! What differs between two texts, line by line, with the unchanged stretches folded.

use std::time::{Duration, Instant};

use similar::{Algorithm, ChangeTag, capture_diff_slices_deadline, group_diff_ops};

use super::show;
use crate::dto::{DiffKind, DiffLine};

/// Lines kept around a change.
const AROUND_LINES: usize = 3;
/// How long the shortest difference is looked for: after that a longer one will do.
const SOUGHT: Duration = Duration::from_millis(200);

/// The lines of both texts in one list; empty when they are the same.
pub(super) fn lines(before: &str, after: &str) -> Vec<DiffLine> {
    if before == after {
        return Vec::new();
    }
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let until = Some(Instant::now() + SOUGHT);
    let all = capture_diff_slices_deadline(Algorithm::Myers, &before, &after, until);
    let mut kept = Vec::new();
    // What lies between two groups is the same in both texts.
    let mut told = 0;
    for group in group_diff_ops(all, AROUND_LINES) {
        for op in group {
            skip(&mut kept, op.old_range().start - told);
            told = op.old_range().end;
            for change in op.iter_changes(&before, &after) {
                let kind = match change.tag() {
                    ChangeTag::Equal => DiffKind::Same,
                    ChangeTag::Delete => DiffKind::Removed,
                    ChangeTag::Insert => DiffKind::Added,
                };
                kept.push(DiffLine { kind, text: change.value().to_owned() });
            }
        }
    }
    skip(&mut kept, before.len() - told);
    kept
}

fn skip(kept: &mut Vec<DiffLine>, count: usize) {
    if count > 0 {
        kept.push(DiffLine { kind: DiffKind::Skipped, text: show::plural(count, "line", "lines") });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(before: &str, after: &str) -> String {
        let sign = |kind| match kind {
            DiffKind::Same => ' ',
            DiffKind::Added => '+',
            DiffKind::Removed => '-',
            DiffKind::Skipped => '…',
        };
        lines(before, after).iter().map(|line| format!("{}{}\n", sign(line.kind), line.text)).collect()
    }

    #[test]
    fn the_same_text_differs_in_nothing() {
        assert_eq!(drawn("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_changed_line_stands_between_its_neighbours() {
        assert_eq!(drawn("a\nb\nc\n", "a\nx\nc\n"), " a\n-b\n+x\n c\n");
        assert_eq!(drawn("", "a\n"), "+a\n");
        assert_eq!(drawn("a\nb\nc\nd\n", "b\nd\ne\n"), "-a\n b\n-c\n d\n+e\n");
    }

    #[test]
    fn what_is_far_from_a_change_is_folded_with_its_number_of_lines() {
        let before: String = (0..20).map(|number| format!("{number}\n")).collect();
        let after = before.replace("10\n", "ten\n");
        assert_eq!(drawn(&before, &after), "…7 lines\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n…6 lines\n");
    }
}
