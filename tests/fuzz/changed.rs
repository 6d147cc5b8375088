//! Files that are changed at random.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "rows, sides and lengths that were held against their limits"
)]

use ddl_base::random::Draw;

/// How many changed files are read of each file.
pub(crate) fn count(small: u64) -> u64 {
    std::env::var("DDL_FUZZ").ok().and_then(|said| said.parse().ok()).unwrap_or(small)
}

/// A file that was changed, by the number of its change.
pub(crate) fn changed(of: &[u8], name: &str, number: u64) -> Vec<u8> {
    let mut bytes = of.to_vec();
    let draw = Draw::new(0, "fuzz").text(name).number(number);
    let below = |what: &str, at: u64, most: usize| (draw.clone().text(what).number(at).unit() * most as f64) as usize;
    for at in 0..=below("changes", 0, 3) as u64 {
        let place = below("place", at, bytes.len().max(1)).min(bytes.len());
        let end = (place + 1 + below("length", at, 64)).min(bytes.len());
        let length = bytes.len() as u64;
        match below("kind", at, 9) {
            0 if place < bytes.len() => bytes[place] ^= 1 << below("bit", at, 8),
            1 if place < bytes.len() => bytes[place] = below("byte", at, 256) as u8,
            2 => bytes.truncate(place),
            3 => drop(bytes.drain(place..end)),
            4 => {
                let twice = bytes[place..end].to_vec();
                bytes.splice(place..place, twice);
            }
            5 => {
                let from = below("from", at, bytes.len().max(1)).min(bytes.len());
                let block = bytes[from..(from + end - place).min(bytes.len())].to_vec();
                let end = place + block.len().min(bytes.len() - place);
                bytes.splice(place..end, block);
            }
            6 => {
                // a number of a text
                let digits = |from: usize| bytes[from..].iter().take_while(|it| it.is_ascii_digit()).count();
                if let Some(from) = (place..bytes.len()).find(|from| digits(*from) > 0) {
                    let said = [&b"-1"[..], b"0", b"nan", b"18446744073709551616", b"1e400", b"4294967295"][below("number", at, 6)];
                    bytes.splice(from..from + digits(from), said.iter().copied());
                }
            }
            _ => {
                // a number of two, four or eight bytes
                let width = 2 << below("width", at, 3);
                let values = [0, 1, u64::MAX, 1 << 31, 1 << 62, 1 << 63, length, length + 1, length - length.min(1), 0x7fff_ffff];
                let value = values[below("value", at, values.len())];
                let value = if below("end", at, 4) == 0 {
                    value.to_be_bytes()[8 - width..].to_vec()
                } else {
                    value.to_le_bytes()[..width].to_vec()
                };
                let end = (place + width).min(bytes.len());
                bytes[place..end].copy_from_slice(&value[..end - place]);
            }
        }
    }
    bytes
}
