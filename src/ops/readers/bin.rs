//! Pairs of images in a pickle.

use super::{Reading, Reads, Recognised, There};
use crate::data::held::Pack;
use crate::data::probe::ProbeCache;
use crate::data::readers::{self, IdentityRule, Read, packed};
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look};
use crate::lang::types::Type;
use crate::ops::refs::FilePath;
use indexmap::IndexMap;
use std::path::Path;

crate::reader! {
    /// The images of a validation pack as InsightFace hands out LFW, CFP-FP and AgeDB-30: `bin("lfw.bin")`.
    ///
    /// The pack says which pairs are of one person and names nobody: images of such a pair, and images of equal bytes, are of one person, who is called by the
    /// number of the first of them, and an image by its person and its number (`00000012/00000013`). `verification(bin("lfw.bin"))` judges its pairs, in ten
    /// folds one after the other; of some of its images it is said which: `pairs = "lfw.bin"`.
    ///
    /// Source: InsightFace, `eval/verification.py`. The pickle is read by a machine that builds data and runs nothing.
    pub struct Bin("bin", 2, |_| Type::dataset()) {
        /// The pack.
        path: FilePath;
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

impl Reading for Bin {
    const WRITTEN: Written = Written::As(&[Container::Bin]);

    const PAIRS: bool = true;

    const READS: Option<Reads> =
        Some(Reads { path: "path", below: None, look: Look { lies: Lies::Anything, probe: |at, cache| packed::probe(at.path, cache) } });

    fn recognises(path: &Path) -> Recognised {
        Recognised::surely(packed::is_pack(path))
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: None, said: self.said() })
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        readers::held(Pack::open(at.path)?, packed::probe(at.path, cache)?, &IdentityRule::FirstFolder, &IndexMap::new())
    }
}
