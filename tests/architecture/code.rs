//! Rust text as far as the rules look at it: comments and texts blanked, tests cut off, paths in full.

/// All paths of two or more segments, groups resolved, with the offset of their last part.
pub fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    let mut at = 0;
    let bytes = code.as_bytes();
    while at < bytes.len() {
        if bytes[at] == b'}' {
            groups.pop();
        }
        if bytes[at] == b'{' {
            groups.push(String::new());
        }
        if !is_word(char::from(bytes[at])) {
            at += 1;
            continue;
        }
        let start = at;
        let mut path = groups.last().cloned().unwrap_or_default();
        loop {
            let word = code[at..].find(|c| !is_word(c)).unwrap_or(code.len() - at);
            path.push_str(&code[at..at + word]);
            at += word;
            if !code[at..].starts_with("::") {
                break;
            }
            path.push_str("::");
            at += 2;
            if !code[at..].starts_with(is_word) {
                break;
            }
        }
        if code[at..].starts_with('{') && path.ends_with("::") {
            groups.push(path);
            at += 1;
        } else if path.contains("::") {
            found.push((start, path.trim_end_matches(':').to_owned()));
        }
    }
    // `super` by itself is a visibility.
    found.retain(|(_, path)| path.contains("::") || !matches!(path.as_str(), "super" | "self" | "crate"));
    found
}

/// Whether a character may be part of a name.
pub fn is_word(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// Cuts the tests at the end of a file off; what follows them is a lint's business.
pub fn without_tests(code: String) -> String {
    let inline = code.match_indices("#[cfg(test)]").find(|(at, mark)| {
        let item = code[at + mark.len()..].trim_start();
        item.starts_with("mod ") && item.find('{').unwrap_or(usize::MAX) < item.find(';').unwrap_or(usize::MAX)
    });
    match inline {
        Some((at, _)) => code[..at].to_owned(),
        None => code,
    }
}

/// The text with comments, strings and characters blanked; every offset stays.
pub fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let word_before = code.ends_with(is_word);
        let length = match next {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            'r' if !word_before && raw_hashes(rest).is_some() => {
                let close = format!("\"{}", "#".repeat(raw_hashes(rest).unwrap_or_default()));
                let open = close.len() + 1;
                rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
            }
            '"' => quoted(rest, '"'),
            '\'' if rest[1..].starts_with('\\') || rest[1..].chars().nth(1) == Some('\'') => quoted(rest, '\''),
            _ => {
                code.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            }
        };
        code.extend(rest[..length].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    code
}

/// How many `#` a raw string that begins here has.
fn raw_hashes(rest: &str) -> Option<usize> {
    let after = rest[1..].trim_start_matches('#');
    after.starts_with('"').then(|| rest.len() - 1 - after.len())
}

/// The length of a quoted text that begins here.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
