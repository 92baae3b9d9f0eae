//! What S3 answers in XML: a page of a listing, or an error. Nothing here trusts it to be whole.

use super::place::decoded;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// A page of `ListObjectsV2`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) objects: Vec<Found>,
    /// Common prefixes.
    pub(super) folders: Vec<String>,
    /// Where the next page begins; `None` on the last.
    pub(super) next: Option<String>,
}

/// An object on a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) etag: Option<String>,
    pub(super) modified: String,
}

/// An error document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) region: String,
}

/// Calls `on` with the path of names below the root, and the text, of each element that holds text only; the root's name, or why
/// it is no document.
fn walk(xml: &[u8], mut on: impl FnMut(&[String], &str)) -> Result<String, String> {
    let mut reader = Reader::from_reader(xml);
    let (mut root, mut path, mut text, mut closed) = (None, Vec::<String>::new(), String::new(), false);
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| error.to_string())?;
        match event {
            Event::Start(tag) => {
                let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                if root.is_none() {
                    root = Some(name);
                } else {
                    path.push(name);
                }
                text.clear();
            }
            Event::Text(part) => {
                text.push_str(&part.decode().map_err(|error| error.to_string())?);
            }
            Event::CData(part) => text.push_str(&String::from_utf8_lossy(&part)),
            Event::GeneralRef(reference) => text.push(character(&reference)?),
            Event::End(_) => {
                if path.is_empty() {
                    closed = true;
                } else {
                    on(&path, &text);
                    path.pop();
                    text.clear();
                }
            }
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    root.filter(|_| closed).ok_or_else(|| "the document is cut".to_owned())
}

fn character(reference: &BytesRef<'_>) -> Result<char, String> {
    let name: &[u8] = reference;
    let named = match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    };
    named.ok_or_else(|| "an unknown character reference".to_owned())
}

impl Page {
    /// Reads a page; what is cut or no page is an error.
    pub(super) fn parse(xml: &[u8]) -> Result<Self, String> {
        let (mut page, mut object, mut truncated, mut encoded) = (Self::default(), Found::default(), false, false);
        let mut bad = None;
        let root = walk(xml, |path, text| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match path[..] {
                ["Contents", "Key"] => text.clone_into(&mut object.key),
                ["Contents", "Size"] => match text.parse() {
                    Ok(size) => object.size = size,
                    Err(_) => bad = Some(format!("`{text}` is no size")),
                },
                ["Contents", "ETag"] => object.etag = Some(text.trim_matches('"').to_owned()).filter(|e| !e.is_empty()),
                ["Contents", "LastModified"] => text.clone_into(&mut object.modified),
                ["Contents"] => page.objects.push(std::mem::take(&mut object)),
                ["CommonPrefixes", "Prefix"] => page.folders.push(text.to_owned()),
                ["IsTruncated"] => truncated = text == "true",
                ["NextContinuationToken"] => page.next = Some(text.to_owned()),
                ["EncodingType"] => encoded = text == "url",
                _ => {}
            }
        })?;
        if root != "ListBucketResult" {
            return Err(format!("<{root}> is no listing"));
        }
        if let Some(bad) = bad {
            return Err(bad);
        }
        if encoded {
            let keys = page.objects.iter_mut().map(|object| &mut object.key);
            for text in keys.chain(&mut page.folders) {
                *text = decoded(text).ok_or_else(|| "a key is not UTF-8".to_owned())?;
            }
        }
        match (truncated, &page.next) {
            (true, None) => Err("it is truncated, and does not say where it goes on".to_owned()),
            (true, Some(_)) => Ok(page),
            (false, _) => Ok(Self { next: None, ..page }),
        }
    }
}

impl Refused {
    /// What an error document says; empty where it is none.
    pub(super) fn parse(xml: &[u8]) -> Self {
        let mut refused = Self::default();
        let root = walk(xml, |path, text| match path {
            [name] if name == "Code" => text.clone_into(&mut refused.code),
            [name] if name == "Message" => text.clone_into(&mut refused.message),
            [name] if name == "Region" => text.clone_into(&mut refused.region),
            _ => {}
        });
        if root.is_ok_and(|root| root == "Error") { refused } else { Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs</Name><Prefix/><EncodingType>url</EncodingType>
<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>
<Contents><Key>a//b+%26%01.gz</Key><LastModified>2026-10-01T00:00:00.000Z</LastModified><ETag>&quot;0a&quot;</ETag><Size>12</Size>
<Owner><ID>x</ID></Owner></Contents><Contents><Key>c</Key><Size>0</Size></Contents>
<CommonPrefixes><Prefix>d%2F</Prefix></CommonPrefixes></ListBucketResult>"#;

    #[test]
    fn a_page_is_read_whole_or_not_at_all() {
        let page = Page::parse(PAGE.as_bytes()).expect("a page");
        let keys: Vec<&str> = page.objects.iter().map(|object| &*object.key).collect();
        assert_eq!(keys, ["a//b &\u{1}.gz", "c"]);
        assert_eq!((page.objects[0].size, page.objects[0].etag.as_deref()), (12, Some("0a")));
        assert_eq!((page.folders, page.next.as_deref()), (vec!["d/".to_owned()], Some("a&b")));
        for cut in 0..PAGE.len() {
            assert!(Page::parse(&PAGE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let check = |situation: &str, from: &str, to: &str| {
            assert!(Page::parse(PAGE.replace(from, to).as_bytes()).is_err(), "{situation}");
        };
        check("no size", "<Size>12<", "<Size>twelve<");
        check("no token", "NextContinuationToken", "NextMarker");
        check("another document", "ListBucketResult", "Error");
        check("not UTF-8", "d%2F", "%FF");
        let last = PAGE.replace(">true<", ">false<");
        assert_eq!(Page::parse(last.as_bytes()).expect("a page").next, None);
    }

    #[test]
    fn errors_are_read_as_far_as_they_are_some() {
        let xml = "<Error><Code>AccessDenied</Code><Message>no &lt;</Message><Region>eu-west-1</Region><Code2>x</Code2></Error>";
        let refused = Refused::parse(xml.as_bytes());
        assert_eq!((&*refused.code, &*refused.message, &*refused.region), ("AccessDenied", "no <", "eu-west-1"));
        assert_eq!(Refused::parse(b"<html>502</html>"), Refused::default());
        assert_eq!(Refused::parse(b""), Refused::default());
    }
}
