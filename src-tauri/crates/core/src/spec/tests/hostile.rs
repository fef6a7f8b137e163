//! What strangers' files may hold: it ends quickly, in a finding or in a value, and never in a panic.

use proptest::prelude::*;

use super::*;

/// Reads hostile text; it must be refused with one of these codes.
fn refused(text: &str, codes: &[&str]) {
    let parsed = parsed(text, &Folder::new());
    let found: Vec<&str> = parsed.diagnostics.iter().map(|found| found.code.as_str()).collect();
    assert!(parsed.accepted().is_none(), "accepted");
    assert!(found.iter().any(|code| codes.contains(code)), "{found:?}");
}

#[test]
fn a_billion_laughs_are_not_laughed() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    refused(&text, &["too-large"]);
}

#[test]
fn one_long_text_repeated_is_too_large() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 30_000].join(", "));
    refused(&text, &["too-large"]);
}

#[test]
fn nesting_is_bounded_in_every_style() {
    refused(&"[".repeat(200_000), &["too-deep"]);
    refused(&"{a: ".repeat(60_000), &["too-deep"]);
    refused(&"- ".repeat(100_000), &["too-deep"]);
    refused(&"? ".repeat(100_000), &["too-deep", "syntax"]);
    let stairs: String = (0..300).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    refused(&stairs, &["too-deep"]);
    let mut chain = "a0: &a0 [x]\n".to_owned();
    (1..100).for_each(|level| chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1)));
    refused(&chain, &["too-deep"]);
}

#[test]
fn many_values_many_keys_and_long_lines_end_quickly() {
    refused(&format!("[{}]", "1,".repeat(120_000)), &["wrong-type"]);
    let keys: String = (0..20_000).map(|key| format!("k{key}: 1\n")).collect();
    refused(&keys, &["unknown-key"]);
    refused(&format!("{}: 1", "k".repeat(250_000)), &["unknown-key", "syntax"]);
    refused(&format!("nome: {}", "é\u{301}".repeat(60_000)), &["unknown-key"]);
    refused(&"a: b: c\n".repeat(30_000), &["syntax"]);
    refused(&"&a ".repeat(80_000), &["syntax", "empty"]);
    refused(&"\"".repeat(200_001), &["syntax"]);
    refused(&"#".repeat(250_000), &["empty"]);
    refused(&"'a', ".repeat(50_000), &["syntax"]);
    refused(&format!("{{{}", "a, ".repeat(80_000)), &["duplicate-key"]);
}

#[test]
fn patterns_and_templates_that_nest_do_not_exhaust_the_stack() {
    for (open, close) in
        [("(", ")"), ("!", ""), ("(!", ")"), ("@[?", "]"), ("length(", ")"), ("@.a && (", ")")]
    {
        for depth in [pattern::PATH_NESTING_MAX - 1, 800] {
            let path = format!("$[?{}@.a{}]", open.repeat(depth), close.repeat(depth));
            let _ = pattern::json_path(&path);
        }
    }
    for (open, close) in
        [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("{'a':", "}"), ("a[", "]"), ("a(", ")")]
    {
        for nested in [240 / (open.len() + close.len()), 50_000] {
            let source = format!("{{{{ {}a{} }}}}", open.repeat(nested), close.repeat(nested));
            let _ = template::Template::parse(&source);
        }
    }
    let hidden = format!("{{{{ '}}}}' ~ {}a }}}}", "not ".repeat(50_000));
    assert!(template::Template::parse(&hidden).is_err());
    for (open, close) in [("(", ")"), ("(?:", ")*"), ("[", "]"), ("a{2}", "")] {
        let _ = pattern::regex(&format!("{}a{}", open.repeat(1_000), close.repeat(1_000)));
    }
}

#[test]
fn findings_are_counted_out() {
    let keys: String = (0..5_000).map(|key| format!("k{key}: 1\n")).collect();
    let parsed = parsed(&keys, &Folder::new());
    assert_eq!(parsed.diagnostics.len(), 101);
    assert!(parsed.diagnostics.iter().any(|found| found.code == "too-many"));
}

#[test]
fn a_dataset_cannot_exhaust_memory() {
    let long = format!("{{\"input\":\"{}\"}}\n", "x".repeat(2 * ROW_BYTES_MAX));
    let open = format!("input\n\"{}", "x".repeat(2 * ROW_BYTES_MAX));
    let files = folder(&[("long.jsonl", &long), ("open.csv", &open)]);
    for name in ["long.jsonl", "open.csv"] {
        let text =
            format!("agent: http://127.0.0.1:1/v1\ncases: [{{ dataset: {name}, expect: a }}]\ngate: 90%\n");
        let said = said(&text, &files);
        assert!(said.contains("longer than 1024 KB"), "{said}");
    }
}

#[test]
fn a_key_in_the_file_is_never_shown() {
    let text = "agents:\n  bot:\n    url: http://127.0.0.1:1/v1\n    auth: { bearer: sk-canary-0123456789 }\n    params: { user: sk-canary-0123456789 }\n";
    let said = said(text, &Folder::new());
    assert!(said.contains("a key must not stand in a file"), "{said}");
    assert!(!said.contains("canary"), "{said}");
}

#[test]
fn an_integer_beyond_what_is_exact_is_refused_to_the_least_of_all() {
    for integer in ["-9223372036854775808", "-9007199254740992", "9007199254740992", "9223372036854775807"] {
        refused(&format!("version: {integer}\n"), &["number-range"]);
    }
}

proptest! {
    #[test]
    fn parsing_never_fails_on_arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let parsed = parse_workspace("gatewright.yaml", &bytes, &Folder::new(), today());
        prop_assert!(parsed.value.is_some() || !parsed.diagnostics.is_empty());
        let _ = render(&parsed.diagnostics, &parsed.sources, false);
    }

    #[test]
    fn parsing_never_fails_on_text_that_is_almost_yaml(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "agent", "cases", "input", "expect", "gate", "contains", "not", "never", "target", ":", ": ", "- ",
                "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", "\"", "'", "&a ", "*a", "!!str ", "|\n", ">-\n",
                "90%", "1e9", "{{ x }}", "file://a", "dataset", "é", "\t", "#", "?", "http://a/v1", "~", "<<",
            ]),
            0..120,
        ),
    ) {
        let text = words.concat();
        let parsed = parse_workspace("gatewright.yaml", text.as_bytes(), &Folder::new(), today());
        prop_assert!(parsed.value.is_some() || !parsed.diagnostics.is_empty());
        for found in &parsed.diagnostics {
            prop_assert!(found.place.start <= found.place.end);
            prop_assert!(found.file != "gatewright.yaml" || found.place.end as usize <= text.len());
        }
        let _ = render(&parsed.diagnostics, &parsed.sources, false);
        let _ = crate::diagnostic::sarif(&parsed.diagnostics, &parsed.sources, "0.0.0");
    }

    #[test]
    fn parsing_never_fails_on_a_good_file_with_one_wound(at in 0..EIGHT_LINES.len(), byte: u8, cut: bool) {
        let mut bytes = EIGHT_LINES.as_bytes().to_vec();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let parsed = parse_workspace("gatewright.yaml", &bytes, &Folder::new(), today());
        prop_assert!(parsed.value.is_some() || !parsed.diagnostics.is_empty());
    }
}
