//! The Query protocol, which EC2 and STS speak: a form is posted, XML comes back. XML only becomes a tree here.
//!
//! Source: EC2 API reference, "Making requests to the Amazon EC2 API".

use super::error::{AwsError, Trouble};
use super::http::{Budget, Http, Request, Service};
use super::request::encoded as percent;
use super::session::Session;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use std::sync::Arc;

/// Deeper than any answer; a bound for what walks the tree.
const MAX_DEPTH: usize = 40;

/// An element of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Why an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be read: {0}")]
pub(super) struct XmlError(String);

/// One service that speaks it.
#[derive(Debug)]
pub(super) struct Query {
    http: Http,
    version: &'static str,
}

impl Query {
    pub fn new(
        session: &Session,
        service: Service,
        version: &'static str,
        at: &str,
        budget: Arc<Budget>,
    ) -> Result<Self, AwsError> {
        Ok(Self { http: Http::new(session, service, at, budget, error_of)?, version })
    }

    /// The root of the answer. `action` is IAM's, `ec2:DescribeVpcs`; what follows the colon is the operation.
    pub async fn call(&self, action: &'static str, parameters: &[(&str, &str)]) -> Result<Element, AwsError> {
        let operation = action.rsplit(':').next().unwrap_or(action);
        let mut form = vec![("Action", operation), ("Version", self.version)];
        form.extend_from_slice(parameters);
        let headers = &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let body = self.http.send(&Request { action, headers, body: encoded(&form) }).await?;
        parse(&body).map_err(|error| self.http.error(Trouble::Remote, action, error.to_string()))
    }

    pub fn at(&self) -> &str {
        self.http.at()
    }

    pub fn error(&self, trouble: Trouble, action: &str, why: impl Into<String>) -> AwsError {
        self.http.error(trouble, action, why)
    }
}

/// `application/x-www-form-urlencoded`.
fn encoded(form: &[(&str, &str)]) -> String {
    let parts: Vec<String> =
        form.iter().map(|(key, value)| format!("{}={}", percent(key, false), percent(value, false))).collect();
    parts.join("&")
}

/// `<Response><Errors><Error><Code>` of EC2, `<ErrorResponse><Error><Code>` of STS.
fn error_of(body: &[u8]) -> Option<(String, String)> {
    let root = parse(body).ok()?;
    let holder = root.child("Errors").unwrap_or(&root);
    let error = holder.child("Error")?;
    let text = |name: &str| error.child(name).map(|child| child.text.clone()).unwrap_or_default();
    Some((text("Code"), text("Message")))
}

/// The tree of an XML text. White space between elements is nothing.
pub(super) fn parse(xml: &[u8]) -> Result<Element, XmlError> {
    let text = std::str::from_utf8(xml).map_err(|_| XmlError("it is not UTF-8".to_owned()))?;
    let mut reader = Reader::from_str(text);
    // The elements that are open; the first is no element but what holds the root.
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|error| XmlError(error.to_string()))?;
        match event {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(XmlError("it is too deep".to_owned()));
                }
                open.push(named(start.local_name().as_ref()));
            }
            Event::Empty(start) => add(&mut open, named(start.local_name().as_ref())),
            Event::End(_) => {
                let Some(mut done) = open.pop() else { break };
                if !done.children.is_empty() {
                    done.text.clear();
                }
                add(&mut open, done);
            }
            Event::Text(part) => say(&mut open, &part.decode().map_err(|error| XmlError(error.to_string()))?),
            Event::CData(part) => say(&mut open, &part.decode().map_err(|error| XmlError(error.to_string()))?),
            Event::GeneralRef(reference) => {
                let unknown = || XmlError("it has an entity that nothing explains".to_owned());
                if let Some(letter) = reference.resolve_char_ref().map_err(|error| XmlError(error.to_string()))? {
                    say(&mut open, letter.encode_utf8(&mut [0; 4]));
                } else {
                    let name = reference.decode().map_err(|error| XmlError(error.to_string()))?;
                    say(&mut open, resolve_predefined_entity(&name).ok_or_else(unknown)?);
                }
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
    if open.len() != 1 {
        return Err(XmlError("it breaks off".to_owned()));
    }
    let root = open.pop().and_then(|mut holder| holder.children.pop());
    root.ok_or_else(|| XmlError("it is no XML".to_owned()))
}

fn named(name: &[u8]) -> Element {
    Element { name: String::from_utf8_lossy(name).into_owned(), ..Element::default() }
}

fn add(open: &mut [Element], child: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(child);
    }
}

fn say(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_becomes_a_tree() {
        let xml = "<?xml version=\"1.0\"?>\n<r xmlns=\"http://x\"><!-- n -->\n  <a>x &amp; &#233;&lt;<![CDATA[<y>]]></a>\n  <b/><c> </c>\n</r>";
        let root = parse(xml.as_bytes()).expect("XML");
        let texts: Vec<(&str, &str)> = root.children.iter().map(|c| (c.name.as_str(), c.text.as_str())).collect();
        assert_eq!((root.name.as_str(), root.text.as_str()), ("r", ""));
        assert_eq!(texts, [("a", "x & é<<y>"), ("b", ""), ("c", " ")]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bad in ["", "no xml", "<a><b></b>", "<a></b>", "<a>&secret;</a>", "<a>\u{0}<"] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(parse("<a>".repeat(100_000).as_bytes()).is_err());
        assert!(parse(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn refusals_of_both_services_are_understood() {
        let ec2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>No.</Message></Error></Errors>\
                   <RequestID>1</RequestID></Response>";
        let sts = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                   <Code>ExpiredToken</Code><Message>Old.</Message></Error></ErrorResponse>";
        let pair = |code: &str, message: &str| Some((code.to_owned(), message.to_owned()));
        assert_eq!(error_of(ec2.as_bytes()), pair("UnauthorizedOperation", "No."));
        assert_eq!(error_of(sts.as_bytes()), pair("ExpiredToken", "Old."));
        assert_eq!(error_of(b"<html>busy</html>"), None);
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(encoded(&[("a.1", "x y&z=é"), ("b", "-._~")]), "a.1=x%20y%26z%3D%C3%A9&b=-._~");
    }
}
