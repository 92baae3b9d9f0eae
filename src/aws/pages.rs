//! Answers that go on over pages: whoever asks for the next one asks here, so that none goes on for ever.

use super::http::LATER;
use super::{AwsError, Call, Trouble};
use std::collections::BTreeSet;

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
        if self.seen.insert(token.to_owned()) {
            return Ok(Some(token.to_owned()));
        }
        Err(AwsError {
            trouble: Trouble::Remote,
            action: self.call.action.to_owned(),
            at: self.at.to_owned(),
            why: "the pages have no end: AWS named the same next page twice".to_owned(),
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
}
