//! Server-sent events (WHATWG HTML, section 9.2), as far as chat endpoints use them: the data of each event.

/// Splits a stream of bytes into events, however the bytes are cut.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
}

impl Events {
    /// Takes the next bytes; gives the data of every event that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8], mut event: impl FnMut(&[u8])) {
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.is_empty() {
                // An event without data is no event; some servers open their streams with one.
                if std::mem::take(&mut self.has_data) && !self.data.is_empty() {
                    event(&self.data);
                }
                self.data.clear();
            } else if let Some(value) = line.strip_prefix(b"data:") {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Events;
    use proptest::prelude::*;

    const STREAM: &str =
        ": ping\r\n\r\nid: 1\ndata:\n\ndata: one\n\nevent: x\ndata:two\r\ndata:  three\r\n\r\ndata: lost";

    fn events(chunks: impl Iterator<Item = Vec<u8>>) -> Vec<String> {
        let mut found = Vec::new();
        let mut events = Events::default();
        for chunk in chunks {
            events.feed(&chunk, |data| found.push(String::from_utf8_lossy(data).into_owned()));
        }
        found
    }

    proptest! {
        #[test]
        fn events_are_the_same_however_the_bytes_are_cut(size in 1_usize..40) {
            let found = events(STREAM.as_bytes().chunks(size).map(<[u8]>::to_vec));
            prop_assert_eq!(found, ["one", "two\n three"]);
        }
    }
}
