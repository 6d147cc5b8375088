//! A list of images.

use super::{Reading, Reads, Recognised, There};
use crate::data::probe::{Probe, ProbeCache, beside};
use crate::data::readers::{self, PlainList, Read, begins_as_text};
use crate::data::survey::Told;
use crate::data::writers::{Container, Written};
use crate::data::{At, DataError, Lies, Look};
use crate::lang::decl::Param as _;
use crate::lang::types::Type;
use crate::lang::value::Args;
use crate::ops::data::columns_of;
use crate::ops::refs::{Columns, FilePath};
use std::path::Path;
use std::sync::Arc;

crate::choice! {
    /// What the columns of a `.lst` are.
    pub enum ListColumns {
        /// `aligned path label`, then the box, then the landmarks.
        Insightface = "insightface",
        /// `index label… path`, as MXNet's `im2rec` has them.
        Im2rec = "im2rec",
    }
}

crate::reader! {
    /// The images that a list names: a csv with columns `path`, `identity`, and attributes, or a list without a header as training sets come with them.
    ///
    /// Without a header each line is `path label`, parted by blanks (by a tab, if the path holds blanks); or, with tabs, insightface's `aligned path label` with
    /// nothing more, with a box (7 fields) or with a box and five landmarks (17 fields), all x before all y; or MXNet's `index label… path`, with as many fields
    /// on each line. Which of the latter two it is, is told by the column that holds paths in most of the first hundred lines: a path is what is no number. Where
    /// that doesn't tell, `columns` does.
    ///
    /// A label that is a whole number names a person with eight digits, so that a list and the `.rec` that was made of it know the same people; any other
    /// label is a name. The fields that are left have names that `schema` gives types to; they are missing where a line is short. insightface's: `aligned`;
    /// `left`, `top`, `right`, `bottom`; `landmark1_x` to `landmark5_x`, `landmark1_y` to `landmark5_y`. MXNet's: `index`, and `label2`, `label3` and so on behind
    /// the first label, which is the person: `image_list("train.lst", schema = {aligned: int, left: px})`.
    pub struct ImageList("image_list", 2, |call| Type::Dataset(columns_of(call))) {
        /// The list.
        path: FilePath;
        /// The folder that its paths are relative to; without one the list's own.
        root: Option<FilePath> = None;
        /// The types of its attributes.
        schema: Columns = Columns::default();
        /// What the columns of a `.lst` are, where its first lines don't tell.
        columns: Option<ListColumns> = None;
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

impl ListColumns {
    fn plain(self) -> PlainList {
        match self {
            ListColumns::Insightface => PlainList::Insightface,
            ListColumns::Im2rec => PlainList::Im2rec,
        }
    }
}

/// The images of a list with these attributes.
fn read(at: At<'_>, said: Option<PlainList>, schema: &Columns, cache: &ProbeCache) -> Result<Read, DataError> {
    let root = at.below.map_or_else(|| beside(at.path), ToOwned::to_owned);
    readers::image_list(at.path, &root, said, &schema.types()?, cache)
}

fn probe(at: At<'_>, said: Option<PlainList>, cache: &ProbeCache) -> Result<Arc<Probe>, DataError> {
    Ok(read(at, said, &Columns::default(), cache)?.probe)
}

impl Reading for ImageList {
    const WRITTEN: Written = Written::As(&[Container::List]);

    const READS: Option<Reads> =
        Some(Reads { path: "path", below: Some("root"), look: Look { lies: Lies::Text, probe: |at, cache| probe(at, None, cache) } });

    fn look(args: &Args) -> Option<Look> {
        let is = |columns: ListColumns| args.get("columns") == Some(&columns.value());
        if is(ListColumns::Insightface) {
            return Some(Look { lies: Lies::Text, probe: |at, cache| probe(at, Some(PlainList::Insightface), cache) });
        }
        is(ListColumns::Im2rec).then_some(Look { lies: Lies::Text, probe: |at, cache| probe(at, Some(PlainList::Im2rec), cache) })
    }

    fn recognises(path: &Path) -> Recognised {
        Recognised::perhaps(path.is_file() && begins_as_text(path).is_ok())
    }

    fn there(&self) -> Option<There<'_>> {
        Some(There { path: &self.path, below: self.root.as_ref(), said: self.said() })
    }

    fn told(&self, at: At<'_>, cache: &ProbeCache) -> Result<Told, DataError> {
        let mut told = Told::default();
        readers::fields(at.path, self.columns.map(ListColumns::plain), cache, |name, value| told.add(name, value))?;
        Ok(told)
    }

    fn read(&self, at: At<'_>, cache: &ProbeCache) -> Result<Read, DataError> {
        read(at, self.columns.map(ListColumns::plain), &self.schema, cache)
    }
}
