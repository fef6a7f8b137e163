//! What an interruption did to a verdict, in words: the same on the screen and in the terminal.

/// Of slots that were asked more than once; none of none.
pub(crate) fn asked_again(slots: u32) -> Option<String> {
    let asked = match slots {
        0 => return None,
        1 => "1 slot was asked again: it was under way".to_owned(),
        slots => format!("{slots} slots were asked again: they were under way"),
    };
    Some(format!(
        "{asked} when a run broke off or was stopped. Where failing answers take longer, that favours the version."
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_said_of_a_run_that_went_through() {
        assert_eq!(super::asked_again(0), None);
        insta::assert_snapshot!(super::asked_again(1).expect("one"), @"1 slot was asked again: it was under way when a run broke off or was stopped. Where failing answers take longer, that favours the version.");
    }
}
