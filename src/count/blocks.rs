//! Blocks of bytes of a few sizes in large chunks: small lists without an allocation each, and a freed block is used again.

const UNIT: usize = 16;
const CHUNK_UNITS: usize = 1 << CHUNK_BITS;
const CHUNK_BITS: u32 = 16;

/// A block; its bytes are in [`Blocks`].
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Chunk, and units into it.
    at: u32,
    size: Size,
}

/// A size of blocks: each is a third or a half larger than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u8);

impl Size {
    /// The smallest: 16 bytes.
    pub const SMALLEST: Size = Size(0);

    /// The smallest that holds this many bytes.
    #[must_use]
    pub fn holding(bytes: usize) -> Self {
        let mut size = Self::SMALLEST;
        while size.bytes() < bytes {
            size.0 += 1;
        }
        size
    }

    /// Bytes of such a block: 16, 32, 48, 64, 96, 128, ...
    #[inline]
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self.0 {
            0 => UNIT,
            n => (UNIT * (2 + (n as usize - 1) % 2)) << ((n as usize - 1) / 2),
        }
    }
}

impl Block {
    /// The order in which blocks follow each other in memory.
    #[must_use]
    pub const fn order(self) -> u32 {
        self.at
    }

    /// Its size.
    #[inline]
    #[must_use]
    pub const fn size(self) -> Size {
        self.size
    }
}

/// All blocks.
#[derive(Debug, Default)]
pub struct Blocks {
    chunks: Vec<Box<[u8]>>,
    /// Units of the last chunk that were given out.
    used: usize,
    /// Freed blocks, by size.
    free: Vec<Vec<u32>>,
    free_bytes: usize,
    memory: usize,
    /// Chunks before this one were given up by [`Blocks::move_to`].
    given_up: usize,
}

impl Blocks {
    /// A block of this size, of whatever content.
    pub fn take(&mut self, size: Size) -> Block {
        if let Some(at) = self.free.get_mut(usize::from(size.0)).and_then(Vec::pop) {
            self.free_bytes -= size.bytes();
            return Block { at, size };
        }
        let units = size.bytes() / UNIT;
        if self.chunks.is_empty() || self.used + units > CHUNK_UNITS {
            let bytes = size.bytes().max(CHUNK_UNITS * UNIT);
            self.chunks.push(vec![0; bytes].into_boxed_slice());
            self.memory += bytes;
            self.used = 0;
        }
        let at = (self.chunks.len() - 1) << CHUNK_BITS | self.used;
        self.used += units;
        Block { at: u32::try_from(at).expect("less than 64 GiB of lists"), size }
    }

    /// Gives a block back.
    pub fn give(&mut self, block: Block) {
        let size = usize::from(block.size.0);
        if self.free.len() <= size {
            self.free.resize_with(size + 1, Vec::new);
        }
        self.free[size].push(block.at);
        self.free_bytes += block.size.bytes();
    }

    /// Whether so much was given back that it is worth moving the rest together.
    #[inline]
    #[must_use]
    pub const fn is_sparse(&self) -> bool {
        self.free_bytes > self.memory / 3 && self.free_bytes > UNIT * CHUNK_UNITS
    }

    /// Moves a block elsewhere. Blocks come in [`Block::order`]: a chunk is given up as soon as the first of a later one comes.
    pub fn move_to(&mut self, other: &mut Self, block: Block) -> Block {
        let (chunk, _) = place(block);
        for emptied in &mut self.chunks[self.given_up..chunk] {
            *emptied = Box::default();
        }
        self.given_up = self.given_up.max(chunk);
        let moved = other.take(block.size);
        other.bytes_mut(moved).copy_from_slice(self.bytes(block));
        moved
    }

    /// All bytes of a block.
    #[inline]
    #[must_use]
    pub fn bytes(&self, block: Block) -> &[u8] {
        let (chunk, start) = place(block);
        &self.chunks[chunk][start..start + block.size.bytes()]
    }

    /// Likewise, to write to.
    #[inline]
    pub fn bytes_mut(&mut self, block: Block) -> &mut [u8] {
        let (chunk, start) = place(block);
        &mut self.chunks[chunk][start..start + block.size.bytes()]
    }

    /// Bytes that all blocks take, those that were given back included.
    #[must_use]
    pub const fn memory(&self) -> usize {
        self.memory
    }
}

const fn place(block: Block) -> (usize, usize) {
    let at = block.at as usize;
    (at >> CHUNK_BITS, at % CHUNK_UNITS * UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_by_half_at_most_beyond_the_smallest() {
        let sizes: Vec<usize> = (0..8).map(|n| Size(n).bytes()).collect();
        assert_eq!(sizes, [16, 32, 48, 64, 96, 128, 192, 256]);
        for bytes in [0, 1, 16, 17, 33, 65, 1_000, 3_000_000] {
            let size = Size::holding(bytes);
            assert!(size.bytes() >= bytes && (size.0 == 0 || Size(size.0 - 1).bytes() < bytes), "{bytes}");
        }
    }

    #[test]
    fn no_two_blocks_share_a_byte() {
        let mut blocks = Blocks::default();
        let mut held: Vec<(Block, u8)> = Vec::new();
        for (n, bytes) in (0u8..250).zip([10, 100, 1_000, 100_000, 3 << 20, 17, 40].into_iter().cycle()) {
            if n % 5 == 4 {
                let (block, _) = held.swap_remove(usize::from(n) % held.len());
                blocks.give(block);
            }
            let block = blocks.take(Size::holding(bytes));
            blocks.bytes_mut(block).fill(n);
            held.push((block, n));
        }
        for (block, n) in &held {
            assert!(blocks.bytes(*block).iter().all(|byte| byte == n), "{block:?}");
        }
        let mut moved = Blocks::default();
        held.sort_by_key(|(block, _)| block.order());
        for (block, n) in &mut held {
            *block = blocks.move_to(&mut moved, *block);
            assert!(moved.bytes(*block).iter().all(|byte| byte == n), "{block:?}");
        }
        assert!(moved.memory() <= blocks.memory(), "moved together they take no more");
        let live: usize = held.iter().map(|(block, _)| block.size().bytes()).sum();
        assert!(blocks.memory() >= live && blocks.memory() < live * 2, "{} for {live}", blocks.memory());
    }
}
