//! A page with images of some people of a data set.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

use super::source::Source;
use crate::cli::files;
use crate::cli::outcome::Stop;
use crate::cli::screen::Screen;
use crate::data::image::Image;
use crate::data::resize::{Kernel, resize};
use crate::data::{DataError, Table};
use crate::report::model::{Batch, BatchGroup, PngDataUri, Tile};
use crate::report::{Report, page};
use rayon::prelude::*;
use std::path::Path;

/// People on a page.
const PEOPLE: usize = 30;
/// Images of each.
const EACH: usize = 6;
/// The longer side of an image on a page, in pixels.
const SIDE: u32 = 112;

/// One person of a page: the class, and the rows that are shown.
fn shown(table: &Table) -> Vec<(u32, Vec<u32>)> {
    let rows = table.rows_by_class();
    let people: Vec<usize> = (0..table.labels().len()).filter(|class| !rows.get(*class).is_empty()).collect();
    spread(people.len(), PEOPLE)
        .map(|at| {
            let of = rows.get(people[at]);
            (people[at] as u32, spread(of.len(), EACH).map(|at| of[at]).collect())
        })
        .collect()
}

/// So many places at most among all, evenly.
pub(crate) fn spread(all: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = all.min(most);
    (0..count).map(move |at| at * all / count)
}

/// A picture of an image that is no larger than a page wants it.
pub(crate) fn picture(image: &Image) -> PngDataUri {
    let longest = image.width().max(image.height());
    if longest <= SIDE {
        return PngDataUri::of(image);
    }
    let side = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longest)).max(1) as u32;
    PngDataUri::of(&resize(image, side(image.width()), side(image.height()), Kernel::Area))
}

/// Writes the page of data.
pub(crate) fn write(path: &Path, all: &[(Source, Table, String)], screen: &Screen) -> Result<(), Stop> {
    let mut report = Report { title: "What is in the data".to_owned(), ..Report::default() };
    for (source, table, summary) in all {
        let people = shown(table);
        let of = people.iter().map(|(_, rows)| rows.len()).sum::<usize>();
        let groups: Vec<BatchGroup> = people
            .into_par_iter()
            .map(|(class, rows)| {
                let label = table.labels().names()[class as usize].to_string();
                let tiles = rows.into_iter().filter_map(|row| tile(table, row).transpose()).collect::<Result<_, _>>()?;
                Ok(BatchGroup { label, tiles })
            })
            .collect::<Result<_, DataError>>()
            .map_err(|error| super::source::wrong(&error))?;
        let missing = of - groups.iter().map(|group| group.tiles.len()).sum::<usize>();
        if missing > 0 {
            report.warnings.push(format!("{missing} images of {} can't be decoded: `ddl data check` names all such", source.said));
        }
        report.notes.push(summary.clone());
        report.sheets.push(Batch { title: source.said.clone(), groups });
    }
    files::write_named(path, page(&report).as_bytes())?;
    screen.note(format!("the images are in {}", path.display()));
    Ok(())
}

/// An image of a page; nothing of one that can't be decoded.
fn tile(table: &Table, row: u32) -> Result<Option<Tile>, DataError> {
    let Some(sample) = table.row(row as usize) else { return Ok(None) };
    let source = sample.source();
    match source.open(source.digest()) {
        Ok(image) => Ok(Some(Tile { image: picture(&image), caption: sample.path().into_owned() })),
        Err(DataError::Corrupt { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}
