//! A row of a golden file, read strictly: what is not there, or not of the kind asked for, fails the test.

use serde_json::Value;

/// One row: what goes in, what must come out.
pub(crate) struct Row<'a> {
    file: &'a str,
    row: &'a Value,
    tolerance: f64,
    noise: f64,
    compared: Vec<&'a str>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(file: &'a str, row: &'a Value, tolerance: f64) -> Self {
        Self { file, row, tolerance, noise: 1e-14, compared: Vec::new() }
    }

    /// Lets through differences up to `noise`, where the file says so.
    pub(crate) fn allow(&mut self, noise: f64) {
        self.noise = noise;
    }

    pub(crate) fn input(&self, key: &str) -> &'a Value {
        self.row.pointer(&format!("/in/{key}")).unwrap_or_else(|| self.fail(&format!("has no input {key}")))
    }

    pub(crate) fn number(&self, key: &str) -> f64 {
        self.input(key).as_f64().unwrap_or_else(|| self.fail(&format!("input {key} is no number")))
    }

    pub(crate) fn count(&self, key: &str) -> u32 {
        let count = self.input(key).as_u64().and_then(|count| u32::try_from(count).ok());
        count.unwrap_or_else(|| self.fail(&format!("input {key} is no count")))
    }

    pub(crate) fn numbers(&self, key: &str) -> Vec<f64> {
        let list = self.input(key).as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
        list.unwrap_or_else(|| self.fail(&format!("input {key} is no list of numbers")))
    }

    pub(crate) fn counts(&self, key: &str) -> Vec<u32> {
        counts(self.input(key)).unwrap_or_else(|| self.fail(&format!("input {key} is no list of counts")))
    }

    pub(crate) fn table(&self, key: &str) -> Vec<Vec<u32>> {
        let table = self.input(key).as_array().and_then(|rows| rows.iter().map(counts).collect());
        table.unwrap_or_else(|| self.fail(&format!("input {key} is no table of counts")))
    }

    /// What must come out under a key, which may be a path such as `ppi/low`.
    pub(crate) fn expected(&mut self, key: &'a str) -> &'a Value {
        self.compared.push(key);
        self.row.pointer(&format!("/out/{key}")).unwrap_or_else(|| self.fail(&format!("has no output {key}")))
    }

    /// Compares a number; none stands for `null`.
    pub(crate) fn is(&mut self, key: &'a str, found: impl Into<Option<f64>>) {
        let found = found.into();
        let expected = match self.expected(key) {
            Value::Null => None,
            Value::String(text) if text == "inf" => Some(f64::INFINITY),
            Value::String(text) if text == "-inf" => Some(f64::NEG_INFINITY),
            value => Some(value.as_f64().unwrap_or_else(|| self.fail(&format!("output {key} is no number")))),
        };
        let same = match (found, expected) {
            (Some(found), Some(expected)) => self.near(found, expected),
            (found, expected) => found.is_none() && expected.is_none(),
        };
        if !same {
            self.fail(&format!("{key} is {found:?} instead of {expected:?}"));
        }
    }

    /// Relative to what is expected; around 0 the noise of a sum of ones is let through.
    fn near(&self, found: f64, expected: f64) -> bool {
        found == expected || (found - expected).abs() <= self.tolerance * expected.abs() + self.noise
    }

    /// Compares a count; none stands for `null`.
    pub(crate) fn counted(&mut self, key: &'a str, found: impl Into<Option<u32>>) {
        let found = found.into();
        let expected = match self.expected(key) {
            Value::Null => None,
            value => {
                let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                Some(count.unwrap_or_else(|| self.fail(&format!("output {key} is no count"))))
            }
        };
        if found != expected {
            self.fail(&format!("{key} is {found:?} instead of {expected:?}"));
        }
    }

    /// Fails unless each output was compared.
    pub(crate) fn finish(self) {
        let out = self.row.get("out").and_then(Value::as_object);
        for key in out.unwrap_or_else(|| self.fail("has no output")).keys() {
            let compared = self.compared.iter().any(|path| path.split('/').next() == Some(key));
            if !compared {
                self.fail(&format!("the output {key} is compared with nothing"));
            }
        }
    }

    pub(crate) fn fail(&self, what: &str) -> ! {
        panic!("{}: {what}\n{}", self.file, self.row)
    }
}

fn counts(value: &Value) -> Option<Vec<u32>> {
    value.as_array()?.iter().map(|count| u32::try_from(count.as_u64()?).ok()).collect()
}
