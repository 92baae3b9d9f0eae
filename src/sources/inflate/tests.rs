//! Against flate2 on everything: contents, headers, members, cuts, damage.

use super::GzReader;
use super::block::Blocks;
use super::input::Input;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use std::io::{self, BufRead, ErrorKind, Read, Write};

/// Gives at most so many bytes at a time.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.1);
        self.0.read(&mut buffer[..len])
    }
}

fn ours(stored: &[u8], step: usize) -> Result<Vec<u8>, ErrorKind> {
    let mut content = Vec::new();
    GzReader::new(Dribble(stored, step)).read_to_end(&mut content).map_err(|error| error.kind())?;
    Ok(content)
}

fn theirs(stored: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    flate2::bufread::MultiGzDecoder::new(stored).read_to_end(&mut content).ok()?;
    Some(content)
}

/// Blocks without gzip around them, whose checksum would hide which reader refuses what.
fn our_blocks(mut body: &[u8]) -> Option<Vec<u8>> {
    let (mut input, mut blocks) = (Input::new(), Blocks::new());
    while !blocks.rests() {
        input.fill(&mut body).unwrap();
        blocks.decode(&mut input).ok()?;
    }
    assert!(blocks.done(), "more than a test should need");
    Some(blocks.output.bytes[..blocks.output.at].to_vec())
}

fn their_blocks(body: &[u8]) -> Option<Vec<u8>> {
    let mut raw = flate2::Decompress::new(false);
    let mut content = vec![0; 150_000];
    let status = raw.decompress(body, &mut content, flate2::FlushDecompress::Finish).ok()?;
    content.truncate(usize::try_from(raw.total_out()).unwrap());
    (status == flate2::Status::StreamEnd).then_some(content)
}

fn gzip(content: &[u8], level: u32) -> Vec<u8> {
    let mut gz = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(level));
    gz.write_all(content).unwrap();
    gz.finish().unwrap()
}

/// A reproducible sequence that looks like none.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn bytes(&mut self, len: usize, values: usize) -> Vec<u8> {
        (0..len).map(|_| u8::try_from(self.below(values)).unwrap()).collect()
    }
}

/// Lines with many digits, some repeated from before.
fn log(lines: usize) -> Vec<u8> {
    let mut noise = Noise(7);
    let mut text = Vec::new();
    for _ in 0..lines {
        let (host, port) = (noise.below(300), noise.below(60_000));
        writeln!(
            text,
            "2 123456789012 eni-0{host:x}ab 10.0.{}.7 52.1.2.{} {port} 443 6 ACCEPT OK - - -",
            host / 7,
            host % 250
        )
        .unwrap();
    }
    text
}

/// Every kind of content that a decoder could stumble on.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let mut noise = Noise(1);
    let mut far = noise.bytes(32_768, 256);
    far.extend_from_within(..300);
    far.extend(noise.bytes(70_000, 256));
    let every: Vec<u8> = (0..=255).collect();
    vec![
        ("nothing", Vec::new()),
        ("one byte", b"x".to_vec()),
        ("every byte", every.repeat(3)),
        ("one byte all over", vec![b'-'; 400_000]),
        ("noise", noise.bytes(300_000, 256)),
        ("noise of two values", noise.bytes(200_000, 2)),
        ("noise of 17 values", noise.bytes(200_000, 17)),
        ("as far back as the window", far),
        ("lines", log(8_000)),
        ("few lines", log(5)),
    ]
}

/// DEFLATE bits by hand.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: usize, count: usize) {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= u8::from(value >> bit & 1 == 1) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A Huffman code, highest bit first.
    fn code(&mut self, code: usize, count: usize) {
        for bit in (0..count).rev() {
            self.put(code >> bit & 1, 1);
        }
    }

    /// A symbol in the fixed codes.
    fn symbol(&mut self, symbol: usize) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }

    /// A match in the fixed codes; extra bits by counting up instead of by the table under test.
    fn repeat(&mut self, length: usize, distance: usize) {
        let (mut symbol, mut base) = (257, 3);
        while length < 258 && base + (1 << extra_of_length(symbol)) <= length {
            base += 1 << extra_of_length(symbol);
            symbol += 1;
        }
        if length == 258 {
            self.symbol(285);
        } else {
            self.symbol(symbol);
            self.put(length - base, extra_of_length(symbol));
        }
        let (mut symbol, mut base) = (0_usize, 1);
        let extra = |symbol: usize| (symbol / 2).saturating_sub(1);
        while base + (1 << extra(symbol)) <= distance {
            base += 1 << extra(symbol);
            symbol += 1;
        }
        self.code(symbol, 5);
        self.put(distance - base, extra(symbol));
    }

    fn gzip(mut self, content: &[u8]) -> Vec<u8> {
        self.symbol(256);
        let mut stored = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
        stored.extend(self.bytes);
        stored.extend(crc32fast::hash(content).to_le_bytes());
        stored.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        stored
    }
}

fn extra_of_length(symbol: usize) -> usize {
    ((symbol - 257) / 4).saturating_sub(1)
}

#[test]
fn every_content_at_every_level() {
    for (name, content) in corpus() {
        for level in 0..=9 {
            let stored = gzip(&content, level);
            assert!(ours(&stored, usize::MAX).as_ref() == Ok(&content), "{name} at {level}");
            if stored.len() < 100_000 {
                assert!(ours(&stored, 1).as_ref() == Ok(&content), "{name} at {level} byte by byte");
            }
        }
    }
}

#[test]
fn every_distance_and_length() {
    let noise = Noise(3).bytes(32_768, 256);
    let distances = (1..=70).chain([127, 128, 129, 255, 257, 1_000, 4_097, 24_576, 24_577, 32_767, 32_768]);
    for distance in distances {
        let mut bits = Bits::default();
        let mut content = noise[..distance.max(300)].to_vec();
        bits.put(0b011, 3);
        for &byte in &content {
            bits.symbol(byte.into());
        }
        for length in 3..=258 {
            bits.repeat(length, distance);
            for _ in 0..length {
                content.push(content[content.len() - distance]);
            }
            bits.symbol(length % 256);
            content.push(u8::try_from(length % 256).unwrap());
        }
        let stored = bits.gzip(&content);
        assert!(theirs(&stored).as_ref() == Some(&content), "the test's own stream, distance {distance}");
        assert!(ours(&stored, 50_000).as_ref() == Ok(&content), "distance {distance}");
    }
}

#[test]
fn no_match_reaches_before_its_member() {
    // The buffers are used before, and the first member fills the window.
    let first = gzip(&Noise(5).bytes(100_000, 256), 6);
    ours(&first, usize::MAX).unwrap();
    for (have, distance, fits) in [(1, 1, true), (1, 2, false), (300, 300, true), (300, 301, false), (0, 1, false)] {
        let mut bits = Bits::default();
        bits.put(0b011, 3);
        for _ in 0..have {
            bits.symbol(b'a'.into());
        }
        bits.repeat(5, distance);
        let second = bits.gzip(&vec![b'a'; have + 5]);
        assert_eq!(theirs(&second).is_some(), fits);
        assert_eq!(ours(&second, 100).is_ok(), fits, "{distance} back of {have}");
        let both = [first.clone(), second].concat();
        assert_eq!(ours(&both, usize::MAX).map_err(|kind| kind == ErrorKind::InvalidData).is_ok(), fits);
    }
}

#[test]
fn members_follow_each_other_and_nothing_else_does() {
    let (one, two) = (gzip(b"one", 6), gzip(&log(3_000), 1));
    let none = gzip(b"", 6);
    let cases: [(&str, Vec<&[u8]>, bool); 9] = [
        ("nothing at all", vec![], false),
        ("two", vec![&one, &two], true),
        ("empty members", vec![&none, &one, &none, &none, &two, &none], true),
        ("zeros behind", vec![&one, &[0; 512]], false),
        ("one zero behind", vec![&one, &[0]], false),
        ("half a magic behind", vec![&one, b"\x1f"], false),
        ("text behind", vec![&one, b"and so on and so on"], false),
        ("a cut member behind", vec![&two, &one[..15]], false),
        ("text before", vec![b"x", &one], false),
    ];
    for (name, parts, good) in cases {
        let stored = parts.concat();
        let expected = theirs(&stored);
        assert_eq!(expected.is_some(), good, "{name}");
        for step in [1, 7, usize::MAX] {
            assert!(ours(&stored, step).ok() == expected, "{name} by {step}");
        }
    }
}

#[test]
fn headers_with_every_field() {
    let plain = gzip(b"content", 6);
    for flags in 0..=255_u8 {
        for good in [true, false] {
            let mut stored = plain[..10].to_vec();
            stored[3] = flags;
            if flags & 4 != 0 {
                stored.extend(b"\x05\0extra");
            }
            if flags & 8 != 0 {
                stored.extend(b"name\0");
            }
            if flags & 16 != 0 {
                stored.extend(b"comment\0");
            }
            if flags & 2 != 0 {
                let crc = crc32fast::hash(&stored) ^ u32::from(!good);
                stored.extend(&crc.to_le_bytes()[..2]);
            }
            stored.extend(&plain[10..]);
            let expected = theirs(&stored);
            assert_eq!(expected.is_some(), flags < 32 && (good || flags & 2 == 0));
            assert_eq!(ours(&stored, 3).ok(), expected, "flags {flags}");
        }
    }
    for len in [65_535, 65_536] {
        let mut stored = plain[..10].to_vec();
        stored[3] = 8;
        stored.extend(vec![b'n'; len]);
        stored.push(0);
        stored.extend(&plain[10..]);
        assert_eq!(ours(&stored, usize::MAX).ok(), theirs(&stored), "name of {len}");
    }
}

/// Streams small enough to try everything on: stored, fixed and dynamic blocks, two members.
fn small() -> Vec<Vec<u8>> {
    let noise = Noise(11).bytes(700, 90);
    let mut small = Vec::new();
    for level in [0, 1, 4, 6, 9] {
        small.push(gzip(&log(20), level));
        small.push(gzip(&noise, level));
        small.push([gzip(b"abcabcabcabcabc", level), gzip(&log(4), level)].concat());
    }
    small
}

#[test]
fn every_cut_is_noticed() {
    for stored in small() {
        let whole = theirs(&stored).unwrap();
        assert!(ours(&stored, 100).as_ref() == Ok(&whole));
        for len in 0..stored.len() {
            // A cut between two members leaves a whole file.
            match theirs(&stored[..len]) {
                Some(content) => assert!(ours(&stored[..len], 100) == Ok(content)),
                None => {
                    assert_eq!(ours(&stored[..len], 100), Err(ErrorKind::UnexpectedEof), "{len} of {}", stored.len());
                }
            }
        }
    }
}

#[test]
fn every_damage_is_noticed() {
    let mut noise = Noise(13);
    for stored in small() {
        for at in 0..stored.len() {
            for flip in [1, 0x10, 0x80, 1 + noise.below(255)] {
                let mut damaged = stored.clone();
                damaged[at] ^= u8::try_from(flip).unwrap();
                assert!(ours(&damaged, 1_000).ok() == theirs(&damaged), "{flip} at {at} of {}", stored.len());
            }
        }
    }
}

/// The last block, with codes of its own; code lengths are written in sixteen codes of four bits.
fn dynamic(lits: &[u8], dists: &[u8], precode: &[u8]) -> Bits {
    let mut bits = Bits::default();
    bits.put(0b101, 3);
    bits.put(lits.len() - 257, 5);
    bits.put(dists.len() - 1, 5);
    bits.put(precode.len() - 4, 4);
    for &len in precode {
        bits.put(len.into(), 3);
    }
    for &len in lits.iter().chain(dists) {
        bits.code(len.into(), 4);
    }
    bits
}

#[test]
fn code_lengths_are_refused_as_zlib_refuses_them() {
    let precode = [&[0, 0, 0][..], &[4; 16]].concat();
    let check = |what: &str, some: &[(usize, u8)], lits: usize, dists: &[u8], precode: &[u8], good: bool| {
        let mut lens = vec![0; lits];
        for &(symbol, len) in some {
            lens[symbol] = len;
        }
        let mut bits = dynamic(&lens, dists, precode);
        // In every good case all zeros are the first symbol and all ones the last one, the end.
        bits.put(if some.len() == 1 { 0 } else { 0b1110 }, 4);
        bits.bytes.extend([0xff; 40]);
        assert_eq!(their_blocks(&bits.bytes).is_some(), good, "{what}, says flate2");
        assert_eq!(our_blocks(&bits.bytes), their_blocks(&bits.bytes), "{what}");
    };
    let two = [(97, 1), (256, 1)];
    check("two codes of one bit", &two, 257, &[0], &precode, true);
    check("all lengths", &[(97, 1), (98, 2), (99, 3), (256, 3)], 257, &[0], &precode, true);
    check("one code of one bit", &[(256, 1)], 257, &[0], &precode, true);
    check("one code of two bits", &[(256, 2)], 257, &[0], &precode, false);
    check("a code too few", &[(97, 1), (256, 2)], 257, &[0], &precode, false);
    check("a code too many", &[(97, 1), (98, 1), (256, 1)], 257, &[0], &precode, false);
    check("no end", &[(97, 1), (98, 1)], 257, &[0], &precode, false);
    check("286 literals and lengths", &two, 286, &[0], &precode, true);
    check("287 literals and lengths", &two, 287, &[0], &precode, false);
    check("30 distances", &two, 257, &[0; 30], &precode, true);
    check("31 distances", &two, 257, &[0; 31], &precode, false);
    check("one distance", &two, 257, &[1], &precode, true);
    check("one distance of two bits", &two, 257, &[2], &precode, false);
    check("two distances", &two, 257, &[1, 1], &precode, true);
    check("a distance too few", &two, 257, &[1, 2], &precode, false);
    check("a distance too many", &two, 257, &[1, 1, 1], &precode, false);
    check("a length of lengths too few", &two, 257, &[0], &precode[..18], false);
    check("no lengths of lengths", &two, 257, &[0], &[0; 19], false);
    // Its lone code of one bit is that of 0, 8 or 1.
    for lone in [3, 4, 17] {
        let mut precode = [0; 19];
        precode[lone] = 1;
        check("one length of lengths", &two, 257, &[0], &precode, false);
    }
}

#[test]
fn a_distance_without_a_code_is_refused() {
    for dists in [&[0][..], &[1]] {
        let mut lits = vec![0; 258];
        (lits[97], lits[256], lits[257]) = (1, 2, 2);
        let mut bits = dynamic(&lits, dists, &[&[0, 0, 0][..], &[4; 16]].concat());
        // A literal, a length of 3, the code 1 for a distance, and an end wherever a reader goes on.
        bits.put(0b1110, 4);
        bits.bytes.extend([0x55; 40]);
        assert_eq!((our_blocks(&bits.bytes), their_blocks(&bits.bytes)), (None, None));
    }
}

#[test]
fn any_block_ends_as_it_ends_for_zlib() {
    let mut noise = Noise(17);
    let mut good = 0;
    for round in 0..20_000 {
        let mut body = if round % 2 == 0 {
            // The start of a dynamic block, and noise.
            let mut body = noise.bytes(60, 256);
            body[0] = body[0] & !7 | 0b101;
            body
        } else {
            let stored = gzip(&log(2), [1, 4, 9][round % 3]);
            let mut body = stored[10..stored.len() - 8].to_vec();
            let at = noise.below(body.len().min(60));
            body[at] ^= 1 << noise.below(8);
            body
        };
        body.extend([0; 64]);
        let theirs = their_blocks(&body);
        good += usize::from(theirs.is_some());
        assert!(our_blocks(&body) == theirs, "round {round}");
    }
    assert!(good > 1_000, "{good} streams were whole");
}

#[test]
fn what_came_before_the_damage_is_passed_on_and_no_good_end_follows() {
    let content = log(10_000);
    let mut stored = gzip(&content, 6);
    let len = stored.len();
    stored[len - 5] ^= 1;
    let mut reader = GzReader::new(&stored[..]);
    let mut passed = 0;
    let error = loop {
        match reader.fill_buf() {
            Ok(bytes) => {
                assert!(!bytes.is_empty() && content[passed..].starts_with(bytes));
                let len = bytes.len();
                reader.consume(len);
                passed += len;
            }
            Err(error) => break error,
        }
    };
    assert_eq!((passed, error.kind()), (content.len(), ErrorKind::InvalidData));
    assert_eq!(reader.fill_buf().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn the_source_keeps_its_own_errors() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(ErrorKind::TimedOut, "the disk is gone"))
        }
    }
    let stored = gzip(&log(100), 6);
    let mut content = Vec::new();
    let error = GzReader::new(stored[..500].chain(Failing)).read_to_end(&mut content).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::TimedOut, "the disk is gone"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn round_trips(
        seed in any::<u64>(),
        pieces in prop::collection::vec((1_usize..256, 0_usize..40_000), 0..8),
        level in 0_u32..10,
        step in 1_usize..9_000,
    ) {
        let mut noise = Noise(seed);
        let mut content = Vec::new();
        for (values, len) in pieces {
            content.extend(noise.bytes(len, values));
            let from = noise.below(content.len() + 1);
            content.extend_from_within(from..);
        }
        let split = noise.below(content.len() + 1);
        let stored = [gzip(&content[..split], level), gzip(&content[split..], 9 - level)].concat();
        prop_assert!(ours(&stored, step).as_ref() == Ok(&content));
    }

    #[test]
    fn any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let stored = [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &bytes].concat();
        prop_assert_eq!(ours(&stored, 13).ok(), theirs(&stored));
    }
}
