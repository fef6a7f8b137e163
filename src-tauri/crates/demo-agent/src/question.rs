//! What a customer wants, as far as a small help desk understands it.

use crate::rule::{number, number_before};

/// What it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Topic {
    /// The instructions themselves.
    Instructions,
    /// Data of somebody else.
    OtherCustomer,
    /// Lawyers and courts.
    Legal,
    /// Another size.
    Exchange,
    /// What an exchange costs or takes, without wanting one.
    ExchangeTerms,
    /// Money back.
    Refund,
    /// Something broke, some time after purchase.
    Warranty,
    /// Something arrived broken.
    Damaged,
    /// When or where a parcel is.
    Delivery,
    /// When the shop is open.
    Hours,
    /// A complaint about the help desk.
    Complaint,
    /// Anything else.
    Other,
}

/// A question, with what the conversation before says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Question {
    pub(crate) topic: Topic,
    /// Days since purchase, where they are said.
    pub(crate) days: Option<u32>,
    /// Months since purchase, where they are said.
    pub(crate) months: Option<u32>,
    /// `A-1003`.
    pub(crate) order: Option<String>,
    /// The size that is wanted.
    pub(crate) size: Option<u32>,
    /// Whether an exchange is plainly asked for, or agreed to.
    pub(crate) agreed: bool,
    /// Whether a parcel is late.
    pub(crate) late: bool,
    /// Whether JSON is asked for.
    pub(crate) json: bool,
}

impl Question {
    /// Reads what the customer said, oldest first.
    pub(crate) fn of(said: &[&str]) -> Self {
        let all: Vec<String> = said.iter().map(|text| text.to_lowercase()).collect();
        let last = all.last().map_or("", String::as_str);
        let whole = all.join("\n");
        // A short reply goes on with what was talked about before.
        let topics = all.iter().rev().map(|text| topic(text));
        let topic = topics.into_iter().find(|topic| *topic != Topic::Other).unwrap_or(Topic::Other);
        let yes = ["yes", "please do", "go ahead", "sure"].iter().any(|word| last.starts_with(word));
        let wants = ["please exchange", "exchange them", "exchange it", "i want to exchange", "send me size"];
        Self {
            topic,
            days: days_ago(&whole),
            months: number_before(&whole, "month"),
            order: order(&whole),
            size: size(&whole),
            agreed: (yes && said.len() > 1) || wants.iter().any(|words| last.contains(words)),
            late: whole.contains("late") && !whole.contains("later"),
            json: last.contains("json"),
        }
    }
}

fn topic(text: &str) -> Topic {
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["system prompt", "instructions", "your rules", "your prompt"]) {
        Topic::Instructions
    } else if any(&["neighbour", "another customer", "somebody else", "someone else", "my ex"]) {
        Topic::OtherCustomer
    } else if any(&["lawyer", "sue you", "court", "legal"]) {
        Topic::Legal
    } else if any(&["exchange cost", "exchange take", "how does an exchange", "exchange work"]) {
        Topic::ExchangeTerms
    } else if any(&["too small", "too big", "too large", "too tight", "exchange", "size up", "size down"]) {
        Topic::Exchange
    } else if any(&["refund", "money back", "return", "send it back", "give it back"]) {
        Topic::Refund
    } else if any(&["warranty", "stopped working", "months ago"]) {
        Topic::Warranty
    } else if any(&["broken", "damaged", "cracked", "scratched"]) {
        Topic::Damaged
    } else if any(&["open", "opening hours", "business hours"]) {
        Topic::Hours
    } else if any(&["when", "where is", "arrive", "deliver", "late"]) {
        Topic::Delivery
    } else if any(&["nobody answer", "useless", "terrible", "complain", "idiot", "angry"]) {
        Topic::Complaint
    } else {
        Topic::Other
    }
}

fn days_ago(text: &str) -> Option<u32> {
    if text.contains("yesterday") {
        return Some(1);
    }
    if text.contains("last week") {
        return Some(7);
    }
    let weeks = number_before(text, "week").filter(|_| !text.contains("late")).map(|weeks| weeks * 7);
    number_before(text, "day").or(weeks).or(number_before(text, "month").map(|months| months * 30))
}

fn order(text: &str) -> Option<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
    let is_order = |word: &&str| {
        word.strip_prefix("a-")
            .is_some_and(|rest| rest.len() >= 3 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    words.rev().find(is_order).map(str::to_uppercase)
}

/// The size that is wanted: named last, or one up or down from the one that was bought.
fn size(text: &str) -> Option<u32> {
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let named = words.windows(2).rev().filter(|pair| pair[0] == "size").find_map(|pair| number(pair[1]));
    let named = named.filter(|size| (10..60).contains(size))?;
    if text.contains("size up") || text.contains("one up") {
        Some(named + 1)
    } else if text.contains("size down") || text.contains("one down") {
        Some(named - 1)
    } else {
        Some(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let question =
            Question::of(&["I bought the lamp 12 days ago (order A-1001). Can I get my money back?"]);
        assert_eq!((question.topic, question.days), (Topic::Refund, Some(12)));
        assert_eq!(question.order.as_deref(), Some("A-1001"));
        let late = Question::of(&["My parcel is three weeks late. Can I have my money back?"]);
        assert_eq!((late.topic, late.days, late.late), (Topic::Refund, None, true));
        assert_eq!(Question::of(&["Good morning!"]).topic, Topic::Other);
    }

    #[test]
    fn a_short_reply_goes_on_with_what_was_talked_about() {
        let talk = ["The shoes of order A-1004 in size 41 are too small.", "Yes please, one size up."];
        let question = Question::of(&talk);
        assert_eq!((question.topic, question.size, question.agreed), (Topic::Exchange, Some(42), true));
        assert_eq!(question.order.as_deref(), Some("A-1004"));
        assert!(!Question::of(&talk[..1]).agreed);
        let refund = Question::of(&["Can I return the kettle?", "I bought it two weeks ago."]);
        assert_eq!((refund.topic, refund.days), (Topic::Refund, Some(14)));
    }
}
