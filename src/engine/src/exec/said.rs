//! What observers say of images: attributes, told of stored features without libtorch.

#![allow(clippy::cast_precision_loss, reason = "sizes of tensors, which libtorch counts in i64")]

use super::Exec;
use super::Halt;
use super::common::Common;
use super::judging::combined;
use ddl::data::DataError;
use ddl::data::loader::{Element, Layout, PixelFormat, Wanted};
use ddl::data::measure;
use ddl::data::sampler::Pick;
use ddl::data::stream::Colour;
use ddl::diag::Code;
use ddl::eval::{Among, Faces, by_density, by_means};
use ddl::events::{Event, Failure, Sink as _};
use ddl::inputs::data_codes;
use ddl::lang::value::NodeId;
use ddl::ops::observers::{Measurement, Near, Observer, Saying, Turned};
use ddl::ops::outputs::{Heard, Measured, Said};
use ddl::store::Artifact;
use ddl::store::due::artifact_inputs;
use ddl::store::said::{Attributes, Column};
use indexmap::IndexMap;
use rayon::prelude::*;
use std::time::Instant;

impl Common<'_> {
    /// What an observer says of a data set's images.
    pub fn said(&self, id: NodeId) -> Result<Artifact, Halt> {
        let it: &Said = self.job.plan.get(id)?;
        let Observer::Predict(predict) = &it.by else {
            return Err(Failure::new(Code::BadJob, "what is measured is said of no features").into());
        };
        self.make(id, |draft| {
            let table = self.tables.table(it.data.node)?;
            let Some(plain) = it.features.first() else {
                return Err(Failure::new(Code::BadJob, "a model that says something of no features").into());
            };
            let plain = self.read_features(plain.node, table.len())?;
            let mirrored = it.features.get(1).map(|mirrored| self.read_features(mirrored.node, table.len())).transpose()?;
            let rows = combined(&predict.embed, plain, mirrored);
            let faces = Faces::new(&rows.numbers, rows.width, table.rows().map(|row| row.class()).collect());
            let mut columns = Vec::new();
            for (name, saying) in &predict.says {
                self.halt_if_asked()?;
                let column = |numbers| Column { name: name.clone(), numbers, values: Vec::new() };
                columns.push(match saying {
                    Saying::HeadAngle(it) => column(angles(&rows.numbers, rows.width, it.of)?),
                    Saying::Norm(_) => column(Faces::norms(&rows.numbers, rows.width).into_iter().map(Some).collect()),
                    Saying::Nearest(it) => column(faces.nearest(match it.among {
                        Near::Anybody => Among::Anybody,
                        Near::Same => Among::Same,
                        Near::Others => Among::Others,
                    })),
                    Saying::ToMean(_) => column(faces.to_mean()),
                    Saying::KMeans(it) => {
                        let found = by_means(&faces, it.k as usize, it.starts as usize, it.rounds, it.seed);
                        clusters(name, found.ok_or_else(without_numbers)?)
                    }
                    Saying::Dbscan(it) => clusters(name, by_density(&faces, it.distance, it.least as usize).ok_or_else(without_numbers)?),
                });
            }
            Ok(Attributes { images: table.len(), columns }.write(draft)?)
        })
    }

    /// Hears what observers said by whom the data of a node is chosen: its tables are known then.
    pub fn hear(&self, id: NodeId) -> Result<(), Halt> {
        let plan = &self.job.plan;
        for said in artifact_inputs(plan, id).into_iter().filter(|input| plan.node(*input).keeps().is_said()) {
            if self.tables.has_heard(said) {
                continue;
            }
            // what it was said of may hang on what another said
            self.hear(said)?;
            let Some(it) = Heard::of(plan.work(said)?) else { continue }; // not reached: it keeps what an observer says
            let (known, images) = (Attributes::read(&self.artifact(said)?)?, self.tables.table(it.data.node)?.len());
            match known.filter(|known| known.images == images) {
                Some(known) => self.tables.hear(said, known.of(it.by))?,
                None => {
                    let message = format!("`{}` is not of the {images} images of its data set", self.name(said));
                    return Err(self.unfit(said, message)?);
                }
            }
        }
        Ok(())
    }
}

impl Exec<'_> {
    /// What is measured on a data set's images.
    pub(super) fn measured(&self, id: NodeId, it: &Measured) -> Result<Artifact, Halt> {
        let Observer::Measure(measure) = &it.by else {
            return Err(Failure::new(Code::BadJob, "a model is asked where pixels are measured").into());
        };
        let named = |error: DataError| Halt::from(data_codes::failure(Some(self.name(id)), &error));
        self.make(id, |draft| {
            let table = self.tables.table(it.data.node)?;
            let format = PixelFormat { layout: Layout::Nhwc, colour: Colour::Rgb, element: Element::U8 };
            let loader = |side: u32| self.loading().of_size(&table, Wanted { width: side, height: side, format });
            let loader = measure.side.map(|side| loader(side.0)).transpose().map_err(named)?;
            let image = |row: usize| match (&loader, table.row(row)) {
                (Some(loader), _) => loader.image(&Pick { table: 0, row: row as u32, visit: 0 }),
                (None, Some(row)) => row.source().open(row.source().digest()),
                (None, None) => Err(DataError::Empty { view: "measure".to_owned(), total: table.len() }), // not reached: rows are below the length
            };
            let of = |row: usize| {
                let image = image(row)?;
                let grey = measure::grey(&image);
                let (mean, deviation) = measure::levels(&grey);
                let number = |what: &Measurement| match what {
                    Measurement::Sharpness(_) => measure::sharpness(&grey, image.width() as usize),
                    Measurement::Luminance(_) => mean / 255.0,
                    Measurement::LuminanceDeviation(_) => deviation / 255.0,
                };
                Ok(measure_all(&measure.says, number))
            };
            let mut rows: Vec<Vec<f64>> = Vec::with_capacity(table.len());
            let (begun, mut told) = (Instant::now(), Instant::now());
            for from in (0..table.len()).step_by(ROWS) {
                self.halt_if_asked()?;
                let block: Result<Vec<Vec<f64>>, DataError> = (from..(from + ROWS).min(table.len())).into_par_iter().map(of).collect();
                rows.extend(block.map_err(named)?);
                if told.elapsed().as_secs_f64() > 1.0 {
                    told = Instant::now();
                    self.events.emit(Event::progress(self.name(id), "images", rows.len() as u64, table.len() as u64, begun));
                }
            }
            let column = |(at, name): (usize, &String)| Column {
                name: name.clone(),
                numbers: rows.iter().map(|row| row.get(at).copied()).collect(),
                values: Vec::new(),
            };
            let columns = measure.says.keys().enumerate().map(column).collect();
            Ok(Attributes { images: table.len(), columns }.write(draft)?)
        })
    }
}

/// Images that are measured at once.
const ROWS: usize = 1024;

/// All that is measured on one image, in the order in which the recipe names it.
fn measure_all(says: &IndexMap<String, Measurement>, number: impl Fn(&Measurement) -> f64) -> Vec<f64> {
    says.values().map(number).collect()
}

/// An angle of each image in radians, of a hopenet's three numbers in degrees.
fn angles(rows: &[f32], width: usize, of: Turned) -> Result<Vec<Option<f64>>, Halt> {
    let at = match of {
        Turned::Yaw => 0,
        Turned::Pitch => 1,
        Turned::Roll => 2,
    };
    if width != 3 {
        let message = format!("three angles were asked for, and the model says {width} numbers");
        return Err(Failure::new(Code::Outputs, message).help("ask a hopenet(weights = …)").into());
    }
    Ok(rows.chunks_exact(width).map(|row| Some(f64::from(row[at]).to_radians())).collect())
}

/// Clusters `c0`, `c1`, …
fn clusters(name: &str, found: Vec<Option<usize>>) -> Column {
    let count = found.iter().flatten().max().map_or(0, |last| last + 1);
    Column {
        name: name.to_owned(),
        numbers: found.into_iter().map(|cluster| cluster.map(|cluster| cluster as f64)).collect(),
        values: (0..count).map(|cluster| format!("c{cluster}")).collect(),
    }
}

fn without_numbers() -> Halt {
    let failure = Failure::new(Code::NotFinite, "the embeddings have no clusters: their distances are no numbers");
    failure.help("the weights may not fit the images").into()
}
