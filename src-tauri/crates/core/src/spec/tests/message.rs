//! Every message, drawn as a person sees it. The snapshots are read like a page of the handbook.

use super::*;

/// Draws what is said of each file, under the name of its mistake.
fn drawn(table: &[(&str, String)], files: &Folder) -> String {
    let mut page = String::new();
    for (name, text) in table {
        let found = said(text, files);
        assert!(!found.is_empty(), "nothing is said of: {name}\n{text}");
        page.push_str(&format!("## {name}\n{found}\n"));
    }
    page
}

/// A workspace with these lines in the place of its case.
fn with_case(lines: &str) -> String {
    format!("agent: http://127.0.0.1:8000/v1\ncases:\n{lines}\ngate: 90%\n")
}

fn with_expect(expect: &str) -> String {
    with_case(&format!("  - input: hello\n    expect: {expect}"))
}

fn with_gate(gate: &str) -> String {
    format!(
        "agent: http://127.0.0.1:8000/v1\ncases:\n  - {{ input: hello, expect: hi, tags: [money] }}\ngate:{gate}\n"
    )
}

fn with_agent(agent: &str) -> String {
    format!("agents:\n  bot:\n{agent}\n")
}

fn with_environment(environment: &str) -> String {
    format!("agents:\n  bot: http://127.0.0.1:8000/v1\nenvironments:\n  live:\n{environment}\n")
}

fn table<'n>(rows: &[(&'n str, &str)], wrap: impl Fn(&str) -> String) -> Vec<(&'n str, String)> {
    rows.iter().map(|(name, text)| (*name, wrap(text))).collect()
}

#[test]
fn text_that_is_no_yaml() {
    let rows = [
        ("empty", ""),
        ("a comment alone", "# later\n"),
        ("not a map", "- a\n- b\n"),
        ("bad indent", "cases:\n  - input: a\n   expect: b\n"),
        ("tab", "gate: 90%\ncases:\n\t- input: a\n"),
        ("tab after a value", "agents:\n  bot: a\n\tother: b\n"),
        ("unclosed bracket", "cases: [ { input: a, expect: [b }\ngate: 90%\n"),
        ("unclosed quote", "name: \"support\ncases:\n  - input: a\n"),
        ("colon in text", "name: support: desk\n"),
        ("special character", "name: @desk\n"),
        ("unknown alias", "name: *desk\n"),
        ("quote inside quotes", "name: 'it's'\n"),
        ("template without quotes", "name: {{ name }}\n"),
        ("map as a key", "? [a, b]\n: c\n"),
        ("duplicate key", "name: a\nname: b\n"),
        ("merge key", "name: a\n<<: { gate: 90% }\n"),
        ("two documents", "name: a\n---\nname: b\n"),
        ("tag", "name: !secret a\n"),
        ("tag that does not fit", "gatewright: !!int one\n"),
        ("big integer", "gatewright: 9007199254740993\n"),
        ("infinity", "gatewright: .inf\n"),
        ("not a number", "gatewright: .nan\n"),
        ("alias inside itself", "agents: &a { b: *a }\n"),
    ];
    insta::assert_snapshot!(drawn(&table(&rows, str::to_owned), &Folder::new()));
}

#[test]
fn what_no_call_could_be_made_for() {
    let rows = [
        ("an address in half a bracket", "agent: http://[bad\n"),
        ("no such address of version 6", "agent: http://[::g]:80/v1\n"),
        ("a program that is not there", "agent: ./bot.sh --quick\n"),
        ("a program in a list", "agents:\n  bot: { type: command, command: [./bot.sh] }\n"),
        (
            "a target too near to its floor",
            "agent: http://[::1]/v1\ncases: [{ input: a, expect: b }]\ngate:\n  q: { metric: pass_rate, target: 99.99%, floor: 99.98% }\n",
        ),
        (
            "a rate too small to show",
            "agent: http://[::1]/v1\ncases: [{ input: a, expect: b, critical: true }]\ngate:\n  q: { never: 0.0001% }\n",
        ),
    ];
    insta::assert_snapshot!(drawn(&table(&rows, str::to_owned), &Folder::new()));
}

#[test]
fn bytes_that_are_no_text() {
    let said = |bytes: &[u8]| {
        let parsed = parse_workspace("gatewright.yaml", bytes, &Folder::new(), today());
        render(&parsed.diagnostics, &parsed.sources, false)
    };
    let utf16: Vec<u8> = "name: a".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let page = [said(b"name: a\nother: \xe9t\xe9\n"), said(&utf16), said(&vec![b' '; FILE_BYTES_MAX + 1])];
    insta::assert_snapshot!(page.join("\n"));
}

#[test]
fn keys_and_values_of_a_workspace() {
    let rows = [
        ("unknown key", "colour: red\n"),
        ("near key", "enviroments: {}\n"),
        ("foreign keys", "provider: http://127.0.0.1:1/v1\ntests: []\n"),
        ("wrong types", "name: 7\nspecs: [a]\ncurrency: usd\non_save: always\nkeep: { bodies: soon }\n"),
        ("kept for too short a time", "keep: { bodies: 23h }\n"),
        ("specs outside", "specs: ../specs\n"),
        ("newer format", "gatewright: 2\n"),
        ("later keys", "before_each: { http: POST http://127.0.0.1:1 }\ndefaults: { judge: judge }\n"),
        (
            "risks",
            "defaults: { wrongly_blocked: 0%, wrongly_passed: 60%, budget: { calls: 0, cost: -1, time: 5 } }\n",
        ),
        ("a risk in per cent without its sign", "defaults: { wrongly_blocked: 5 }\n"),
        ("cases without gate and agent", "cases:\n  - { input: a, expect: b }\n"),
        (
            "several mistakes at once",
            "nam: a\ncases:\n  - inptu: a\n    expect: { contians: b }\n  - { input: c, expect: d, trials: 0 }\ngate: 100%\n",
        ),
        (
            "deterministic with trials",
            "agent: http://127.0.0.1:1/v1\ndeterministic: true\ncases:\n  - { input: a, expect: b }\n  - { input: c, expect: d, trials: 3 }\ngate: 90%\n",
        ),
        ("gate without cases", "agent: http://127.0.0.1:1/v1\ngate: 90%\n"),
        ("no cases", "agent: http://127.0.0.1:1/v1\ncases: []\ngate: 90%\n"),
        (
            "session, ask, isolation",
            "agent: http://127.0.0.1:1/v1\nsession: shared\nask: enogh\nisolation: alone\ndeterministic: yes\ncases: [{ input: a, expect: b }]\ngate: 90%\n",
        ),
    ];
    insta::assert_snapshot!(drawn(&table(&rows, str::to_owned), &Folder::new()));
}

#[test]
fn cases() {
    let rows = [
        ("neither input nor turns", "  - expect: a"),
        ("input and turns", "  - { input: a, turns: [{ user: b }], expect: c }"),
        ("turns with expect beside", "  - { turns: [{ user: b, expect: d }], expect: c }"),
        ("no turns", "  - { turns: [] }"),
        ("a turn without user", "  - { turns: [{ says: b }] }"),
        ("empty input", "  - { input: ' ', expect: a }"),
        ("number as text", "  - { input: 42, expect: a }"),
        ("template without dataset", "  - { input: 'Hello {{ name }}', expect: a }"),
        ("names twice", "  - { name: a, input: b, expect: c }\n  - { name: a, input: d, expect: e }"),
        ("trials", "  - { input: a, expect: b, trials: 5000 }"),
        ("tags", "  - { input: a, expect: b, tags: [] }\n  - { input: a, expect: b, tags: [7] }"),
        ("nothing expected", "  - { input: a }"),
        ("expect is empty", "  - { input: a, expect: [] }\n  - { input: b, expect: {} }"),
        ("weight", "  - { input: a, expect: b, weight: 2 }"),
        ("not a list", "  input: a"),
        ("input of a missing file", "  - { input: file://inputs/a.txt, expect: b }"),
        (
            "input outside",
            "  - { input: file:///etc/passwd, expect: b }\n  - { input: file://../a, expect: b }",
        ),
    ];
    insta::assert_snapshot!(drawn(&table(&rows, with_case), &Folder::new()));
}

#[test]
fn expectations() {
    let rows = [
        ("unknown scorer", "{ contians: a }"),
        ("scorers that come later", "[{ rubric: Be nice. }, { similar: { to: a, at_least: 0.8 } }]"),
        ("other tools' words", "[{ llm-rubric: Be nice. }, { icontains: a }, { equals: b }]"),
        ("contains", "[{ contains: { all: [a], any: [b] } }, { contains: {} }, { contains: [] }]"),
        ("case", "{ exact: { text: a, case: maybe } }"),
        ("regex", "{ regex: '(a' }"),
        ("look-around", "{ regex: '(?=a)b' }"),
        ("huge regex", "{ regex: '(?:a{1000}){1000}' }"),
        ("lengths", "[{ words: {} }, { words: { min: 3, max: 2 } }, { characters: 5 }]"),
        ("json", "[{ json: false }, { json_schema: 7 }, { json_schema: { type: nonsense } }]"),
        ("schema that reaches out", "{ json_schema: { $ref: 'http://127.0.0.1:1/a.json' } }"),
        ("schema file", "[{ json_schema: file://broken.json }, { json_schema: file://empty.json }]"),
        ("jsonpath", "[{ jsonpath: { path: choices } }, { jsonpath: { equals: 1 } }]"),
        ("numeric", "[{ numeric: many }, { numeric: { value: 1, tolerance: -1 } }]"),
        (
            "tool call",
            "[{ tool_call: { args: {} } }, { tool_call: { name: a, args: { size: { gt: big } } } }]",
        ),
        (
            "tests of a value",
            "{ tool_call: { name: a, args: { b: { gtt: 1 }, c: { one_of: [] }, d: { present: false } } } }",
        ),
        ("tool calls", "[{ tool_calls: {} }, { no_tool_call: false }]"),
        ("limits", "[{ latency: 2 }, { cost: 0 }, { tokens: 1.5 }]"),
        (
            "share",
            "[{ share: { of: [a] } }, { share: { of: [a], at_least: 0% } }, { not: { share: { of: [a], at_least: 50% } } }]",
        ),
    ];
    let files = folder(&[("broken.json", "{ \"type\": \"object\", }\n{"), ("empty.json", "")]);
    insta::assert_snapshot!(drawn(&table(&rows, with_expect), &files));
}

#[test]
fn gates() {
    let rows = [
        ("100 %", " 100%"),
        ("100 % of a criterion", "\n  quality: { target: 100% }"),
        ("0 %", " 0%"),
        ("per cent without its sign", " 90"),
        ("low target in short", " 60%"),
        ("low target", "\n  quality: { target: 20% }"),
        ("floor above target", "\n  quality: { target: 80%, floor: 85% }"),
        ("floor of nothing", "\n  quality: { target: 80%, floor: 0 }"),
        ("no target", "\n  quality: { metric: pass_rate }"),
        ("no criterion", " {}"),
        ("unknown metric", "\n  quality: { metric: pass_rat, target: 90% }"),
        ("metric of nowhere", "\n  quality: { metric: beauty, target: 90% }"),
        ("threshold", "\n  quality: { metric: pass_rate, threshold: 90% }"),
        ("never without critical cases", "\n  critical: { never: 5% }"),
        ("never with a target", "\n  critical: { never: 5%, target: 90%, wrongly_blocked: 1% }"),
        ("never of everything", "\n  critical: { never: 100% }"),
        ("percentile of a pass rate", "\n  quality: { metric: pass_rate, p95: 2s }"),
        ("latency without percentile", "\n  fast: { metric: latency, target: 90% }"),
        ("two percentiles", "\n  fast: { metric: latency, p95: 2s, p99: 5s }"),
        (
            "percentile of a wrong unit",
            "\n  fast: { metric: latency, p95: 2 }\n  cheap: { metric: cost, p95: 2s }",
        ),
        ("percentile with target", "\n  fast: { metric: latency, p95: 2s, target: 90% }"),
        ("unknown tag", "\n  quality: { target: 90%, tag: mony }"),
        ("fixed with risks", "\n  quality: { target: 90%, method: fixed, wrongly_passed: 5% }"),
        ("rounds without fixed", "\n  quality: { target: 90%, rounds: 3 }"),
        ("unknown method", "\n  quality: { target: 90%, method: bayes }"),
        ("nothing blocks", "\n  quality: { target: 90%, blocking: false }"),
    ];
    insta::assert_snapshot!(drawn(&table(&rows, with_gate), &Folder::new()));
}

#[test]
fn critical_cases_that_nothing_hears() {
    let text = "agent: http://127.0.0.1:1/v1\ncases:\n  - { input: a, expect: b, critical: true }\ngate:\n  quality: { target: 90% }\n";
    insta::assert_snapshot!(said(text, &Folder::new()));
}

#[test]
fn named_scorers_and_their_means() {
    let text = "agent: http://127.0.0.1:1/v1\ncases: [{ input: a, expect: b }]\nscorers:\n  polite: { contains: please }\n  two: { contains: a, regex: b }\ngate:\n  a: { metric: polit, target: 80% }\n  b: { metric: polite, p95: 2s }\n  c: { metric: polite }\n  d: { metric: polite, target: 80%, trials_max: 0 }\n  e: { metric: pass_rate, target: 80%, trials_max: 9 }\n  f: { never: 5%, trials_max: 9 }\n  g: { metric: polite, target: 80%, floor: 79.9999% }\n";
    insta::assert_snapshot!(said(text, &Folder::new()));
}

#[test]
fn weighted_metrics() {
    let rows = [
        ("one metric", "{ weighted: { pass_rate: 3 }, target: 80% }"),
        ("no metric", "{ weighted: {}, target: 80% }"),
        ("a list", "{ weighted: [pass_rate, polite], target: 80% }"),
        ("a weight of nothing", "{ weighted: { pass_rate: 3, polite: 0 }, target: 80% }"),
        ("nothing but nothing", "{ weighted: { pass_rate: 0, polite: 0 }, target: 80% }"),
        ("a share as a weight", "{ weighted: { pass_rate: 0.75, polite: 25% }, target: 80% }"),
        ("too heavy", "{ weighted: { pass_rate: 1001, polite: -1 }, target: 80% }"),
        ("unknown names", "{ weighted: { pas_rate: 3, polit: 1, beauty: 1 }, target: 80% }"),
        ("a measurement", "{ weighted: { pass_rate: 3, latency: 1 }, target: 80% }"),
        ("within one another", "{ weighted: { pass_rate: 3, more: { polite: 1, brief: 2 } }, target: 80% }"),
        ("beside a metric", "{ metric: polite, weighted: { pass_rate: 3, polite: 1 }, target: 80% }"),
        ("with a percentile", "{ weighted: { pass_rate: 3, polite: 1 }, p95: 2s }"),
        ("with never", "{ never: 5%, weighted: { pass_rate: 3, polite: 1 } }"),
        ("without a target", "{ weighted: { pass_rate: 3, polite: 1 } }"),
        ("a target of everything", "{ weighted: { pass_rate: 3, polite: 1 }, target: 100% }"),
    ];
    let with = |criterion: &str| {
        format!(
            "agent: http://127.0.0.1:1/v1\ncases: [{{ input: a, expect: b, critical: true }}]\nscorers:\n  polite: {{ contains: please }}\n  brief: {{ words: {{ max: 9 }} }}\ngate:\n  both: {criterion}\n"
        )
    };
    insta::assert_snapshot!(drawn(&table(&rows, with), &Folder::new()));
    let silent = "agent: http://127.0.0.1:1/v1\ncases: [{ input: a }]\nscorers: { polite: { contains: please } }\ngate:\n  both: { weighted: { pass_rate: 3, polite: 1 }, target: 80% }\n";
    insta::assert_snapshot!(said(silent, &Folder::new()));
}

#[test]
fn agents() {
    let rows = [
        ("no address", "    model: a"),
        ("unknown type", "    type: openai\n    url: http://127.0.0.1:1/v1"),
        ("type that comes later", "    type: anthropic-messages\n    url: https://api.anthropic.com"),
        ("address", "    url: example.com"),
        ("address with a key", "    url: http://user:pass@127.0.0.1/v1"),
        ("address of the method", "    url: http://127.0.0.1:1/v1/chat/completions"),
        ("address with a variable", "    url: 'http://{{ host }}/v1'"),
        ("key in the file", "    url: http://127.0.0.1:1/v1\n    auth: { bearer: sk-proj-0123456789abcdef }"),
        (
            "key in a header",
            "    url: http://127.0.0.1:1/ask\n    headers: { Authorization: 'Bearer abc', x: 'ghp_0123456789abcdef' }",
        ),
        ("stored secret", "    url: http://127.0.0.1:1/v1\n    auth: { bearer: secret:bot }"),
        ("auth", "    url: http://127.0.0.1:1/v1\n    auth: { header: x-api-key }"),
        ("auth in two ways", "    url: http://127.0.0.1:1/v1\n    auth: { bearer: env:A, header: b }"),
        ("variable of the environment", "    url: http://127.0.0.1:1/v1\n    auth: { bearer: 'env:A B' }"),
        ("prompt that is not there", "    url: http://127.0.0.1:1/v1\n    prompt: file://prompts/system.md"),
        ("tools", "    url: http://127.0.0.1:1/v1\n    tools: { a: b }\n    params: { model: c }"),
        (
            "limits",
            "    url: http://127.0.0.1:1/v1\n    limits: { concurrency: 0, connect: 0s, idle: 5, parallel: 3 }",
        ),
        ("price", "    url: http://127.0.0.1:1/v1\n    price: { input: -1, per: 1G }"),
        (
            "identity",
            "    url: http://127.0.0.1:1/v1\n    identity: { files: [../a], served: { get: version, json: build }, answer: { v: {} } }",
        ),
        (
            "request",
            "    type: http\n    url: http://127.0.0.1:1/ask\n    method: DELETE\n    path: ask\n    body: { q: '{{ question }}', r: '{{ input' }\n    text: answer\n    usage: { in: $.a }",
        ),
        ("shell", "    command: ./bot 'two words' | tee log"),
        ("key of another type", "    type: command\n    command: ./bot\n    model: a"),
        ("bare word", ""),
    ];
    let mut page = table(&rows[..rows.len() - 1], with_agent);
    page.push((
        "a bare word",
        "agent: support-bot\ncases: [{ input: a, expect: b }]\ngate: 90%\n".to_owned(),
    ));
    page.push((
        "an agent that is not there",
        "agents: { bot: 'http://127.0.0.1:1/v1' }\nagent: bto\ncases: [{ input: a, expect: b }]\ngate: 90%\n"
            .to_owned(),
    ));
    page.push((
        "a provider that comes later",
        "agent: anthropic/claude-sonnet-4-5\ncases: [{ input: a, expect: b }]\ngate: 90%\n".to_owned(),
    ));
    page.push(("several agents and none named", "agents: { a: 'http://127.0.0.1:1/v1', b: 'http://127.0.0.1:2/v1' }\ncases: [{ input: a, expect: b }]\ngate: 90%\n".to_owned()));
    insta::assert_snapshot!(drawn(&page, &Folder::new()));
}

#[test]
fn environments() {
    let rows = [
        ("no deploy", "    weakening: ask"),
        ("unknown agent", "    agent: bott\n    deploy: { adapter: folder, path: deploy }"),
        ("adapter that comes later", "    deploy: { adapter: kubernetes }"),
        ("unknown adapter", "    deploy: { adapter: ftp, path: a }"),
        ("path", "    deploy: { adapter: folder, path: ../live }"),
        (
            "monitor and rehearsal",
            "    deploy: { adapter: folder, path: live }\n    rehearse: plan\n    monitor: { spec: smoke }",
        ),
        (
            "conditions",
            "    deploy: { adapter: folder, path: live }\n    weakening: never\n    max_age: 7\n    attempts_max: 0\n    requires: [a, a]",
        ),
        (
            "endpoint",
            "    deploy: { adapter: folder, path: live }\n    endpoint: { url: bot.example.com, auth: { bearer: key } }",
        ),
    ];
    insta::assert_snapshot!(drawn(&table(&rows, with_environment), &Folder::new()));
}

#[test]
fn datasets() {
    let files = folder(&[
        ("good.jsonl", "{\"question\":\"a\",\"answer\":\"b\"}\n"),
        (
            "bad.jsonl",
            "{\"question\":\"a\"}\n{\"question\":\"c\",\"answer\":\"\"}\nnonsense\n{\"question\":\"d\",\"question\":\"e\"}\n[1]\n",
        ),
        ("bad.csv", "question,answer\na,b\nonly one\n\"never closed"),
        ("twice.csv", "id,question,answer\n1,a,b\n1,c,d\n"),
        ("empty.jsonl", "\n\n"),
        ("system.jsonl", "{\"input\":[{\"role\":\"system\",\"content\":\"a\"}],\"ideal\":\"b\"}\n"),
        ("file.jsonl", "{\"question\":\"a\",\"answer\":\"file://secrets\"}\n"),
        ("regex.jsonl", "{\"question\":\"a\",\"answer\":\"(\"}\n"),
    ]);
    let rows = [
        ("missing file", "  - { dataset: cases/none.jsonl, input: '{{ question }}', expect: a }"),
        ("outside", "  - { dataset: ../a.jsonl, input: '{{ question }}', expect: a }"),
        ("kind", "  - { dataset: a.parquet, input: '{{ question }}', expect: a }"),
        ("template", "  - { dataset: good.jsonl, input: '{{ question', expect: a }"),
        ("unknown column", "  - { dataset: good.jsonl, input: '{{ questoin }}', expect: a }"),
        ("no input", "  - { dataset: good.jsonl, expect: a }"),
        ("rows", "  - { dataset: bad.jsonl, input: '{{ question }}', expect: '{{ answer }}' }"),
        ("records", "  - { dataset: bad.csv, input: '{{ question }}', expect: '{{ answer }}' }"),
        ("names twice", "  - { dataset: twice.csv, input: '{{ question }}', expect: '{{ answer }}' }"),
        ("empty", "  - { dataset: empty.jsonl, input: '{{ question }}', expect: a }"),
        ("system message", "  - { dataset: system.jsonl }"),
        (
            "a row names a file",
            "  - { dataset: file.jsonl, input: '{{ question }}', expect: { json_schema: '{{ answer }}' } }",
        ),
        (
            "a row makes a bad pattern",
            "  - { dataset: regex.jsonl, input: '{{ question }}', expect: { regex: '{{ answer }}' } }",
        ),
        ("turns", "  - { dataset: good.jsonl, turns: [{ user: a }] }"),
    ];
    insta::assert_snapshot!(drawn(&table(&rows, with_case), &files));
}

/// A gate in a workspace with these environments of its agent.
fn with_environments(environments: &str, gate: &str) -> String {
    let deploy = "deploy: { adapter: folder, path: a }";
    let named = environments.split_whitespace().map(|one| match one.strip_suffix('!') {
        Some(name) => format!("  {name}: {{ {deploy} }}\n"),
        None => format!("  {one}: {{ requires: [other], {deploy} }}\n"),
    });
    let environments: String = named.collect();
    let environments =
        if environments.is_empty() { String::new() } else { format!("environments:\n{environments}") };
    format!(
        "agent: http://127.0.0.1:8000/v1\n{environments}cases: [{{ input: hello, expect: hi }}]\n\
         scorers: {{ polite: {{ contains: please }} }}\ngate:\n  drop: {gate}\n"
    )
}

/// Environments, those that require the spec with an exclamation mark, and the criterion.
#[test]
fn comparisons() {
    let rows = [
        ("no environment", "", "{ max_drop: 10% }"),
        ("none requires it", "staging", "{ max_drop: 10%, against: live }"),
        ("several require it", "staging! production!", "{ max_drop: 10% }"),
        ("another environment", "staging! production!", "{ max_drop: 10%, against: live@prodcution }"),
        ("an environment of nowhere", "staging!", "{ max_drop: 10%, against: live@x }"),
        (
            "two environments",
            "staging! production!",
            "{ max_drop: 10%, against: live@staging }\n  other: { max_drop: 5%, against: live@production }",
        ),
        ("against a version", "staging!", "{ max_drop: 10%, against: v12 }"),
        ("no drop", "staging!", "{ max_drop: 0 }"),
        ("any drop", "staging!", "{ max_drop: 100% }"),
        ("a drop of a latency", "staging!", "{ metric: latency, max_drop: 10% }"),
        ("a drop with levels", "staging!", "{ max_drop: 10%, target: 90%, p95: 2s, method: fixed }"),
        ("never a drop", "staging!", "{ max_drop: 10%, never: 5% }"),
        ("too many pairs", "staging!", "{ max_drop: 10%, pairs_max: 10001 }"),
        ("against without a drop", "staging!", "{ target: 90%, against: live, pairs_max: 10 }"),
    ];
    let table: Vec<(&str, String)> = rows
        .iter()
        .map(|(name, environments, gate)| (*name, with_environments(environments, gate)))
        .collect();
    insta::assert_snapshot!(drawn(&table, &Folder::new()));
}

/// What is said of the drop of an environment that cannot be read is said there alone.
#[test]
fn a_comparison_with_an_environment_that_cannot_be_read_is_no_second_mistake() {
    let text =
        with_environments("staging!", "{ max_drop: 10% }").replace("adapter: folder", "adapter: fodler");
    for text in [text.clone(), text.replace("10% }", "10%, against: live@staging }")] {
        let parsed = parsed(&text, &Folder::new());
        let codes: Vec<&str> = parsed.diagnostics.iter().map(|found| found.code.as_str()).collect();
        assert_eq!(codes.len(), 1, "{}", said(&text, &Folder::new()));
    }
}

#[test]
fn quarantines() {
    const CASES: &str = "agent: http://127.0.0.1:1/v1
cases:
  - { name: late-parcel, input: a, expect: b }
  - { name: wrong-size, input: c, expect: d }
  - { name: secrets, input: e, expect: f, critical: true }
gate: 90%
";
    let rows = [
        ("over since yesterday", "  - { case: late-parcel, reason: The address moved, until: 2026-11-22 }"),
        ("near case", "  - { case: late-parcl, reason: a, until: 2026-12-01 }"),
        ("no such case", "  - { case: everything, reason: a, until: 2026-12-01 }"),
        ("critical", "  - { case: secrets, reason: a, until: 2026-12-01 }"),
        (
            "twice",
            "  - { case: wrong-size, reason: a, until: 2026-12-01 }\n  - { case: wrong-size, reason: b, until: 2026-12-02 }",
        ),
        (
            "without a reason and a day",
            "  - { case: wrong-size }\n  - { case: late-parcel, reason: ' ', until: 2026-12-01 }",
        ),
        (
            "no day",
            "  - { case: wrong-size, reason: a, until: next week }\n  - { case: late-parcel, reason: a, until: 2026-02-30 }",
        ),
        ("unknown key", "  - { case: wrong-size, why: a, until: 2026-12-01 }"),
        ("not a list", "  case: wrong-size"),
    ];
    let with_cases = |text: &str| format!("{CASES}quarantine:\n{text}\n");
    insta::assert_snapshot!(drawn(&table(&rows, with_cases), &Folder::new()));
}

/// The handbook's page shows more than this build has: of that, and of nothing else, it says that it comes later.
#[test]
fn the_full_files_of_the_handbook_ask_for_a_newer_build_alone() {
    let files = folder(&[
        ("prompts/system.md", "Be brief."),
        ("tools.json", "[]"),
        ("rubrics/polite.md", "Polite."),
        ("cases/refunds.jsonl", "{\"question\":\"a\",\"answer\":\"b\"}\n"),
    ]);
    let file = include_str!("handbook_workspace.yaml");
    let parsed = parsed(file, &files);
    let codes: Vec<&str> = parsed.diagnostics.iter().map(|found| found.code.as_str()).collect();
    assert!(codes.iter().all(|&code| code == "needs-newer"), "{}", said(file, &files));
    let workspace = parsed.value.expect("a workspace").workspace;
    let spec =
        parse_spec("specs/refunds.yaml", include_bytes!("handbook_spec.yaml"), &workspace, &files, today());
    let page = [
        render(&parsed.diagnostics, &parsed.sources, false),
        render(&spec.diagnostics, &spec.sources, false),
    ];
    insta::assert_snapshot!(page.join("\n"));
    assert!(spec.diagnostics.iter().all(|found| found.code == "needs-newer"));
}
