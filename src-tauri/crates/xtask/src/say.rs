//! What a person reads: plain sentences on standard output, in order with what the started programs print.

/// Prints a line at once.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(&format!($($text)*)) };
}

pub(crate) use say;

/// Prints a line; a closed terminal is no reason to fail.
pub(crate) fn line(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
