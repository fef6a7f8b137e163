-- The history of a workspace: facts, judgements of them, decisions, releases, and the log.
-- Names and digests are kept once, in `name` and `meaning`, and are integers everywhere else.

-- The order of everything in this workspace. One row.
CREATE TABLE sequence(only_ INTEGER PRIMARY KEY CHECK (only_ = 1), last INT NOT NULL) STRICT;
INSERT INTO sequence VALUES (1, 0);

-- kind: see table/name.rs
CREATE TABLE name(id INTEGER PRIMARY KEY, kind INT NOT NULL, text TEXT NOT NULL, UNIQUE(kind, text)) STRICT;
-- kind: see table/meaning.rs. An empty body: only the digest is known.
CREATE TABLE meaning(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, kind INT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE spec_history(spec INT NOT NULL, seq INT NOT NULL, meaning INT NOT NULL, PRIMARY KEY(spec, seq)) STRICT, WITHOUT ROWID;

-- Bytes: in the row up to 64 KB, else in objects/; NULL and no object row: dropped by `keep`.
CREATE TABLE blob(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, zstd BLOB) STRICT;
CREATE TABLE object(digest BLOB PRIMARY KEY, size INT NOT NULL, pinned INT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE version(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, agent TEXT NOT NULL, manifest TEXT NOT NULL, grade INT NOT NULL, provenance TEXT NOT NULL, seen_ms INT NOT NULL) STRICT;
CREATE INDEX version_agent ON version(agent, id);
CREATE TABLE component(version INT NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(version, name)) STRICT, WITHOUT ROWID;
CREATE INDEX component_same ON component(name, digest, version);
CREATE TABLE label(version INT NOT NULL, seq INT NOT NULL, text TEXT NOT NULL, PRIMARY KEY(version, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE endpoint(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;

-- of_version, of_attempt: the candidate of a baseline, else 0; environment: the monitored one, else 0.
CREATE TABLE stream(id INTEGER PRIMARY KEY, version INT NOT NULL, endpoint INT NOT NULL, spec INT NOT NULL, attempt INT NOT NULL, purpose INT NOT NULL, of_version INT NOT NULL, of_attempt INT NOT NULL, environment INT NOT NULL, seq INT NOT NULL, ended_seq INT, UNIQUE(spec, version, endpoint, purpose, of_version, of_attempt, environment, attempt)) STRICT;
CREATE TABLE plan(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, stream INT NOT NULL, spec_meaning INT NOT NULL, registered_seq INT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX plan_stream ON plan(stream);
CREATE TABLE plan_cache(key BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE trial(id INTEGER PRIMARY KEY, stream INT NOT NULL, round INT NOT NULL, case_ INT NOT NULL, input INT NOT NULL, state INT NOT NULL, class INT, asked INT NOT NULL, latency_us INT, cost_micros INT, answer INT, seq INT NOT NULL, UNIQUE(stream, case_, round, input)) STRICT;
CREATE TABLE observation(id INTEGER PRIMARY KEY, trial INT NOT NULL, turn INT NOT NULL, fact INT NOT NULL, scorer INT NOT NULL, vote INT NOT NULL, record BLOB NOT NULL, seq INT NOT NULL, UNIQUE(trial, turn, fact, scorer, vote)) STRICT;
CREATE TABLE human_label(observation INT NOT NULL, by_ TEXT NOT NULL, value INT NOT NULL, seq INT NOT NULL, PRIMARY KEY(observation, by_, seq)) STRICT, WITHOUT ROWID;
-- scorer: a scorer's meaning, or a case's meaning for what all its expectations together say.
CREATE TABLE score(trial INT NOT NULL, scorer INT NOT NULL, value INT, passed INT, why INT, PRIMARY KEY(trial, scorer)) STRICT, WITHOUT ROWID;

-- Projections of the above: rebuilt from it at any time.
CREATE TABLE case_stat(spec INT NOT NULL, version INT NOT NULL, case_ INT NOT NULL, meaning INT NOT NULL, n INT NOT NULL, passed INT NOT NULL, missing INT NOT NULL, latency_us INT NOT NULL, cost_micros INT NOT NULL, last_trial INT NOT NULL, PRIMARY KEY(spec, version, case_, meaning)) STRICT, WITHOUT ROWID;
CREATE INDEX case_stat_case ON case_stat(spec, case_, version);
CREATE TABLE point(spec INT NOT NULL, metric INT NOT NULL, version INT NOT NULL, stream INT NOT NULL, meaning INT NOT NULL, n INT NOT NULL, value REAL, low REAL, high REAL, outcome INT, PRIMARY KEY(spec, metric, version, stream)) STRICT, WITHOUT ROWID;

CREATE TABLE verdict(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, plan INT NOT NULL, version INT NOT NULL, endpoint INT NOT NULL, purpose INT NOT NULL, spec INT NOT NULL, spec_meaning INT NOT NULL, outcome INT NOT NULL, standing INT NOT NULL, attempts INT NOT NULL, seq INT NOT NULL, withdrawn_by INT, record BLOB NOT NULL, envelope BLOB NOT NULL) STRICT;
CREATE INDEX verdict_newest ON verdict(version, spec, endpoint, purpose, seq);
CREATE INDEX verdict_spec ON verdict(spec, seq);
CREATE TABLE criterion_verdict(verdict INT NOT NULL, criterion INT NOT NULL, outcome INT NOT NULL, at INT NOT NULL, record BLOB NOT NULL, PRIMARY KEY(verdict, criterion)) STRICT, WITHOUT ROWID;

CREATE TABLE decision(id INTEGER PRIMARY KEY, grant_ BLOB UNIQUE, environment INT NOT NULL, version INT NOT NULL, basis INT NOT NULL, actor TEXT, reason TEXT, seq INT NOT NULL, body BLOB NOT NULL, envelope BLOB) STRICT;
CREATE INDEX decision_lane ON decision(environment, seq);
CREATE TABLE release(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, environment INT NOT NULL, kind INT NOT NULL, decision INT NOT NULL, from_version INT, to_version INT NOT NULL, state INT NOT NULL, open INT NOT NULL, rung INT NOT NULL, fence INT NOT NULL, target_ref TEXT, expected_revision TEXT, supersedes INT, times TEXT NOT NULL, seq INT NOT NULL, envelope BLOB) STRICT;
CREATE UNIQUE INDEX release_open ON release(environment) WHERE open = 1;
CREATE INDEX release_lane ON release(environment, seq);
CREATE TABLE release_step(release INT NOT NULL, n INT NOT NULL, state INT NOT NULL, seq INT NOT NULL, at_ms INT NOT NULL, evidence TEXT NOT NULL, PRIMARY KEY(release, n)) STRICT, WITHOUT ROWID;
CREATE TABLE placed(version INT NOT NULL, environment INT NOT NULL, target_ref TEXT NOT NULL, PRIMARY KEY(version, environment)) STRICT, WITHOUT ROWID;
CREATE TABLE lease(name TEXT PRIMARY KEY, holder TEXT, fence INT NOT NULL, beat_ms INT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE monitor(environment INT NOT NULL, spec INT NOT NULL, log_m1 REAL NOT NULL, log_m2 REAL NOT NULL, log_m3 REAL NOT NULL, trials INT NOT NULL, seq INT NOT NULL, PRIMARY KEY(environment, spec)) STRICT, WITHOUT ROWID;

CREATE TABLE run(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, state INT NOT NULL, released_to INT NOT NULL, cancel INT NOT NULL, owner TEXT NOT NULL, started_ms INT NOT NULL, ended_ms INT, seq INT NOT NULL) STRICT;
CREATE TABLE run_stream(run INT NOT NULL, stream INT NOT NULL, PRIMARY KEY(run, stream)) STRICT, WITHOUT ROWID;
CREATE INDEX run_stream_stream ON run_stream(stream, run);

CREATE TABLE event(seq INTEGER PRIMARY KEY, kind INT NOT NULL, at_ms INT NOT NULL, body TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE INDEX event_kind ON event(kind, seq);
CREATE TABLE checkpoint(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
