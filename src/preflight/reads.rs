//! What networks read of samples beside their images: whatever such a network sees must know it.

use super::unknown::Unknown;
use crate::data::predicate::Expr;
use crate::data::{AttributeType, DataError};
use crate::diag::Code;
use crate::events::Failure;
use crate::inputs::tables::{TableError, Tables};
use crate::lang::value::NodeId;
use crate::nets::backbone::hopenet::ANGLES;
use crate::ops::data::Draw;
use crate::ops::terms::HeadPose;

/// Refuses data, or a draw of data, whose samples do not have the angles that a network reads.
pub(super) fn known(tables: &Tables, reads: &[Expr], node: NodeId) -> Result<(), Unknown> {
    if reads.is_empty() {
        return Ok(());
    }
    let plan = tables.plan();
    let data = plan.get::<Draw>(node).map_or(node, |draw| draw.data.node);
    let table = tables.table(data)?;
    let schema = table.schema();
    let foreseen = tables.foreseen(data);
    for read in reads {
        let unsaid = foreseen.at_most || foreseen.is_read_by(read);
        let name = &plan.node(data).name;
        let wrong = read.attributes().into_iter().find_map(|attribute| match schema.get(attribute) {
            Some(AttributeType::Angle) => None,
            Some(other) => Some(format!("the network reads `.{attribute}`, an angle, and in `{name}` it is {other}")),
            None => Some(format!("the network reads `.{attribute}`, and the samples of `{name}` have no such attribute")),
        });
        let numbers = if unsaid { Ok(Vec::new()) } else { read.numbers(&table) }; // which value a sample has, the run knows
        let failure = match (wrong, numbers) {
            (Some(message), _) => {
                Failure::new(Code::BadData, message).help("say where it lies: annotate(data, \"pose.csv\", schema = {yaw: deg})")
            }
            (None, Err(error @ DataError::Missing { .. })) => Failure::new(Code::MissingValue, format!("{name}: {error}"))
                .help("leave such samples out: data |> where(abs(.yaw) < 180deg, missing = \"drop\")"),
            (None, Err(error)) => crate::inputs::data_codes::failure(Some(name), &error),
            (None, Ok(_)) => continue,
        };
        return Err(Unknown::Failure(failure));
    }
    Ok(())
}

/// Refuses angles that no bin is for, and images that are mirrored while their angles stay.
pub(super) fn have_bins(tables: &Tables, pose: &HeadPose) -> Result<(), Unknown> {
    let plan = tables.plan();
    let draw: &Draw = plan.get(pose.data.node).map_err(TableError::from)?;
    let name = &plan.node(pose.data.node).name;
    let mirrors = |op| crate::inputs::augments::augment(op).is_ok_and(|augment| augment.mirrors());
    if draw.augment.iter().any(mirrors) {
        let message = format!("`{name}` mirrors images, and `head_pose` reads the angles of images as they are");
        return Err(Unknown::Failure(Failure::new(Code::BadData, message).help("leave flip() out of its augment")));
    }
    let table = tables.table(draw.data.node)?;
    if tables.foreseen(draw.data.node).at_most {
        return Ok(()); // the run knows which samples stay
    }
    for (_, angle) in pose.angles() {
        let Ok(numbers) = angle.row.numbers(&table) else { continue }; // said before
        let outside = numbers.iter().zip(table.rows()).find(|(angle, _)| ANGLES.bin(angle.to_degrees()).is_none());
        if let Some((angle, row)) = outside {
            let (path, degrees) = (row.path(), angle.to_degrees());
            let message = format!("{name}: `{path}` is turned by {degrees:.1} degrees, and bins go from -99 to 99");
            let help = "leave such images out: data |> where(abs(.yaw) < 99deg)";
            return Err(Unknown::Failure(Failure::new(Code::BadData, message).help(help)));
        }
    }
    Ok(())
}
