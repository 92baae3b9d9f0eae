//! Decoded bytes, with the window before them that matches point into.

/// How far back a match may reach.
const WINDOW: usize = 32 << 10;
/// Bytes that are decoded at a time; with the window they stay in the second cache level.
const CHUNK: usize = 128 << 10;
/// There is room for another step of the decoder below this.
pub(super) const LIMIT: usize = WINDOW + CHUNK;
/// A step writes at most three literals and a match of 258, which is copied in pieces of 32.
const SLACK: usize = 384;
const SIZE: usize = LIMIT + SLACK;

/// What was decoded lately. A member starts at 0, so that no match can reach the one before it: nothing is ever cleared.
pub(super) struct Output {
    pub(super) bytes: Box<[u8; SIZE]>,
    /// End of what was decoded.
    pub(super) at: usize,
}

impl Output {
    pub(super) fn new() -> Self {
        let bytes = vec![0; SIZE].into_boxed_slice();
        Self { bytes: bytes.try_into().expect("as long as its type says"), at: 0 }
    }

    /// Forgets what was decoded, for another member.
    pub(super) fn reset(&mut self) {
        self.at = 0;
    }

    /// Makes room, and drops what lies before the window.
    pub(super) fn slide(&mut self) {
        if self.at > WINDOW + CHUNK / 2 {
            let gone = self.at - WINDOW;
            self.bytes.copy_within(gone..self.at, 0);
            self.at = WINDOW;
        }
    }

    /// Appends bytes as they are, as far as there is room; how many.
    pub(super) fn append(&mut self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(LIMIT.saturating_sub(self.at));
        self.bytes[self.at..self.at + len].copy_from_slice(&bytes[..len]);
        self.at += len;
        len
    }
}

/// Repeats at `to` what is `distance` before it. Bytes behind the match may be overwritten: they have yet to be decoded.
#[inline]
pub(super) fn repeat(out: &mut [u8; SIZE], to: usize, distance: usize, length: usize) {
    let from = to - distance;
    if distance >= 32 {
        // Most matches need no third piece, and a branch that is guessed wrong costs more than a piece.
        piece::<32>(out, from, to);
        piece::<32>(out, from + 32, to + 32);
        let mut done = 64;
        while done < length {
            piece::<32>(out, from + done, to + done);
            done += 32;
        }
    } else if distance >= 8 {
        let mut done = 0;
        while done < length {
            piece::<8>(out, from + done, to + done);
            done += 8;
        }
    } else {
        // Eight bytes of the pattern, then at every step as many of them as it takes to be at its start again.
        let mut pattern = [0; 8];
        for (at, byte) in pattern.iter_mut().enumerate() {
            *byte = out[from + at % distance];
        }
        let step = 8 - 8 % distance;
        let mut done = 0;
        while done < length {
            out[to + done..to + done + 8].copy_from_slice(&pattern);
            done += step;
        }
    }
}

#[inline]
fn piece<const N: usize>(out: &mut [u8; SIZE], from: usize, to: usize) {
    let bytes: [u8; N] = out[from..from + N].try_into().expect("as long as its type says");
    out[to..to + N].copy_from_slice(&bytes);
}
