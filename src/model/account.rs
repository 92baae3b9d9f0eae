//! Accounts of AWS.

/// Whether the text is an account's id: 12 digits
/// (<https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>).
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_twelve_digits() {
        for (text, expect) in
            [("012345678901", true), ("12345678901", false), ("1234567890123", false), ("12345678901a", false)]
        {
            assert_eq!(is_account(text), expect, "{text}");
        }
    }
}
