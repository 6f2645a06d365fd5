//! What a hand on the line, or one that knows the format, does to bytes: everything follows from the random source.
#![allow(dead_code, reason = "each test file uses its part")]

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::parts::{Parts, chunk, compressed};

/// Bytes changed without any understanding: flips, replacements, cuts, insertions, copies within.
pub fn garble(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    for _ in 0..random.random_range(1..4_u32) {
        if bytes.is_empty() {
            return;
        }
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..9_usize)).min(bytes.len());
        match random.random_range(0..9_u32) {
            0 | 1 => bytes[at] ^= 1 << random.random_range(0..8_u32),
            2 => bytes[at] = random.random(),
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, 0x7e, 2][random.random_range(0..7_usize)],
            4 => bytes[at] = bytes[at].wrapping_add(1),
            5 => drop(bytes.drain(at..end)),
            6 => bytes.insert(at, random.random()),
            7 => {
                let piece = bytes[at..end].to_vec();
                let to = random.random_range(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => bytes.truncate(bytes.len() - random.random_range(0..bytes.len().min(6))),
        }
    }
}

/// Fields changed with understanding, so that much of it still reads.
pub fn tamper(parts: &mut Parts, other: &Parts, random: &mut ChaCha8Rng) {
    for _ in 0..random.random_range(1..3_u32) {
        let small = random.random_range(0..4_u64);
        let index = if parts.columns.is_empty() { 0 } else { random.random_range(0..parts.columns.len()) };
        match random.random_range(0..20_u32) {
            0 => parts.seq = parts.seq.wrapping_add(small).wrapping_sub(1),
            1 => parts.start_op = [parts.start_op + small, 1 << (8 * small), u64::MAX >> small, 0][small as usize],
            2 => parts.time = random.random(),
            3 => parts.message = vec![b'm'; random.random_range(0..1_100)],
            4 => parts.deps.truncate(small as usize),
            5 => parts.deps.push(random.random()),
            6 => parts.others.push(random.random::<[u8; 16]>().to_vec()),
            7 => parts.others = other.others.clone(),
            8 => drop(parts.others.pop()),
            9 => parts.footer = vec![1; small as usize],
            10 if !parts.columns.is_empty() => drop(parts.columns.remove(index)),
            11 => {
                // A column of another change in its place.
                if let Some((spec, data)) = other.columns.get(index) {
                    *parts.column(*spec) = data.clone();
                }
            }
            _ if !parts.columns.is_empty() => {
                let data = &mut parts.columns[index].1;
                match random.random_range(0..4_u32) {
                    // One value of a column a little up or down: mostly still a column of that length.
                    0 | 1 if !data.is_empty() => {
                        let at = random.random_range(0..data.len());
                        data[at] = data[at].wrapping_add([1, 2, 127, 126, 1][random.random_range(0..5_usize)]) & 0x7f;
                    }
                    2 if data.len() > 2 => {
                        let (a, b) = (random.random_range(0..data.len()), random.random_range(0..data.len()));
                        data.swap(a, b);
                    }
                    _ => garble(data, random),
                }
            }
            _ => {}
        }
    }
}

/// One honest change, mutated in one of all ways: as bytes, inside its chunk, compressed, field by field, one value.
#[must_use]
pub fn mutated(target: &[u8], other: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut parts = Parts::of(target);
    match random.random_range(0..10_u32) {
        0 => {
            let mut bytes = target.to_vec();
            garble(&mut bytes, random);
            bytes
        }
        1 | 2 => {
            let mut contents = parts.contents();
            garble(&mut contents, random);
            chunk(1, &contents)
        }
        3 => {
            let mut contents = parts.contents();
            garble(&mut contents, random);
            compressed(&contents)
        }
        4..=6 if !parts.columns.is_empty() => {
            let index = random.random_range(0..parts.columns.len());
            let data = &mut parts.columns[index].1;
            let at = random.random_range(0..data.len());
            data[at] = random.random_range(0..128_u8);
            parts.bytes()
        }
        _ => {
            tamper(&mut parts, &Parts::of(other), random);
            parts.bytes()
        }
    }
}
