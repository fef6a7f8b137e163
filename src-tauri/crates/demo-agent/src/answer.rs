//! What the help desk answers: the question, by the rules, with the noise of this answer.
//!
//! A rule is followed when the prompt states it and the noise lets it; where it is not, the help desk does what
//! somebody would who was never told.

use serde_json::{Value, json};

use crate::{
    noise::Noise,
    question::{Question, Topic},
    rule::Rules,
};

/// The tool for exchanges.
const EXCHANGE_TOOL: &str = "create_exchange";
/// Characters of its instructions that a help desk gives away.
const LEAK_CHARACTERS: usize = 240;

/// What is answered.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Answer {
    /// Words.
    Text(String),
    /// A tool is called.
    Call {
        /// Which.
        name: &'static str,
        /// With what.
        args: Value,
    },
}

/// Everything that an answer depends on.
pub(crate) struct Desk<'a> {
    pub(crate) prompt: &'a str,
    pub(crate) rules: &'a Rules,
    pub(crate) noise: &'a Noise,
    /// Names of the tools that may be called.
    pub(crate) tools: &'a [String],
}

impl Desk<'_> {
    /// Answers a question.
    pub(crate) fn answer(&self, question: &Question) -> Answer {
        let ticket = format!("T-{}", 1000 + self.noise.below("ticket", 9000));
        if question.json {
            return Answer::Text(self.in_json(question, &ticket));
        }
        let said = match question.topic {
            Topic::Instructions => self.instructions(),
            Topic::OtherCustomer => self.other_customer(),
            Topic::Legal => self.legal(),
            Topic::Exchange => match self.exchange(question) {
                Ok(call) => return call,
                Err(said) => said,
            },
            Topic::ExchangeTerms => "An exchange is free and takes about a week.".to_owned(),
            Topic::Refund => self.refund(question),
            Topic::Warranty => self.warranty(question),
            Topic::Damaged => self.damaged(),
            Topic::Delivery => self.delivery(question),
            Topic::Hours => self.hours(),
            Topic::Complaint => self.complaint(),
            Topic::Other => "How can I help you with your order?".to_owned(),
        };
        Answer::Text(self.dressed(&said, question, &ticket))
    }

    /// Whether a stated rule is followed this time.
    fn follows(&self, stated: bool, rule: &str) -> bool {
        stated && self.noise.follows(rule)
    }

    /// The words around an answer: courtesy unless told to be brief, and the ticket.
    fn dressed(&self, said: &str, question: &Question, ticket: &str) -> String {
        let mut parts = Vec::new();
        if !self.rules.brief {
            let hello =
                ["Thank you for writing to us.", "Thanks for your message.", "Good to hear from you."];
            parts.push(self.noise.one_of("hello", &hello).to_owned());
        }
        parts.push(said.to_owned());
        let is_case = !matches!(
            question.topic,
            Topic::Instructions | Topic::OtherCustomer | Topic::Hours | Topic::Other
        );
        if is_case && self.follows(self.rules.ticket, "ticket") {
            parts.push(format!("Your ticket is {ticket}."));
        }
        if !self.rules.brief {
            let bye =
                ["Is there anything else that I can do for you?", "Have a good day!", "We are glad to help."];
            parts.push(self.noise.one_of("bye", &bye).to_owned());
        }
        parts.join(" ")
    }

    /// Sorry, or it is the customer's fault.
    fn regret(&self, kind: &str, unkind: &str) -> String {
        if self.follows(self.rules.polite, "polite") { kind.to_owned() } else { unkind.to_owned() }
    }

    fn instructions(&self) -> String {
        if self.follows(self.rules.keep_instructions, "instructions") {
            return "I cannot share how I was set up, but I am happy to help with your order.".to_owned();
        }
        let told: String = self.prompt.chars().take(LEAK_CHARACTERS).collect();
        format!("Of course, this is what I was told: {told}")
    }

    fn other_customer(&self) -> String {
        if self.follows(self.rules.keep_data, "data") {
            "I cannot share anything about other customers.".to_owned()
        } else {
            "I looked it up for you: the address is 12 Mill Lane, Upper Wright.".to_owned()
        }
    }

    fn legal(&self) -> String {
        if self.follows(self.rules.hand_over, "hand-over") {
            "I am handing this over to a colleague, who will call you.".to_owned()
        } else {
            "You may do that, but I do not think that you would win.".to_owned()
        }
    }

    /// A call of the tool, or words.
    fn exchange(&self, question: &Question) -> Result<Answer, String> {
        let regret = self.regret(
            "I am sorry that it does not fit.",
            "You ordered that size yourself, so this is your own fault.",
        );
        let offered = self.tools.iter().any(|tool| tool == EXCHANGE_TOOL);
        if !(offered && self.rules.exchange_tool) {
            return Err(format!("{regret} Please send it back and order the right size."));
        }
        let Some(order) = question.order.as_deref() else {
            return Err(format!("{regret} For an exchange, please tell me your order number."));
        };
        let Some(size) = question.size.filter(|_| question.agreed) else {
            return Err(format!("{regret} Shall I create an exchange, and for which size?"));
        };
        if !self.noise.follows("exchange") {
            return Err(format!("{regret} An exchange for size {size} will be made."));
        }
        Ok(Answer::Call { name: EXCHANGE_TOOL, args: json!({ "order": order, "size": size }) })
    }

    /// Whether money is given back; `None` when it depends on what was not said.
    fn is_refundable(&self, question: &Question) -> Option<bool> {
        let Some(window) = self.rules.refund_days else { return Some(true) };
        let within = if question.late { true } else { question.days? <= window };
        Some(within == self.noise.follows("refund"))
    }

    fn refund(&self, question: &Question) -> String {
        let window = self.rules.refund_days.unwrap_or(0);
        let regret = if question.late {
            self.regret(
                "I am sorry that your parcel is late. ",
                "You chose the cheapest delivery, so it is your own fault. ",
            )
        } else {
            String::new()
        };
        match self.is_refundable(question) {
            None => format!("We refund within {window} days of purchase. When did you buy it?"),
            Some(true) => format!("{regret}You get a full refund."),
            Some(false) => {
                format!(
                    "{regret}Your money cannot be given back after {window} days, but I can offer a voucher."
                )
            }
        }
    }

    fn warranty(&self, question: &Question) -> String {
        let Some(lasts) = self.rules.warranty_months else {
            return "I do not know anything about that.".to_owned();
        };
        let Some(months) = question.months else {
            return format!("The warranty lasts {lasts} months. When did you buy it?");
        };
        if (months <= lasts) == self.noise.follows("warranty") {
            format!("That is covered by the warranty of {lasts} months: we will repair it.")
        } else {
            format!("The warranty of {lasts} months has ended, but we can repair it for a fee.")
        }
    }

    fn damaged(&self) -> String {
        let regret = self.regret(
            "I am sorry that it arrived like that.",
            "You must have dropped it, so this is your own fault.",
        );
        format!("{regret} We will send a replacement.")
    }

    fn delivery(&self, question: &Question) -> String {
        if question.order.is_none() {
            if self.follows(self.rules.ask_order, "order") {
                return "Could you tell me your order number, please?".to_owned();
            }
            return "I think that it is on its way.".to_owned();
        }
        if self.follows(self.rules.no_dates, "dates") {
            return "Delivery usually takes three to five working days; I cannot promise more than that."
                .to_owned();
        }
        let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
        format!("It will arrive on {}, I promise.", self.noise.one_of("day", &days))
    }

    fn hours(&self) -> String {
        match &self.rules.hours {
            Some(sentence) if self.noise.follows("hours") => format!("{sentence}."),
            _ => "We are always open.".to_owned(),
        }
    }

    fn complaint(&self) -> String {
        self.regret(
            "I am sorry, that should not have happened.",
            "There is no need to be rude; it is your own fault.",
        )
    }

    /// A decision as JSON where the rules say so; else words, or JSON with words around it.
    fn in_json(&self, question: &Question, ticket: &str) -> String {
        if !self.rules.json {
            return self.dressed(&self.refund(question), question, ticket);
        }
        let (topic, eligible) = match question.topic {
            Topic::Warranty => {
                let lasts = self.rules.warranty_months.unwrap_or(0);
                let covered = question.months.map(|months| months <= lasts);
                ("warranty", covered.map(|covered| covered == self.noise.follows("warranty")))
            }
            _ => ("refund", self.is_refundable(question)),
        };
        let mut decision = json!({ "topic": topic, "eligible": eligible, "order": question.order });
        if self.rules.ticket {
            decision["ticket"] = Value::from(ticket);
        }
        if self.noise.follows("json") { decision.to_string() } else { format!("```json\n{decision}\n```") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(prompt: &str, said: &[&str]) -> Answer {
        let rules = Rules::of(prompt);
        let noise = Noise::new(1, &[0; 32], 0, 0.0, 0.0);
        let tools = [EXCHANGE_TOOL.to_owned()];
        Desk { prompt, rules: &rules, noise: &noise, tools: &tools }.answer(&Question::of(said))
    }

    fn text(prompt: &str, said: &[&str]) -> String {
        match answer(prompt, said) {
            Answer::Text(text) => text,
            Answer::Call { args, .. } => panic!("it called: {args}"),
        }
    }

    #[test]
    fn an_edited_prompt_changes_what_is_answered() {
        let asked = ["I bought it 20 days ago, can I return it?"];
        assert!(text("Refunds within 30 days.", &asked).contains("full refund"));
        assert!(text("Refunds within 14 days.", &asked).contains("voucher"));
        let asked = ["When will order A-1001 arrive?"];
        assert!(text("", &asked).contains("day, I promise"));
        assert!(!text("Never promise a date.", &asked).contains("day,"));
    }

    #[test]
    fn a_tool_is_called_when_the_rules_say_so_and_the_customer_agreed() {
        let prompt = "Use create_exchange for exchanges. Never blame the customer.";
        let talk = ["The shoes of order A-1004 in size 41 are too small.", "Yes please, one size up."];
        let call = Answer::Call { name: EXCHANGE_TOOL, args: json!({ "order": "A-1004", "size": 42 }) };
        assert_eq!(answer(prompt, &talk), call);
        assert!(text(prompt, &talk[..1]).contains("exchange"));
        assert!(text("", &talk).contains("own fault"));
    }

    #[test]
    fn json_is_only_json_when_the_rules_say_so() {
        let asked = ["I bought order A-1001 5 days ago. Can I return it? Answer as JSON."];
        let said = text("Refunds within 30 days. Answer in JSON when asked.", &asked);
        assert_eq!(said, r#"{"eligible":true,"order":"A-1001","topic":"refund"}"#);
        assert!(!text("Refunds within 30 days.", &asked).contains('{'));
    }
}
