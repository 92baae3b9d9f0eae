//! Answers that go on over pages: whoever asks for the next one asks here, so that none goes on for ever.

use super::http::LATER;
use super::{AwsError, Call, Trouble};
use std::collections::BTreeSet;

/// The most pages of one answer: ever new names of the next one have an end, too.
const MOST: usize = 100_000;

/// The pages of one answer so far.
#[derive(Debug)]
pub struct Pages<'a> {
    call: Call,
    at: &'a str,
    seen: BTreeSet<String>,
}

impl<'a> Pages<'a> {
    /// Before the first page. `at` says in messages whom is asked.
    #[must_use]
    pub const fn new(call: Call, at: &'a str) -> Self {
        Self { call, at, seen: BTreeSet::new() }
    }

    /// What the request for the next page has to name: what the last one said, nothing at its end, an error where it was said before.
    pub fn next(&mut self, said: Option<&str>) -> Result<Option<String>, AwsError> {
        let Some(token) = said.filter(|token| !token.is_empty()) else { return Ok(None) };
        let is_new = self.seen.insert(token.to_owned());
        if is_new && self.seen.len() < MOST {
            return Ok(Some(token.to_owned()));
        }
        let why = if is_new {
            format!("there are more than {MOST}")
        } else {
            "AWS named the same next page twice".to_owned()
        };
        Err(AwsError {
            trouble: Trouble::Remote,
            action: self.call.action.to_owned(),
            at: self.at.to_owned(),
            why: format!("the pages have no end: {why}"),
            hint: Some(LATER.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::GET_CALLER_IDENTITY;
    use super::*;

    #[test]
    fn pages_end_and_never_begin_again() {
        let mut pages = Pages::new(GET_CALLER_IDENTITY, "here");
        assert_eq!(pages.next(Some("a")), Ok(Some("a".to_owned())));
        assert_eq!(pages.next(Some("b")), Ok(Some("b".to_owned())));
        assert_eq!(pages.next(Some("a")).expect_err("a circle").trouble, Trouble::Remote);
        assert_eq!((pages.next(None), pages.next(Some(""))), (Ok(None), Ok(None)));
    }

    #[test]
    fn ever_new_pages_have_an_end() {
        let mut pages = Pages::new(GET_CALLER_IDENTITY, "here");
        let end = (0..=MOST).find_map(|page| pages.next(Some(&page.to_string())).err());
        assert!(end.expect("an end").why.contains("more than 100000"));
    }
}
