//! One JSON document into queries: a record, or the `message` texts of Firehose and `CloudWatch` Logs with records in them.
//!
//! Texts are borrowed from the document wherever JSON allows it.

use super::error::Foreign;
use super::form::text_kind;
use super::time::Clock;
use crate::model::addr::Addr;
use crate::model::dns::{Query, QuerySink};
use crate::sources::pages::{self, Ends};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use std::borrow::Cow;
use std::fmt;

/// Longer names are no names: 255 bytes by RFC 1035, each of which may be written as `\ddd`.
const MAX_NAME: usize = 1024;
/// What a subscription filter sends to try its destination.
const CONTROL: &str = "CWL CONTROL MESSAGE";

/// The parts that any of the known documents has. Source: Route 53 developer guide, values in Resolver query logs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    vpc_id: Option<Text<'a>>,
    #[serde(borrow)]
    query_timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    query_name: Option<Text<'a>>,
    #[serde(borrow)]
    query_type: Option<Text<'a>>,
    #[serde(borrow)]
    rcode: Option<Text<'a>>,
    #[serde(borrow)]
    srcaddr: Option<Text<'a>>,
    #[serde(borrow)]
    account_id: Option<Text<'a>>,
    #[serde(borrow)]
    region: Option<Text<'a>>,
    #[serde(borrow)]
    srcids: Option<SourceIds<'a>>,
    answers: Option<Answers>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow, rename = "logEvents", alias = "events")]
    events: Option<Vec<Event<'a>>>,
    /// A subscription filter's documents have it, pages of `aws logs filter-log-events` have not.
    #[serde(rename = "messageType")]
    message_type: Option<IgnoredAny>,
    #[serde(borrow, rename = "nextToken")]
    next_token: Option<Text<'a>>,
    #[serde(borrow, rename = "NextToken")]
    next_token_of_cli: Option<Text<'a>>,
    class_uid: Option<IgnoredAny>,
    dstaddr: Option<IgnoredAny>,
    #[serde(rename = "eventSource")]
    event_source: Option<IgnoredAny>,
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SourceIds<'a> {
    #[serde(borrow)]
    instance: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    message: Text<'a>,
}

/// A text, borrowed unless it has escapes; `Option<Cow>` would always copy it.
#[derive(Debug)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

#[derive(Debug, Deserialize)]
struct Answer<'a> {
    #[serde(borrow, rename = "Rdata")]
    data: Option<Text<'a>>,
    #[serde(borrow, rename = "Type")]
    kind: Option<Text<'a>>,
}

/// The addresses of `answers`: a list, or one answer as some tools write it.
#[derive(Debug, Default)]
struct Answers {
    addrs: Vec<Addr>,
    /// An A or AAAA answer has no address.
    bad: bool,
}

impl Answers {
    fn add(&mut self, answer: &Answer<'_>) {
        if answer.kind.as_ref().is_some_and(|kind| matches!(&*kind.0, "A" | "AAAA")) {
            match answer.data.as_ref().and_then(|data| Addr::parse(data.0.as_bytes())) {
                Some(addr) => self.addrs.push(addr),
                None => self.bad = true,
            }
        }
    }
}

impl<'de> Deserialize<'de> for Answers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnswersVisitor;
        impl<'de> Visitor<'de> for AnswersVisitor {
            type Value = Answers;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of answers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Answers, A::Error> {
                let mut answers = Answers::default();
                while let Some(answer) = seq.next_element::<Answer<'de>>()? {
                    answers.add(&answer);
                }
                Ok(answers)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Answers, A::Error> {
                let mut answers = Answers::default();
                answers.add(&Answer::deserialize(MapAccessDeserializer::new(map))?);
                Ok(answers)
            }
        }
        deserializer.deserialize_any(AnswersVisitor)
    }
}

/// What is wrong with a document or a line: the reason for the user, and what it is if it is something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bad {
    pub why: &'static str,
    pub foreign: Foreign,
    /// It is JSON to its end: nothing was cut off.
    pub whole: bool,
}

impl Bad {
    const fn record(why: &'static str) -> Self {
        Self { why, foreign: Foreign::Json, whole: true }
    }
}

/// Reads documents one after the other into a sink.
pub(super) struct Records<'s, S> {
    pub sink: &'s mut S,
    clock: Clock,
    /// The name at hand, in lower case.
    name: String,
    /// Records, malformed ones included.
    pub all: u64,
    /// Records that were read.
    pub good: u64,
    /// Whether records came inside `message` texts.
    pub messages: bool,
    /// Pages of `aws logs filter-log-events` that were read whole.
    pub pages: Ends,
    /// What the first document that was no record is.
    pub foreign: Option<Foreign>,
}

impl<'s, S: QuerySink> Records<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        let (all, good, messages, pages, foreign) = Default::default();
        Self { sink, clock: Clock::default(), name: String::new(), all, good, messages, pages, foreign }
    }

    /// One that cannot be read.
    pub(super) fn malformed(&mut self, line: u64, bad: Bad) {
        self.all += 1;
        self.foreign.get_or_insert(bad.foreign);
        self.sink.malformed(line, bad.why);
    }

    /// The documents of a line or, mostly, its only one. After an error nothing of it was read.
    pub(super) fn text(&mut self, text: &[u8], line: u64) -> Result<(), Bad> {
        if let Ok(document) = serde_json::from_slice::<Document<'_>>(text) {
            return self.document(&document, line);
        }
        let documents: Result<Vec<Document<'_>>, _> = serde_json::Deserializer::from_slice(text).into_iter().collect();
        match documents {
            Ok(documents) if documents.len() > 1 => {
                for document in &documents {
                    self.document(document, line).unwrap_or_else(|bad| self.malformed(line, bad));
                }
                Ok(())
            }
            _ => {
                let whole = serde_json::from_slice::<IgnoredAny>(text).is_ok();
                let why = if whole { "not the JSON object that a record is" } else { "no JSON" };
                let foreign = if text.starts_with(b"{") { Foreign::Json } else { text_kind(text) };
                Err(Bad { why, foreign, whole })
            }
        }
    }

    fn document(&mut self, document: &Document<'_>, line: u64) -> Result<(), Bad> {
        match (&document.events, &document.message) {
            (Some(events), _) => {
                self.messages = true;
                if document.message_type.is_none() {
                    let tokens = [&document.next_token, &document.next_token_of_cli];
                    let goes_on = |token: &Option<Text<'_>>| pages::goes_on(token.as_ref().map(|text| &*text.0));
                    self.pages.see(tokens.into_iter().any(goes_on));
                }
                for event in events {
                    self.message(&event.message.0, line);
                }
            }
            (None, Some(message)) => self.message(&message.0, line),
            (None, None) => return self.record(document),
        }
        Ok(())
    }

    /// A `message` holds a record; several if its sender packed them so.
    fn message(&mut self, message: &str, line: u64) {
        self.messages = true;
        if message.starts_with(CONTROL) {
            return;
        }
        for text in message.split('\n').map(str::trim).filter(|text| !text.is_empty()) {
            let read = match serde_json::from_str::<Document<'_>>(text) {
                Ok(document) => self.record(&document),
                Err(_) => {
                    Err(Bad { why: "its message is no JSON object", foreign: text_kind(text.as_bytes()), whole: true })
                }
            };
            read.unwrap_or_else(|bad| self.malformed(line, bad));
        }
    }

    fn record(&mut self, document: &Document<'_>) -> Result<(), Bad> {
        let Some(name) = &document.query_name else { return Err(document.stranger()) };
        let (Some(vpc), Some(time)) = (&document.vpc_id, &document.query_timestamp) else {
            return Err(Bad::record("without vpc_id or query_timestamp"));
        };
        let Some(second) = self.clock.second(&time.0) else {
            return Err(Bad::record("query_timestamp is no time"));
        };
        let client = match or_empty(document.srcaddr.as_ref()) {
            "" | "-" => None,
            text => Some(Addr::parse(text.as_bytes()).ok_or(Bad::record("srcaddr is no address"))?),
        };
        let (addrs, bad_answer) = document.answers.as_ref().map_or((&[][..], false), |a| (&a.addrs, a.bad));
        if bad_answer {
            return Err(Bad::record("an A or AAAA answer is no address"));
        }
        if name.0.len() > MAX_NAME {
            return Err(Bad::record("query_name is longer than a name can be"));
        }
        self.name.clear();
        self.name.push_str(name.0.strip_suffix('.').unwrap_or(&name.0));
        self.name.make_ascii_lowercase();
        self.all += 1;
        self.good += 1;
        self.sink.query(&Query {
            second,
            vpc: &vpc.0,
            name: &self.name,
            kind: or_empty(document.query_type.as_ref()),
            rcode: or_empty(document.rcode.as_ref()),
            addrs,
            client,
            instance: document.srcids.as_ref().map_or("", |ids| or_empty(ids.instance.as_ref())),
            account: or_empty(document.account_id.as_ref()),
            region: or_empty(document.region.as_ref()),
        });
        Ok(())
    }
}

fn or_empty<'t>(text: Option<&'t Text<'_>>) -> &'t str {
    text.map_or("", |text| &text.0)
}

impl Document<'_> {
    /// What a document without `query_name` is.
    const fn stranger(&self) -> Bad {
        if self.class_uid.is_some() {
            Bad { why: "an OCSF event, not a Resolver record as AWS delivers it", foreign: Foreign::Ocsf, whole: true }
        } else if self.event_source.is_some() || self.records.is_some() {
            Bad { why: "a CloudTrail event", foreign: Foreign::CloudTrail, whole: true }
        } else if self.dstaddr.is_some() {
            Bad { why: "a flow log record", foreign: Foreign::FlowLog, whole: true }
        } else {
            Bad::record("without query_name")
        }
    }
}
