//! Tokens that are hidden in training (He et al., "Masked Autoencoders", CVPR 2022, as insightface's `vit.py` hides them).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use tch::Tensor;

use super::Mask;
use crate::nn::error::NnError;
use crate::nn::state::State;

/// The tokens of each image, those that are seen first.
pub fn order(mask: &Mask, images: i64, mut stream: ChaCha8Rng) -> Vec<Vec<i64>> {
    let mut image = || {
        let mut ranked: Vec<(u64, i64)> = (0..mask.count).map(|token| (stream.next_u64(), token)).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, token)| token).collect()
    };
    (0..images).map(|_| image()).collect()
}

/// `[n, count, width]` to `[n, seen, width]`.
pub(crate) fn hide(mask: &Mask, x: Tensor, drawn: Option<ChaCha8Rng>) -> Result<Tensor, NnError> {
    let Some(stream) = drawn else { return Ok(x) };
    let seen = |image: Vec<i64>| image.into_iter().take(mask.seen as usize).collect();
    pick(&x, order(mask, x.size()[0], stream).into_iter().map(seen).collect())
}

/// `[n, seen, width]` to `[n, count, width]`, with what was drawn when they were hidden. Where nothing was hidden, nothing is filled in.
pub(crate) fn fill(mask: &Mask, state: &State, x: Tensor, drawn: Option<ChaCha8Rng>) -> Result<Tensor, NnError> {
    let (images, seen) = (x.size()[0], x.size()[1]);
    let Some(stream) = drawn.filter(|_| seen < mask.count) else { return Ok(x) };
    let token = state.get(&mask.name)?.f_expand([images, mask.count - seen, mask.width], false)?;
    let back = |image: Vec<i64>| {
        let mut places = vec![0; image.len()];
        (0..).zip(image).for_each(|(place, token)| places[token as usize] = place);
        places
    };
    pick(&Tensor::f_cat(&[&x, &token], 1)?, order(mask, images, stream).into_iter().map(back).collect())
}

/// The tokens at these places of each image.
fn pick(x: &Tensor, places: Vec<Vec<i64>>) -> Result<Tensor, NnError> {
    let (images, width) = (x.size()[0], x.size()[2]);
    let places = Tensor::f_from_slice(&places.concat())?.f_view([images, -1, 1])?.f_to_device(x.device())?;
    Ok(x.f_gather(1, &places.f_expand([-1, -1, width], false)?, false)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::net::{Module, Norms, Pass, Run as _};
    use crate::nn::state::Role;
    use ddl::nets::Backbone as _;
    use ddl::ops::nets::{Vit, VitSize};
    use ddl::random::Draw;
    use tch::{Device, Kind};

    const MASK: Mask = Mask { name: String::new(), count: 10, width: 3, seen: 7 };

    fn pass(step: u64) -> Pass {
        Pass::training(Norms::Batch, Draw::new(0, "noise").number(step))
    }

    #[test]
    fn each_image_loses_tokens_of_its_own_and_gets_one_token_for_all_of_them() {
        let mut state = State::new();
        state.insert("", Tensor::from_slice(&[-1.0, -2.0, -3.0]).view([1, 1, 3]), Role::Parameter).unwrap();
        let x = Tensor::arange(4 * 10 * 3, (Kind::Double, Device::Cpu)).view([4, 10, 3]);
        let known = |step| pass(step).drawn(&Module::Hide(MASK));
        let run = |step| hide(&MASK, x.shallow_clone(), known(step)).unwrap();
        let seen = run(1);
        assert_eq!(seen.size(), [4, 7, 3]);
        assert_eq!(seen, run(1));
        assert_ne!(seen, run(2));
        let back = fill(&MASK, &state, seen, known(1)).unwrap();
        let kept = back.eq_tensor(&x).all_dim(-1, false); // [4, 10]
        assert_eq!(Vec::<i64>::try_from(kept.sum_dim_intlist([1].as_slice(), false, Kind::Int64)).unwrap(), [7; 4]);
        assert_ne!(kept.get(0), kept.get(1));
        let hidden = back.masked_select(&kept.logical_not().unsqueeze(-1)).view([-1, 3]);
        assert_eq!(hidden, state.get("").unwrap().view([1, 3]).expand([12, 3], false));
        for judged in [hide(&MASK, x.shallow_clone(), None), fill(&MASK, &state, x.shallow_clone(), known(1))] {
            assert_eq!(judged.unwrap(), x);
        }
    }

    /// Whatever of it is fixed: with the first block nothing is hidden, with the neck what is hidden comes back.
    #[test]
    fn a_transformer_hides_tokens_where_its_first_block_learns() {
        let (width, depth, heads) = (Some(8), Some(2), Some(2));
        let common = Vit {
            size: VitSize::Tiny,
            embedding: 6,
            width,
            depth,
            heads,
            patch: 28,
            mlp: 2.0,
            drop_path: 0.0,
            mask_ratio: 0.3,
            weights: None,
            seed: 0,
        };
        let network = common.network().unwrap();
        let state = State::initialise(&network.specs(), 0, Device::Cpu, Kind::Double).unwrap();
        let x = Tensor::randn([3, 3, 112, 112], (Kind::Double, Device::Cpu));
        let embed = |pass: Pass| network.forward(&state, &x, &pass).unwrap();
        let learning = || Pass::training(Norms::Seen, Draw::new(0, "noise"));
        let fixing = |layers: [bool; 4]| embed(learning().fixing(&layers));
        let judged = embed(Pass::judging());
        assert_eq!(fixing([true; 4]), judged);
        assert_eq!(fixing([true, true, false, true]), judged);
        let hidden = fixing([false, false, false, true]);
        assert!((&hidden - &judged).abs().max().double_value(&[]) > 1e-6);
        assert_eq!(fixing([true, false, true, true]), hidden);
    }
}
