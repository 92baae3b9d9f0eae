//! Decoders of other crates panic on some damaged files: what they say is caught, and is no text of this program's.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

thread_local! {
    /// Whether this thread runs a decoder.
    static DECODES: Cell<bool> = const { Cell::new(false) };
}

/// What the decoder makes, or why it panicked. Whatever it was making must be discarded then.
///
/// # Errors
/// The decoder panicked; the text is for people.
pub fn caught<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    let before = DECODES.replace(true);
    let made = catch_unwind(AssertUnwindSafe(decode));
    DECODES.set(before);
    made.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        text.map_or_else(|| "the decoder gave up".to_owned(), |text| format!("the decoder gave up: {text}"))
    })
}

/// From here on the process prints no panics that [`caught`] catches; all others as before.
pub fn hush() {
    let print = take_hook();
    set_hook(Box::new(move |panic| {
        if !DECODES.get() {
            print(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_decoder_says_is_kept() {
        assert_eq!(caught(|| 1), Ok(1));
        let two = 2;
        assert_eq!(caught(|| -> u8 { panic!("{two} of 3") }), Err("the decoder gave up: 2 of 3".to_owned()));
        let nested = caught(|| (caught(|| -> u8 { panic!("inner") }).is_err(), DECODES.get()));
        assert_eq!(nested, Ok((true, true)), "still within the outer one");
        assert!(!DECODES.get());
    }
}
