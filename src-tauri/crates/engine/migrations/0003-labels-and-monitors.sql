-- What people say of a scorer's word on an answer, and where a monitor stands. Nothing was ever written to either table
-- by a released build: they are made anew.

-- value: see table/human_label.rs. Of several words of one scorer on one answer the last counts.
DROP TABLE human_label;
CREATE TABLE human_label(observation INT NOT NULL, scorer INT NOT NULL, by_ TEXT NOT NULL, value INT NOT NULL, seq INT NOT NULL, PRIMARY KEY(observation, scorer, seq)) STRICT, WITHOUT ROWID;
CREATE TRIGGER human_label_stays BEFORE UPDATE ON human_label BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
CREATE TRIGGER human_label_remains BEFORE DELETE ON human_label BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;

-- The bets themselves, not their logarithms: a product of fractions is the same number on every machine.
DROP TABLE monitor;
CREATE TABLE monitor(environment INT NOT NULL, spec INT NOT NULL, stream INT NOT NULL, bet_1 REAL NOT NULL, bet_2 REAL NOT NULL, bet_3 REAL NOT NULL, trials INT NOT NULL, seq INT NOT NULL, PRIMARY KEY(environment, spec)) STRICT, WITHOUT ROWID;
