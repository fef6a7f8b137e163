//! Looking at files: whether one holds something else than before. Marks of the file system tell what need not be
//! read again, the content itself tells the rest.

use std::{
    fs::{self, File, Metadata},
    io::Read as _,
    path::Path,
    time::{Duration, SystemTime},
};

use gatewright_core::id::Digest;

/// Larger files are taken for changed when their marks change; others only when their content does.
pub const HASHED_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Marks younger than this may belong to a content that was written over since: some file systems count in two
/// seconds.
const MARKS_YOUNG_MS: u64 = 2_000;

/// What the file system says of a file without reading it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Marks {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and when the inode changed; zeros where the system has none.
    inode: [i64; 4],
}

impl Marks {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let inode = [
            metadata.dev().cast_signed(),
            metadata.ino().cast_signed(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        Self { bytes: metadata.len(), modified: metadata.modified().ok(), inode }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok(), inode: [0; 4] }
    }

    /// Whether a later write could leave the same marks.
    fn young(&self) -> bool {
        let settled = SystemTime::now() - Duration::from_millis(MARKS_YOUNG_MS);
        self.modified.is_none_or(|modified| modified >= settled)
    }
}

/// What a file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Content {
    /// There is none, or it is no file, or it cannot be read.
    Nothing,
    /// These bytes.
    Bytes(Digest),
    /// Too many bytes to read them for this.
    Marked(Marks),
}

/// What was seen of a file.
#[derive(Clone, Debug)]
pub(super) struct Look {
    marks: Option<Marks>,
    /// Whether the same marks mean the same content.
    sure: bool,
    content: Content,
}

impl Look {
    /// Looks at the file `path`. With `before`, what has the same marks is not read again, unless `hinted`.
    pub(super) fn at(path: &Path, before: Option<&Self>, hinted: bool) -> Self {
        let nothing = || Self { marks: None, sure: true, content: Content::Nothing };
        let Ok(metadata) = fs::metadata(path) else { return nothing() };
        if !metadata.is_file() {
            return nothing();
        }
        let marks = Marks::of(&metadata);
        if let Some(before) = before.filter(|before| before.sure && !hinted)
            && before.marks.as_ref() == Some(&marks)
        {
            return before.clone();
        }
        let content = if marks.bytes > HASHED_BYTES_MAX {
            Content::Marked(marks.clone())
        } else {
            read(path).map_or(Content::Nothing, |bytes| Content::Bytes(Digest::of_bytes(&bytes)))
        };
        // What is written to while it is read is read again.
        let still = fs::metadata(path).is_ok_and(|metadata| Marks::of(&metadata) == marks);
        Self { sure: still && !marks.young(), marks: Some(marks), content }
    }

    /// Whether the file holds something else.
    pub(super) fn differs(&self, other: &Self) -> bool {
        self.content != other.content
    }

    /// Whether the file is missing or empty: what an editor leaves for a moment while it saves.
    pub(super) fn is_blank(&self) -> bool {
        self.marks.as_ref().is_none_or(|marks| marks.bytes == 0)
    }

    /// Whether the file may hold something else by now, judged by its marks.
    pub(super) fn may_differ(&self, path: &Path) -> bool {
        let now = fs::metadata(path).ok().filter(Metadata::is_file).map(|metadata| Marks::of(&metadata));
        !self.sure || now != self.marks
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(HASHED_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touched_file_is_the_same_and_one_of_equal_length_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let missing = Look::at(&path, None, false);
        assert!(missing.is_blank() && !missing.differs(&missing));
        fs::write(&path, "one").expect("written");
        let one = Look::at(&path, Some(&missing), false);
        assert!(one.differs(&missing) && !one.is_blank());
        assert!(one.may_differ(&path), "written a moment ago, its marks say little");
        fs::write(&path, "two").expect("written");
        assert!(Look::at(&path, Some(&one), false).differs(&one));
        fs::write(&path, "one").expect("written");
        assert!(!Look::at(&path, Some(&one), false).differs(&one));
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        File::open(&path).expect("opened").set_modified(long_ago).expect("set");
        let old = Look::at(&path, Some(&one), false);
        assert!(!old.differs(&one) && !old.may_differ(&path));
    }
}
