//! What differs between two texts, line by line, with the unchanged stretches folded.

use crate::dto::{DiffKind, DiffLine};

/// Lines kept around a change.
const AROUND_LINES: usize = 3;
/// Lines of the differing middle of either text, at most: beyond that all of it is shown as replaced.
const MIDDLE_LINES_MAX: usize = 2_000;

/// The lines of both texts in one list; empty when they are the same.
pub(super) fn lines(before: &str, after: &str) -> Vec<DiffLine> {
    if before == after {
        return Vec::new();
    }
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = before.iter().zip(&after).take_while(same).count();
    let (left, right) = (&before[head..], &after[head..]);
    let tail = left.iter().rev().zip(right.iter().rev()).take_while(same).count();
    let (left, right) = (&left[..left.len() - tail], &right[..right.len() - tail]);

    let mut all: Vec<DiffLine> = before[..head].iter().map(|text| line(DiffKind::Same, text)).collect();
    middle(left, right, &mut all);
    all.extend(before[before.len() - tail..].iter().map(|text| line(DiffKind::Same, text)));
    folded(all)
}

fn line(kind: DiffKind, text: &str) -> DiffLine {
    DiffLine { kind, text: text.to_owned() }
}

/// The longest common subsequence, by dynamic programming over what is left when both ends were taken off.
fn middle(left: &[&str], right: &[&str], all: &mut Vec<DiffLine>) {
    if left.len() > MIDDLE_LINES_MAX || right.len() > MIDDLE_LINES_MAX {
        all.extend(left.iter().map(|text| line(DiffKind::Removed, text)));
        all.extend(right.iter().map(|text| line(DiffKind::Added, text)));
        return;
    }
    let width = right.len() + 1;
    let mut longest = vec![0_u32; (left.len() + 1) * width];
    for (row, one) in left.iter().enumerate().rev() {
        for (column, other) in right.iter().enumerate().rev() {
            longest[row * width + column] = if one == other {
                longest[(row + 1) * width + column + 1] + 1
            } else {
                longest[(row + 1) * width + column].max(longest[row * width + column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    while row < left.len() || column < right.len() {
        let (one, other) = (left.get(row), right.get(column));
        match (one, other) {
            (Some(one), Some(other)) if one == other => {
                all.push(line(DiffKind::Same, one));
                (row, column) = (row + 1, column + 1);
            }
            (Some(one), other)
                if other.is_none()
                    || longest[(row + 1) * width + column] >= longest[row * width + column + 1] =>
            {
                all.push(line(DiffKind::Removed, one));
                row += 1;
            }
            (_, Some(other)) => {
                all.push(line(DiffKind::Added, other));
                column += 1;
            }
            (_, None) => break,
        }
    }
}

/// Leaves out what is the same and far from every change.
fn folded(all: Vec<DiffLine>) -> Vec<DiffLine> {
    let changed: Vec<usize> =
        all.iter().enumerate().filter(|(_, line)| line.kind != DiffKind::Same).map(|(at, _)| at).collect();
    let near = |at: usize| {
        let next = changed.partition_point(|&other| other < at);
        let distance = |place: Option<&usize>| place.map_or(usize::MAX, |&other| other.abs_diff(at));
        let before = next.checked_sub(1).and_then(|before| changed.get(before));
        distance(changed.get(next)).min(distance(before)) <= AROUND_LINES
    };
    let mut kept = Vec::new();
    let mut left_out = 0;
    let skipped = |count: usize| DiffLine {
        kind: DiffKind::Skipped,
        text: super::show::plural(count, "line", "lines"),
    };
    for (at, line) in all.into_iter().enumerate() {
        if near(at) {
            if left_out > 0 {
                kept.push(skipped(std::mem::take(&mut left_out)));
            }
            kept.push(line);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        kept.push(skipped(left_out));
    }
    kept
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
