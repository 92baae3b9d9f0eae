//! Signature version 4 as its specification describes it, to check what a client signed: nothing of the client is used.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>.

use crate::http::Incoming;
use std::fmt::Write as _;

const K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut h: [u32; 8] =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    let mut padded = data.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut w = [0_u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().expect("four bytes"));
        }
        for i in 16..64 {
            let s0 = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
            let s1 = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
        }
        let mut v = h;
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let ch = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7].wrapping_add(s1).wrapping_add(ch).wrapping_add(K[i]).wrapping_add(w[i]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let t2 = s0.wrapping_add((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            v = [t1.wrapping_add(t2), v[0], v[1], v[2], v[3].wrapping_add(t1), v[4], v[5], v[6]];
        }
        for (sum, word) in h.iter_mut().zip(v) {
            *sum = sum.wrapping_add(word);
        }
    }
    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(h) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    let key = if key.len() > 64 { &sha256(key)[..] } else { key };
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8, data: &[u8]| sha256(&[&block.map(|byte| byte ^ with)[..], data].concat());
    pad(0x5c, &pad(0x36, data))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The access key that signed a request.
pub fn key(request: &Incoming) -> Option<&str> {
    let (_, rest) = request.header("authorization")?.split_once("Credential=")?;
    rest.split('/').next()
}

/// What is wrong with the signature of a request.
pub fn check(secret: &str, request: &Incoming) -> Result<(), String> {
    let Incoming { method, target, headers, body } = request;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| request.header(name);
    let given = header("authorization").ok_or("no signature")?;
    let rest = given.strip_prefix("AWS4-HMAC-SHA256 Credential=").ok_or("another kind of signature")?;
    let parts: Vec<&str> = rest.split(", ").collect();
    let [credential, signed, signature] = parts[..] else { return Err(format!("`{given}`")) };
    let (_, scope) = credential.split_once('/').ok_or("no scope")?;
    let names: Vec<&str> = signed.strip_prefix("SignedHeaders=").ok_or("no signed headers")?.split(';').collect();
    let must = |name: &str| name == "host" || name.starts_with("x-amz-");
    if let Some((name, _)) = headers.iter().find(|(name, _)| must(name) && !names.contains(&name.as_str())) {
        return Err(format!("{name} is not signed"));
    }
    let mut sorted: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
    sorted.sort_unstable();
    let mut canonical = format!("{method}\n{path}\n{}\n", sorted.join("&"));
    for name in &names {
        let value = header(name).ok_or_else(|| format!("{name} is signed and not there"))?;
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let payload = header("x-amz-content-sha256").ok_or("no x-amz-content-sha256")?;
    let _ = write!(canonical, "\n{}\n{payload}", names.join(";"));
    if payload != "UNSIGNED-PAYLOAD" && payload != hex(&sha256(body)) {
        return Err("the checksum of another body".to_owned());
    }
    let date = header("x-amz-date").ok_or("no x-amz-date")?;
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = hmac(&key, part.as_bytes()).to_vec();
    }
    let expect = hex(&hmac(&key, to_sign.as_bytes()));
    if signature.strip_prefix("Signature=") == Some(&*expect) { Ok(()) } else { Err("a wrong signature".to_owned()) }
}

#[test]
fn hashes_are_those_of_the_standards() {
    assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let expect = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hex(&hmac(b"Jefe", b"what do ya want for nothing?")), expect, "RFC 4231");
}
