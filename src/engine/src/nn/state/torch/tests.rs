//! Files that PyTorch wrote (fixtures/make.py), whole and damaged.

use super::super::FileError;
use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/", $name)).as_slice()
    };
}

fn check(state: &State) {
    let of = |name: &str| state.get(name).unwrap();
    let names = ["bn.num_batches_tracked", "bn.running_mean", "fc.weight", "half.weight", "row.weight", "turned.weight", "wide.weight"];
    assert_eq!(state.names().collect::<Vec<_>>(), names);
    assert_eq!(*of("fc.weight"), Tensor::from_slice(&[-0.5f32, -0.25, 0.0, 0.25, 0.5, 0.75]).view([2, 3]));
    assert_eq!(*of("turned.weight"), Tensor::from_slice(&[0f32, 3.0, 1.0, 4.0, 2.0, 5.0]).view([3, 2]));
    assert_eq!(*of("row.weight"), Tensor::from_slice(&[3f32, 4.0, 5.0]));
    assert_eq!(*of("half.weight"), Tensor::from_slice(&[1.5f32, -2.0]).to_kind(Kind::Half));
    assert_eq!(*of("wide.weight"), Tensor::from_slice(&[0.1f64]));
    assert_eq!(*of("bn.running_mean"), Tensor::from_slice(&[0.25f32, 8.0]).to_kind(Kind::BFloat16));
    assert_eq!(of("bn.num_batches_tracked").int64_value(&[]), 7);
    assert_eq!(state.entry("bn.running_mean").unwrap().role, crate::nn::state::Role::Buffer);
}

fn error(bytes: &[u8]) -> String {
    State::from_weights(bytes).unwrap_err().to_string()
}

#[test]
fn both_formats_and_checkpoints_are_read_to_the_bit() {
    for bytes in [fixture!("plain.pt"), fixture!("legacy.pth"), fixture!("checkpoint.ckpt")] {
        check(&State::from_weights(bytes).unwrap());
    }
}

#[test]
fn a_pickle_with_code_in_it_is_refused_by_name() {
    for bytes in [fixture!("code.pt"), fixture!("code.pth")] {
        assert_eq!(error(bytes), "the pickle names `posix.system`, which no tensor needs; nothing of it was run");
    }
    // a bare pickle of a call, as no PyTorch writes it
    assert_eq!(
        error(b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R."),
        "the pickle names `builtins.eval`, which no tensor needs; nothing of it was run"
    );
    assert_eq!(error(b"\x80\x02(S'x'\nios\nsystem\n."), "this is a pickle, but not one of PyTorch");
}

#[test]
fn files_cut_anywhere_are_refused() {
    for bytes in [fixture!("plain.pt"), fixture!("legacy.pth")] {
        for end in (0..bytes.len()).step_by(7) {
            assert!(matches!(State::from_weights(&bytes[..end]), Err(StateError::File(_))), "cut at {end}");
        }
    }
    assert_eq!(error(&fixture!("legacy.pth")[..fixture!("legacy.pth").len() - 1]), "the file is cut short");
}

#[test]
fn a_byte_changed_anywhere_is_refused_or_read_but_never_a_panic() {
    let whole = fixture!("legacy.pth");
    for at in 0..whole.len() {
        for change in [0x01u8, 0x80, 0xff] {
            let mut bytes = whole.to_vec();
            bytes[at] ^= change;
            let _ = State::from_weights(&bytes);
        }
    }
}

#[test]
fn values_that_are_not_finite_and_files_without_tensors_are_named() {
    assert_eq!(error(fixture!("nan.pt")), "tensor `w` has 1 values that are not finite");
    assert_eq!(error(fixture!("empty.pt")), "there is no state dict in the file; it has `epoch`, `lr`");
    assert!(matches!(State::from_weights(b"no tensors at all"), Err(StateError::File(FileError::Format(_)))));
}

#[test]
fn a_tensor_outside_of_its_storage_is_refused() {
    let described = |offset, size: &[i64], stride: &[i64]| Described {
        storage: "FloatStorage",
        key: "0".into(),
        offset,
        size: size.into(),
        stride: stride.into(),
    };
    let of = |tensor: &Described| build("w", tensor, &[0u8; 24]);
    assert!(of(&described(0, &[2, 3], &[3, 1])).is_ok());
    assert!(of(&described(0, &[0, 3], &[3, 1])).is_ok());
    for bad in [
        described(1, &[2, 3], &[3, 1]),
        described(-1, &[2], &[1]),
        described(0, &[2, 3], &[4, 1]),
        described(0, &[1 << 40], &[0]),
        described(0, &[i64::MAX, i64::MAX], &[1, 1]),
        described(0, &[2], &[i64::MAX]),
        described(0, &[2], &[]),
    ] {
        assert!(of(&bad).is_err(), "{bad:?}");
    }
}
