-- What was written stays written: the log, its checkpoints, the facts of a trial, what a verdict and a decision said.
CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER event_remains BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER checkpoint_stays BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
CREATE TRIGGER checkpoint_remains BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
CREATE TRIGGER observation_stays BEFORE UPDATE ON observation BEGIN SELECT RAISE(ABORT, 'observations are append-only'); END;
CREATE TRIGGER trial_ends_once BEFORE UPDATE OF state ON trial WHEN OLD.state <> 0 BEGIN SELECT RAISE(ABORT, 'a trial ends once'); END;
CREATE TRIGGER verdict_stays BEFORE UPDATE OF digest, plan, version, endpoint, purpose, spec, spec_meaning, outcome, standing, attempts, seq, record, envelope ON verdict BEGIN SELECT RAISE(ABORT, 'a verdict stays as given'); END;
CREATE TRIGGER verdict_remains BEFORE DELETE ON verdict BEGIN SELECT RAISE(ABORT, 'a verdict stays as given'); END;
CREATE TRIGGER decision_remains BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'a decision stays as taken'); END;
CREATE TRIGGER release_step_stays BEFORE UPDATE ON release_step BEGIN SELECT RAISE(ABORT, 'steps of a release are append-only'); END;
