//! Which images were decoded well before, and which could not be, by the digests of their bytes: a second run decodes only what it uses.
//!
//! The file is `ddl sound 1 …\n` with what decoded them, the number of good ones (u64), half the digest of each in rising order, and the
//! others as JSON; then a digest of all that. What is damaged or of another make is as if it were not there.

use super::Digest;
use super::saved::{sum, whole};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Half = [u8; 16];

/// What is known of an image's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They were decoded.
    Good,
    /// They can't be decoded, and why.
    Corrupt(String),
}

/// What is known of images by the digests of their bytes.
#[derive(Debug, Default)]
pub struct Sound {
    place: Option<PathBuf>,
    good: Vec<Half>,
    new: BTreeSet<Half>,
    corrupt: BTreeMap<String, String>,
    fresh: bool,
}

/// The first line: another decoder may decode otherwise.
fn magic() -> String {
    format!("ddl sound 1 {} {}\n", env!("CARGO_PKG_VERSION"), crate::decode::VERSION)
}

impl Sound {
    pub(super) fn load(folder: Option<&Path>) -> Self {
        let place = folder.map(|folder| folder.join("sound"));
        let read = || {
            let bytes = ddl_base::regular::read(place.as_ref()?, ddl_base::regular::Whole::Own).ok()?;
            let (body, digest) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
            if digest != sum(body) {
                return None;
            }
            let (count, rest) = body.strip_prefix(magic().as_bytes())?.split_first_chunk::<8>()?;
            let (good, corrupt) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(16)?)?;
            Some((good.as_chunks::<16>().0.to_vec(), serde_json::from_slice(corrupt).ok()?))
        };
        let (good, corrupt) = read().unwrap_or_default();
        Sound { place, good, corrupt, ..Sound::default() }
    }

    /// What is known of an image of this digest.
    pub fn of(&self, digest: Digest) -> Option<Verdict> {
        let half = digest.half();
        if self.new.contains(&half) || self.good.binary_search(&half).is_ok() {
            return Some(Verdict::Good);
        }
        self.corrupt.get(&digest.to_string()).map(|why| Verdict::Corrupt(why.clone()))
    }

    /// Remembers what came of decoding.
    pub fn learn(&mut self, digest: Digest, verdict: Verdict) {
        self.fresh = true;
        match verdict {
            Verdict::Good => {
                self.new.insert(digest.half());
            }
            Verdict::Corrupt(why) => {
                self.corrupt.insert(digest.to_string(), why);
            }
        }
    }

    /// Saves it, if anything was learned. Where that fails, the next run decodes again, and nothing else is lost.
    pub fn save(&mut self) {
        let Some(place) = self.place.as_deref().filter(|_| self.fresh) else { return };
        let mut good: Vec<Half> = self.good.iter().chain(&self.new).copied().collect();
        good.sort_unstable();
        good.dedup();
        let mut bytes = magic().into_bytes();
        bytes.extend((good.len() as u64).to_le_bytes());
        bytes.extend(good.as_flattened());
        if serde_json::to_writer(&mut bytes, &self.corrupt).is_ok() && whole(place, bytes).is_ok() {
            self.fresh = false;
        }
    }
}
