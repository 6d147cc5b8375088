//! InsightFace's validation packs (`lfw.bin`): a pickle of a list of encoded images, two for each pair, and a list that says of each pair
//! whether both show one person. Images are byte strings of Python 2 or 3, or arrays of bytes of NumPy's; they stay where they
//! lie.

use super::TensorError;
use super::pickle::{self, ARRAY, FROM_BUFFER, Pickle, SCALAR, Value};
use std::io::BufRead;

/// What a pack holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedPairs {
    /// Where each encoded image begins, and how many bytes it has: pair `k` is of images `2 k` and `2 k + 1`.
    pub images: Vec<(u64, u64)>,
    /// Of each pair whether both show one person.
    pub same: Vec<Truth>,
}

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It is known.
    Said(bool),
    /// The byte there says it.
    At(u64),
}

/// Reads a pack of `length` bytes.
///
/// # Errors
/// What is no such pickle; one that names what could run.
pub fn packed_pairs(from: &mut dyn BufRead, length: u64) -> Result<PackedPairs, TensorError> {
    let wrong = |what: String| TensorError::NoPairs(what);
    let (value, made, _) = pickle::read_long(from, length)?;
    let (Value::Tuple(whole) | Value::List(whole)) = value else { return Err(wrong("it holds no two lists".to_owned())) };
    let [images, same] = &made.lists[whole][..] else { return Err(wrong("it holds no two lists".to_owned())) };
    let Value::List(images) = images else { return Err(wrong("its first part is no list of images".to_owned())) };
    let image = |(at, value): (usize, &Value)| piece(&made, value).map_err(|why| wrong(format!("image {at} of it {why}")));
    let images: Vec<_> = made.lists[*images].iter().enumerate().map(image).collect::<Result<_, _>>()?;
    let same = match same {
        Value::List(same) => {
            let said = |(at, value): (usize, &Value)| {
                truth(&made, value).ok_or_else(|| wrong(format!("of pair {at} it does not say whether it is one person")))
            };
            made.lists[*same].iter().enumerate().map(said).collect::<Result<Vec<_>, _>>()?
        }
        array => {
            let (at, count) =
                piece(&made, array).map_err(|_| wrong("its second part does not say which pairs are of one person".to_owned()))?;
            if count.checked_mul(2) != Some(images.len() as u64) {
                return Err(wrong(pairless(images.len(), count)));
            }
            (at..at + count).map(Truth::At).collect()
        }
    };
    if images.len() != 2 * same.len() || images.is_empty() {
        return Err(wrong(pairless(images.len(), same.len() as u64)));
    }
    Ok(PackedPairs { images, same })
}

fn pairless(images: usize, pairs: u64) -> String {
    format!("it has {images} images, and says of {pairs} pairs whether they are of one person")
}

/// What makes an array or a number of NumPy.
fn made_of<'m>(made: &'m Pickle, value: &Value, class: &str) -> Option<&'m [(Value, Value)]> {
    let Value::Object(place) = value else { return None };
    let it = &made.objects[*place];
    if !it.class.ends_with(class) {
        return None;
    }
    Some(&it.items)
}

/// Where the bytes of an image lie.
fn piece(made: &Pickle, value: &Value) -> Result<(u64, u64), String> {
    match value {
        Value::Bytes(at, count) => return Ok((*at, *count)),
        Value::Object(place) if &*made.objects[*place].class == "_codecs.encode" => {
            return Err("is a text: Python 3 wrote it with pickle protocol 2; write it with protocol 4".to_owned());
        }
        _ => {}
    }
    let state = made_of(made, value, ARRAY);
    let (sides, at, count) = match (made_of(made, value, FROM_BUFFER), state) {
        (Some([(_, Value::Bytes(at, count)), (_, Value::Tuple(sides))]), _) => (sides, at, count),
        (_, Some([(_, Value::Tuple(state)), ..])) => match &made.lists[*state][..] {
            [Value::Int(_), Value::Tuple(sides), _, _, Value::Bytes(at, count)] => (sides, at, count),
            _ => return Err("is an array without bytes".to_owned()),
        },
        _ => return Err("is no byte string and no array".to_owned()),
    };
    let side = |side: &Value| if let Value::Int(side) = side { u64::try_from(*side).ok() } else { None };
    let all = made.lists[*sides].iter().try_fold(1u64, |all, value| all.checked_mul(side(value)?));
    if all == Some(*count) { Ok((*at, *count)) } else { Err("is an array of other numbers than bytes".to_owned()) }
}

fn truth(made: &Pickle, value: &Value) -> Option<Truth> {
    match value {
        Value::Bool(truth) => Some(Truth::Said(*truth)),
        Value::Int(number @ (0 | 1)) => Some(Truth::Said(*number == 1)),
        value => match &made_of(made, value, SCALAR)?.first()?.1 {
            Value::Bytes(at, 1) => Some(Truth::At(*at)),
            Value::Text(text) => match text.as_bytes() {
                [byte @ (0 | 1)] => Some(Truth::Said(*byte == 1)),
                _ => None,
            },
            _ => None,
        },
    }
}
