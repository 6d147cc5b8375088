//! Sets of images of one person out of a batch.

use tch::Tensor;

use crate::nn::error::NnError;
use crate::nn::terms::range_loss::people;

/// The rows of each set: of each person the first `size` images of the batch, the next ones, and so on; what fills no set is left out.
/// Without a size all images of a person are one set. People come in the order in which the batch first shows them.
pub fn sets(labels: &Tensor, size: Option<u32>) -> Result<Vec<Vec<i64>>, NnError> {
    let people = people(labels)?;
    let Some(size) = size else { return Ok(people) };
    Ok(people.iter().flat_map(|rows| rows.chunks_exact(size as usize).map(<[i64]>::to_vec)).collect())
}

/// The label of each set, `[sets]`.
pub fn labels_of(sets: &[Vec<i64>], labels: &Tensor) -> Result<Tensor, NnError> {
    let first: Vec<i64> = sets.iter().filter_map(|rows| rows.first().copied()).collect();
    Ok(labels.f_index_select(0, &Tensor::f_from_slice(&first)?.f_to_device(labels.device())?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_fills_as_many_sets_as_there_are_images() {
        let labels = Tensor::from_slice(&[7i64, 3, 7, 3, 7, 7, 3, 9, 7]);
        let of = |size| sets(&labels, size).unwrap();
        assert_eq!(of(None), [vec![0, 2, 4, 5, 8], vec![1, 3, 6], vec![7]]);
        assert_eq!(of(Some(2)), [[0, 2], [4, 5], [1, 3]]);
        assert_eq!(of(Some(6)), Vec::<Vec<i64>>::new());
        assert_eq!(labels_of(&of(Some(2)), &labels).unwrap(), Tensor::from_slice(&[7i64, 7, 3]));
    }
}
