//! Records inside JSON: Firehose, `CloudWatch` Logs and its subscription filters. One document in memory at a time.

use super::error::ReadError;
use super::hints::{Choice, LayoutHints};
use super::lines::{Lines, Place};
use super::{FormatName, detect};
use crate::model::flow::FlowSink;
use crate::sources::objects::SourceName;
use crate::sources::pages::{self, Ends};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

/// A larger document is refused: it would have to be in memory as a whole.
const MAX_DOCUMENT: u64 = 256 << 20;

/// What the documents of an object said.
#[derive(Debug)]
pub(super) struct Found {
    pub lines: Option<Lines>,
    pub format: FormatName,
    pub log_group: Option<String>,
    pub pages: Ends,
}

/// The parts that any of the known documents has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    message: Option<String>,
    #[serde(rename = "logStreamName")]
    log_stream_name: Option<IgnoredAny>,
    #[serde(rename = "messageType")]
    message_type: Option<String>,
    #[serde(rename = "logGroup")]
    log_group: Option<String>,
    #[serde(rename = "logEvents")]
    log_events: Option<Vec<Event>>,
    events: Option<Vec<Event>>,
    #[serde(rename = "nextToken")]
    next_token: Option<Value>,
    /// As the AWS CLI writes it under `--max-items`.
    #[serde(rename = "NextToken")]
    next_token_of_cli: Option<Value>,
    class_uid: Option<IgnoredAny>,
    query_name: Option<IgnoredAny>,
    #[serde(rename = "eventSource")]
    event_source: Option<IgnoredAny>,
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(alias = "srcAddr", alias = "src_addr")]
    srcaddr: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Event {
    message: String,
}

/// Documents that one array may hold: small ones take many times their text in memory.
const MAX_DOCUMENTS: usize = 1 << 20;

/// One value at the top of the content.
enum Top {
    One(Box<Document>),
    Many(Vec<Document>),
}

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopVisitor;
        impl<'de> Visitor<'de> for TopVisitor {
            type Value = Top;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array of objects")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Top, A::Error> {
                Document::deserialize(MapAccessDeserializer::new(map)).map(|document| Top::One(Box::new(document)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Top, A::Error> {
                let mut documents = Vec::new();
                while let Some(document) = seq.next_element()? {
                    if documents.len() == MAX_DOCUMENTS {
                        return Err(serde::de::Error::custom("too many documents in one array"));
                    }
                    documents.push(document);
                }
                Ok(Top::Many(documents))
            }
        }
        deserializer.deserialize_any(TopVisitor)
    }
}

/// Reads every document to the end of the content.
pub(super) fn read<S: FlowSink>(
    content: impl Read,
    hints: &LayoutHints,
    source: &SourceName,
    sink: &mut S,
) -> Result<Found, ReadError> {
    let taken = Cell::new(0);
    let limited = Limited { inner: content, taken: &taken };
    let found = Found { lines: None, format: FormatName::FirehoseJson, log_group: None, pages: Ends::default() };
    let mut messages = Messages { hints, source, found, mixed: false, stale: false, number: 0, sink };
    let buffered = io::BufReader::with_capacity(128 << 10, limited);
    for document in serde_json::Deserializer::from_reader(buffered).into_iter::<Top>() {
        match document.map_err(read_error)? {
            Top::One(document) => messages.document(&document)?,
            Top::Many(documents) => documents.iter().try_for_each(|document| messages.document(document))?,
        }
        taken.set(0);
    }
    if messages.mixed {
        messages.found.log_group = None;
    }
    messages.found.lines.as_ref().map_or(Ok(()), Lines::end)?;
    Ok(messages.found)
}

/// Why a JSON text in place of a record is none.
pub(super) fn refusal(text: &[u8]) -> ReadError {
    serde_json::from_slice::<Document>(text).map_or(ReadError::ParsedJson, |document| document.refusal())
}

impl Document {
    fn refusal(&self) -> ReadError {
        if self.class_uid.is_some() {
            ReadError::SecurityLake
        } else if self.query_name.is_some() {
            ReadError::ResolverLog
        } else if self.event_source.is_some() || self.records.is_some() {
            ReadError::CloudTrail
        } else if self.srcaddr.is_some() {
            ReadError::ParsedJson
        } else {
            ReadError::OtherJson
        }
    }
}

struct Messages<'a, S> {
    hints: &'a LayoutHints,
    source: &'a SourceName,
    found: Found,
    /// Documents of more than one log group were seen.
    mixed: bool,
    /// The layout in force was chosen for another log group.
    stale: bool,
    number: u64,
    sink: &'a mut S,
}

impl<S: FlowSink> Messages<'_, S> {
    fn document(&mut self, document: &Document) -> Result<(), ReadError> {
        if document.class_uid.is_some() {
            return Err(ReadError::SecurityLake);
        }
        if document.message_type.as_deref() == Some("CONTROL_MESSAGE") {
            self.found.format = FormatName::SubscriptionJson;
            return Ok(());
        }
        self.enter(document.log_group.as_deref());
        match (&document.log_events, &document.events, &document.message) {
            (Some(events), ..) => self.events(FormatName::SubscriptionJson, events),
            (None, Some(events), _) => {
                let tokens = [&document.next_token, &document.next_token_of_cli];
                let goes_on = |token: &Option<Value>| pages::goes_on(token.as_ref().and_then(Value::as_str));
                self.found.pages.see(tokens.into_iter().any(goes_on));
                self.events(FormatName::CloudWatchJson, events)
            }
            (None, None, Some(message)) => {
                let stream = document.log_stream_name.is_some();
                self.found.format = if stream { FormatName::CloudWatchJson } else { FormatName::FirehoseJson };
                self.message(message)
            }
            (None, None, None) => Err(document.refusal()),
        }
    }

    /// A document of another log group may have another layout.
    fn enter(&mut self, group: Option<&str>) {
        let Some(group) = group.filter(|&group| self.found.log_group.as_deref() != Some(group)) else { return };
        self.mixed |= self.found.log_group.is_some();
        self.stale = true;
        self.found.log_group = Some(group.to_owned());
    }

    fn events(&mut self, format: FormatName, events: &[Event]) -> Result<(), ReadError> {
        self.found.format = format;
        events.iter().try_for_each(|event| self.message(&event.message))
    }

    fn message(&mut self, message: &str) -> Result<(), ReadError> {
        for record in message.split('\n').map(|record| record.trim_end_matches('\r').as_bytes()) {
            if record.is_empty() {
                continue;
            }
            self.number += 1;
            let at = Place { number: self.number, ended: true, sealed: true };
            match &mut self.found.lines {
                Some(lines) if !self.stale => lines.line(record, at, self.sink)?,
                lines => {
                    let choice = match detect::header(record) {
                        Some(layout) => Choice::certain(layout?),
                        None => self.hints.choose(self.source, self.found.log_group.as_deref(), record, self.number)?,
                    };
                    self.stale = false;
                    let lines = lines.get_or_insert_with(|| Lines::new(choice.clone()));
                    lines.switch(choice);
                    lines.line(record, at, self.sink)?;
                }
            }
        }
        Ok(())
    }
}

fn read_error(error: serde_json::Error) -> ReadError {
    match error.classify() {
        serde_json::error::Category::Data => ReadError::ParsedJson,
        serde_json::error::Category::Io => {
            let error = io::Error::from(error);
            if error.kind() == io::ErrorKind::FileTooLarge {
                ReadError::HugeDocument(MAX_DOCUMENT)
            } else {
                ReadError::from_stream(error)
            }
        }
        _ => ReadError::BrokenOff { part: "a JSON document", why: error.to_string() },
    }
}

/// Ends a document that grows past [`MAX_DOCUMENT`].
struct Limited<'a, R> {
    inner: R,
    /// Bytes taken since the last document ended.
    taken: &'a Cell<u64>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken.get() > MAX_DOCUMENT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let n = self.inner.read(buffer)?;
        self.taken.set(self.taken.get().saturating_add(u64::try_from(n).unwrap_or(u64::MAX)));
        Ok(n)
    }
}
