//! Diagnostics for other tools, as SARIF 2.1.0.

use serde_json::{Value, json};

use super::{Diagnostic, Severity, Sources};

/// One SARIF 2.1.0 log of all diagnostics. Columns count UTF-16 code units, as SARIF's default wants.
///
/// `version` is that of the program that found them.
#[must_use]
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources, version: &str) -> Value {
    let mut codes: Vec<&str> = diagnostics.iter().map(|found| found.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = diagnostics.iter().map(|found| result(found, sources)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "gatewright", "version": version, "rules": rules } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

fn result(found: &Diagnostic, sources: &Sources) -> Value {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let message = match &found.help {
        Some(help) => format!("{} ({help})", found.message),
        None => found.message.clone(),
    };
    let region = region(found, sources.get(&found.file).map(String::as_str));
    let artifact = json!({ "uri": percent_encoded(&found.file) });
    let mut result = json!({
        "ruleId": found.code,
        "level": level,
        "message": { "text": message },
        "locations": [{
            "physicalLocation": { "artifactLocation": artifact, "region": region },
            "logicalLocations": [{ "fullyQualifiedName": found.pointer }],
        }],
    });
    if let Some(fix) = &found.fix {
        result["fixes"] = json!([{
            "artifactChanges": [{
                "artifactLocation": artifact,
                "replacements": [{ "deletedRegion": region, "insertedContent": { "text": fix } }],
            }],
        }]);
    }
    result
}

fn region(found: &Diagnostic, text: Option<&str>) -> Value {
    let Some(text) = text else {
        return json!({ "startLine": found.place.line, "startColumn": found.place.column });
    };
    let (start_line, start_column) = utf16(text, found.place.start as usize);
    let (end_line, end_column) = utf16(text, found.place.end as usize);
    json!({
        "startLine": start_line, "startColumn": start_column,
        "endLine": end_line, "endColumn": end_column,
    })
}

/// Line and column from 1 of a byte offset, the column in UTF-16 code units.
fn utf16(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    (line, before[line_start..].encode_utf16().count() + 1)
}

/// A path as a URI reference (RFC 3986): unreserved letters and `/` stay.
fn percent_encoded(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Place;

    #[test]
    fn columns_count_utf16_code_units_and_paths_are_uris() {
        let text = "a: \"😀é\" oops\n";
        let start = text.find("oops").expect("there");
        let mut found =
            Diagnostic::error("yaml-syntax", "specs/a b.yaml", "/a", Place::of(text, start, start + 4), "no");
        found.fix = Some(String::new());
        let sources = Sources::from([("specs/a b.yaml".to_owned(), text.to_owned())]);
        let log = sarif(&[found], &sources, "0.0.0");
        let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        // 5 ASCII before the letters, 2 units of the face, 1 of the letter, quote and space.
        assert_eq!(location["region"]["startColumn"], 10);
        assert_eq!(location["region"]["endColumn"], 14);
        assert_eq!(location["artifactLocation"]["uri"], "specs/a%20b.yaml");
        insta::assert_json_snapshot!(log);
    }
}
