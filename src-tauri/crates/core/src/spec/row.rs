//! Rows of a dataset: JSONL and CSV as maps of columns, with the line of each.

use std::{
    cell::Cell,
    collections::BTreeSet,
    fmt,
    io::{self, BufRead, Read as _},
    rc::Rc,
};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{diagnostic::Place, id::SAFE_INTEGER_MAX};

/// A row at most, in bytes.
pub const ROW_BYTES_MAX: usize = 1024 * 1024;

/// A row, or why it is none.
type Row = (Place, Result<Map<String, Value>, String>);

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn place(start: u64, length: u64, line: u64) -> Place {
    Place { start: small(start), end: small(start + length), line: small(line), column: 1 }
}

/// The rows of a JSONL file: an object a line, empty lines aside.
pub(super) fn jsonl<'r>(opened: Box<dyn BufRead + 'r>) -> impl Iterator<Item = Row> + 'r {
    let mut opened = Text::new(opened);
    let (mut offset, mut number, mut ended) = (0_u64, 0_u64, false);
    std::iter::from_fn(move || {
        while !ended {
            let mut line = Vec::new();
            number += 1;
            let limit = ROW_BYTES_MAX as u64 + 1;
            let read = opened.by_ref().take(limit).read_until(b'\n', &mut line);
            let at = place(offset, line.trim_ascii_end().len() as u64, number);
            offset += line.len() as u64;
            match read {
                Err(error) => {
                    ended = true;
                    return Some((at, Err(format!("the file cannot be read: {error}"))));
                }
                Ok(0) => return None,
                Ok(_) if line.len() > ROW_BYTES_MAX => {
                    ended = true;
                    let problem = format!("the row is longer than {} KB", ROW_BYTES_MAX / 1024);
                    return Some((at, Err(problem)));
                }
                Ok(_) if line.trim_ascii().is_empty() => {}
                Ok(_) => {
                    return Some(match object(&line) {
                        Ok(row) => (at, Ok(row)),
                        Err((column, problem)) => (within(at, &line, column), Err(problem)),
                    });
                }
            }
        }
        None
    })
}

/// The place of a byte of a row, counted from 1; of the whole row where no byte is known.
fn within(row: Place, line: &[u8], byte: usize) -> Place {
    let Some(before) = byte.checked_sub(1).and_then(|before| line.get(..before)) else { return row };
    let column = String::from_utf8_lossy(before).chars().count() + 1;
    let start = row.start + small(before.len() as u64);
    Place { start, end: row.end.max(start), column: small(column as u64), ..row }
}

/// The object of a row, or why it is none and at which byte, counted from 1; 0 where that is not known.
fn object(line: &[u8]) -> Result<Map<String, Value>, (usize, String)> {
    let text = std::str::from_utf8(line)
        .map_err(|error| (error.valid_up_to() + 1, "the row is not UTF-8".to_owned()))?;
    let value: Strict = serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            return (0, "the row ends in the middle of a value".to_owned());
        }
        // The line is ours to tell; the library counts from the row's start.
        let text = error.to_string();
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
        (error.column(), problem.to_owned())
    })?;
    match value.0 {
        Value::Object(members) => Ok(members),
        _ => Err((0, "the row is not a JSON object".to_owned())),
    }
}

/// The rows of a CSV file (RFC 4180); the first line names the columns.
pub(super) fn csv<'r>(opened: Box<dyn BufRead + 'r>) -> impl Iterator<Item = Row> + 'r {
    let left = Rc::new(Cell::new(ROW_BYTES_MAX));
    let guarded = Guarded { opened: Text::new(opened), left: Rc::clone(&left) };
    let mut reader = csv::ReaderBuilder::new().from_reader(guarded);
    let mut ended = false;
    let columns = match reader.headers() {
        Ok(columns) => columns_of(columns),
        Err(error) => Err(said(&error)),
    };
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let columns = match &columns {
            Ok(columns) => columns,
            Err(problem) => {
                ended = true;
                return Some((place(0, 0, 1), Err(problem.clone())));
            }
        };
        left.set(ROW_BYTES_MAX);
        let mut record = csv::StringRecord::new();
        let read = reader.read_record(&mut record);
        let start = record.position().map_or((0, 1), |position| (position.byte(), position.line()));
        let length = reader.position().byte().saturating_sub(start.0);
        match read {
            Ok(false) => None,
            Ok(true) => {
                let fields = record.iter().map(|field| Value::String(field.to_owned()));
                let row = columns.iter().cloned().zip(fields).collect();
                Some((place(start.0, length, start.1), Ok(row)))
            }
            Err(error) => {
                let at = error.position().map_or(start, |position| (position.byte(), position.line()));
                ended = matches!(error.kind(), csv::ErrorKind::Io(_));
                Some((place(at.0, 0, at.1), Err(said(&error))))
            }
        }
    })
}

/// The text of a file as it is read: without a byte order mark, lines ended by LF.
struct Text<'r> {
    opened: Box<dyn BufRead + 'r>,
    begun: bool,
    /// The last byte was a carriage return, which was given as a line feed: one that follows belongs to it.
    after_return: bool,
}

impl<'r> Text<'r> {
    fn new(opened: Box<dyn BufRead + 'r>) -> io::BufReader<Self> {
        io::BufReader::new(Self { opened, begun: false, after_return: false })
    }

    fn skip_mark(&mut self) -> io::Result<Vec<u8>> {
        let mut head = Vec::with_capacity(3);
        self.opened.by_ref().take(3).read_to_end(&mut head)?;
        if head == b"\xef\xbb\xbf" {
            head.clear();
        }
        Ok(head)
    }
}

impl io::Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !std::mem::replace(&mut self.begun, true) {
            let head = self.skip_mark()?;
            if !head.is_empty() {
                let opened = std::mem::replace(&mut self.opened, Box::new(io::empty()));
                self.opened = Box::new(io::BufReader::new(io::Cursor::new(head).chain(opened)));
            }
        }
        loop {
            let bytes = self.opened.fill_buf()?;
            if bytes.is_empty() || buffer.is_empty() {
                return Ok(0);
            }
            let (mut taken, mut written) = (0, 0);
            for &byte in bytes.iter().take(buffer.len()) {
                taken += 1;
                if byte == b'\n' && std::mem::take(&mut self.after_return) {
                    continue;
                }
                self.after_return = byte == b'\r';
                buffer[written] = if byte == b'\r' { b'\n' } else { byte };
                written += 1;
            }
            self.opened.consume(taken);
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

/// Gives no more than a row's worth of bytes until it is told that a new row begins: a quote that is never closed
/// must not bring a whole file into memory.
struct Guarded<R> {
    opened: R,
    left: Rc<Cell<usize>>,
}

impl<R: io::Read> io::Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            let problem = format!("a row is longer than {} KB", ROW_BYTES_MAX / 1024);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
        }
        let wanted = buffer.len().min(self.left.get());
        let read = self.opened.read(&mut buffer[..wanted])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

fn columns_of(record: &csv::StringRecord) -> Result<Vec<String>, String> {
    let columns: Vec<String> = record.iter().map(|column| column.trim().to_owned()).collect();
    let mut seen = BTreeSet::new();
    match columns.iter().find(|column| column.is_empty() || !seen.insert(column.as_str())) {
        Some(column) if column.is_empty() => {
            Err("a column has no name: the first line names them".to_owned())
        }
        Some(column) => Err(format!("the column `{column}` stands there twice")),
        None => Ok(columns),
    }
}

fn said(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields where the first line names {expected_len} columns")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    }
}

/// JSON without keys that stand twice and integers that would be rounded.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

impl<'de> DeserializeSeed<'de> for StrictVisitor {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self).map(|strict| strict.0)
    }
}

#[derive(Clone, Copy)]
struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Strict, E> {
        if value < -SAFE_INTEGER_MAX {
            return Err(E::custom(format_args!("the integer {value} is beyond 2^53 and would be rounded")));
        }
        Ok(Strict(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Strict, E> {
        if value > SAFE_INTEGER_MAX.unsigned_abs() {
            return Err(E::custom(format_args!("the integer {value} is beyond 2^53 and would be rounded")));
        }
        Ok(Strict(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Strict, E> {
        // The library reads an integer that fits no machine word as a double.
        if value.fract() == 0.0 && value.abs() > 2_f64.powi(53) {
            return Err(E::custom(format_args!("the number {value:e} would be rounded")));
        }
        Ok(Strict(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Strict(Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if map.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("the key `{key}` stands there twice")));
            }
        }
        Ok(Strict(Value::Object(map)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static [u8], kind: fn(Box<dyn BufRead + 'static>) -> Vec<Row>) -> Vec<String> {
        kind(Box::new(text))
            .into_iter()
            .map(|(place, row)| match row {
                Ok(row) => format!("{}: {}", place.line, Value::Object(row)),
                Err(problem) => format!("{}:{}: ! {problem}", place.line, place.column),
            })
            .collect()
    }

    #[test]
    fn jsonl_is_read_line_by_line_with_what_is_wrong_in_each() {
        let text = b"\xef\xbb\xbf{\"a\":1}\r\n\n{\"a\":1,\"a\":2}\n[1]\n{\"a\":9007199254740993}\n{\"a\":\n\xff\n{\"b\":\"\xc3\xa9\"}";
        insta::assert_snapshot!(read(text, |opened| jsonl(opened).collect()).join("\n"));
    }

    #[test]
    fn csv_is_read_record_by_record_with_what_is_wrong_in_each() {
        let text = b"\xef\xbb\xbfquestion,answer\r\n\"two\r\nlines\",yes\r\nonly one\r\nlast,\xff\r\nx,y\r\n";
        insta::assert_snapshot!(read(text, |opened| csv(opened).collect()).join("\n"));
    }

    #[test]
    fn columns_must_have_names_of_their_own() {
        assert_eq!(
            read(b"a,a\n1,2\n", |opened| csv(opened).collect()),
            ["1:1: ! the column `a` stands there twice"]
        );
    }
}
