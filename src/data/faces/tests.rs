//! What drawn faces promise: the same bytes, known attributes, eyes that profiles hide, people who can be told apart.

use super::identity::Identity;
use super::mesh::Material;
use super::sample::Setting;
use super::{FaceSet, FaceSetError, MAX_YAW, eyes, scene};
use ddl_base::quantity::{Angle, Interval, Pixels};
use ddl_base::random::Draw;
use rayon::prelude::*;

fn degrees(from: f64, to: f64) -> Interval<Angle> {
    Interval { from: Angle::degrees(from), to: Angle::degrees(to) }
}

fn faces(identities: u32, images: u32, yaw: Interval<Angle>) -> FaceSet {
    FaceSet::new(identities, images, yaw, Pixels(32), 0).unwrap()
}

/// A person without glasses or long hair, at a yaw, with no accidents of detector and expression.
fn plain(person: i64, yaw: f64) -> (Identity, Setting) {
    let mut identity = Identity::new(Draw::new(person, "test person"));
    identity.hair.cut = super::identity::Cut::Cropped;
    identity.hair.volume = 1.0;
    identity.hair.fringe = 0.0;
    identity.hair.parting = 0.0;
    let mut setting = Setting::new(Draw::new(person, "test image"), &identity, degrees(yaw, yaw));
    setting.glasses = false;
    setting.pitch = Angle::radians(0.0);
    setting.roll = Angle::radians(0.0);
    setting.expression.eyes = 1.0;
    setting.camera.slips = [[0.0; 2]; 5];
    (identity, setting)
}

/// Samples that show the eye on one side (-1: the image's left) at a yaw.
fn eye(person: i64, yaw: f64, side: f32) -> usize {
    let (identity, setting) = plain(person, yaw);
    eye_samples(&identity, &setting, side).len()
}

fn eye_samples(identity: &Identity, setting: &Setting, side: f32) -> Vec<[f32; 2]> {
    scene::showing(identity, setting, 112, |face, material, at| {
        material == Material::Skin && at.x * side > 0.0 && at.z > -30.0 && eyes::is_eye(identity, face, at.x, at.y)
    })
}

#[test]
fn an_image_is_the_same_twice_and_on_any_number_of_threads() {
    let set = faces(3, 4, degrees(-90.0, 90.0));
    let alone: Vec<_> = (0..set.len()).map(|index| set.render(index).unwrap()).collect();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let together: Vec<_> = pool.install(|| (0..set.len()).into_par_iter().map(|index| set.render(index).unwrap()).collect());
        assert!(alone == together, "{threads} threads");
    }
}

/// The arithmetic is exact on every machine, so the bytes can be held fixed. Pictures that change on purpose change the numbers of
/// every recipe that draws them: then this digest changes together with the version of the operator that draws faces.
#[test]
fn the_pictures_keep_their_bytes() {
    let mut digest = blake3::Hasher::new();
    for size in [32, 64, 112] {
        let set = FaceSet::new(2, 3, degrees(-80.0, 80.0), Pixels(size), 7).unwrap();
        for index in 0..set.len() {
            digest.update(&set.render(index).unwrap());
        }
    }
    assert_eq!(digest.finalize().to_hex().as_str(), "60438770946ce59c2fef5e3875bc96ae2b959474a24aec9c682f2dd47a989012");
}

#[test]
fn a_larger_set_begins_with_the_same_images() {
    let (small, large) = (faces(2, 2, degrees(-40.0, 40.0)), faces(5, 9, degrees(-40.0, 40.0)));
    assert_eq!(small.describe(3).unwrap().path, "id_0002/0002.png");
    assert_eq!(small.describe(3), large.describe(10));
    assert_eq!(small.render(3), large.render(10));
}

#[test]
fn seeds_give_other_people() {
    let other = FaceSet::new(2, 2, degrees(0.0, 0.0), Pixels(32), 1).unwrap();
    assert_ne!(faces(2, 2, degrees(0.0, 0.0)).render(0), other.render(0));
}

#[test]
fn images_have_their_size_and_there_is_none_beyond_the_end() {
    let set = faces(2, 3, degrees(0.0, 0.0));
    assert_eq!(set.render(5).unwrap().len(), 32 * 32 * 3);
    assert!(set.render(6).is_none() && set.describe(6).is_none());
}

#[test]
fn names_and_poses_are_told_without_their_people() {
    let set = faces(12, 10, degrees(-90.0, 90.0));
    for index in 0..set.len() {
        let told = set.describe(index).unwrap();
        assert_eq!((set.path(index), set.index(&told.path)), (Some(told.path), Some(index)));
        assert_eq!((set.yaw_of(index), set.pitch_of(index)), (Some(told.yaw), Some(told.pitch)));
    }
    assert_eq!((set.path(120), set.yaw_of(120)), (None, None));
    for path in [
        "id_0013/0001.png",
        "id_0001/0011.png",
        "id_0000/0001.png",
        "id_0001/0000.png",
        "id_1/0001.png",
        "id_00001/0001.png",
        "id_0001/1.png",
        "x",
    ] {
        assert_eq!(set.index(path), None, "{path}");
    }
}

#[test]
fn paths_are_in_the_order_of_their_bytes() {
    let set = FaceSet::new(30_000, 12_000, degrees(0.0, 0.0), Pixels(32), 0).unwrap();
    let near = |person: u64, image: u64| (person - 1) * 12_000 + image - 1;
    let mut indices: Vec<u64> = [1, 2, 10, 100, 999, 1000, 1001, 1010, 9999, 10_000, 10_001, 10_010, 29_999]
        .into_iter()
        .flat_map(|person| [1, 2, 10, 999, 1000, 1001, 9999, 10_000, 11_999].map(|image| near(person, image)))
        .collect();
    indices.sort_by(|a, b| set.compare(*a, *b));
    let paths: Vec<String> = indices.iter().map(|index| set.path(*index).unwrap()).collect();
    assert!(paths.is_sorted(), "{paths:?}");
}

#[test]
fn yaws_are_uniform_in_their_interval() {
    let set = faces(40, 25, degrees(-30.0, 60.0));
    let yaws: Vec<f64> = (0..set.len()).map(|index| set.describe(index).unwrap().yaw.as_degrees()).collect();
    assert!(yaws.iter().all(|yaw| (-30.0..=60.0).contains(yaw)));
    let third = yaws.iter().filter(|yaw| **yaw < 0.0).count();
    assert!((280..390).contains(&third), "{third} of 1000 in the first third");
}

#[test]
fn a_fixed_yaw_is_given_back_to_the_bit() {
    for yaw in [-90.0, -33.3, 0.0, 90.0] {
        assert_eq!(faces(1, 1, degrees(yaw, yaw)).describe(0).unwrap().yaw, Angle::degrees(yaw));
    }
}

#[test]
fn a_profile_hides_the_far_eye() {
    for person in 0..6 {
        let front = eye(person, 0.0, -1.0);
        assert!(front > 150, "person {person}: the frontal eye shows in {front} samples");
        let share = |yaw: f64| eye(person, yaw, -1.0) as f64 / front as f64;
        let turned_away: Vec<f64> = [-30.0, -45.0, -60.0, -75.0, -90.0].map(share).to_vec();
        assert!(turned_away[0] > 0.3, "person {person}: {turned_away:?}");
        assert!(turned_away.windows(2).all(|pair| pair[1] <= pair[0] + 0.02), "person {person}: {turned_away:?}");
        assert!(turned_away[3] < 0.05 && turned_away[4] == 0.0, "person {person}: {turned_away:?}");
        assert!(share(60.0) > 0.3, "person {person}: the near eye stays");
    }
}

#[test]
fn left_and_right_are_mirror_images() {
    for person in 0..4 {
        for yaw in [20.0, 50.0, 80.0] {
            let (left, right) = (eye(person, -yaw, 1.0), eye(person, yaw, -1.0));
            let gaze = 0.06 * left.max(right) as f64 + 6.0;
            assert!((left as f64 - right as f64).abs() < gaze, "person {person} at {yaw}: {left} and {right}");
        }
    }
}

#[test]
fn frontal_eyes_lie_on_the_template() {
    for person in 0..6 {
        let (identity, setting) = plain(person, 0.0);
        let seen = eye_samples(&identity, &setting, -1.0);
        let middle = [0, 1].map(|axis| seen.iter().map(|sample| sample[axis]).sum::<f32>() / seen.len() as f32);
        assert!((middle[0] - 38.3).abs() < 3.0 && (middle[1] - 51.7).abs() < 3.5, "person {person}: {middle:?}");
    }
}

/// Brightness on an 8 x 8 grid, with mean 0 and length 1.
fn sketch(bytes: &[u8]) -> Vec<f64> {
    let mut cells = vec![0.0; 64];
    for (at, pixel) in bytes.chunks_exact(3).enumerate() {
        cells[at / 32 / 4 * 8 + at % 32 / 4] += pixel.iter().map(|&value| f64::from(value)).sum::<f64>();
    }
    let mean = cells.iter().sum::<f64>() / 64.0;
    let length = cells.iter().map(|cell| (cell - mean) * (cell - mean)).sum::<f64>().sqrt();
    cells.iter().map(|cell| (cell - mean) / length).collect()
}

#[test]
fn two_people_differ_more_than_two_images_of_one() {
    let set = faces(24, 6, degrees(-5.0, 5.0));
    let sketches: Vec<_> = (0..set.len()).map(|index| sketch(&set.render(index).unwrap())).collect();
    let (mut same, mut different) = (Vec::new(), Vec::new());
    for a in 0..sketches.len() {
        for b in 0..a {
            let likeness: f64 = sketches[a].iter().zip(&sketches[b]).map(|(p, q)| p * q).sum();
            if a / 6 == b / 6 { same.push(likeness) } else { different.push(likeness) }
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (same, different) = (mean(&same), mean(&different));
    assert!(same > different + 0.02, "same {same}, different {different}");
    assert!(same < 0.98, "images of one person vary: {same}");
}

#[test]
fn a_set_reads_back_what_it_writes() {
    let set = FaceSet::new(10, 4, degrees(-45.0, 90.0), Pixels(64), -3).unwrap();
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(text, r#"{"identities":10,"images":4,"yaw":"-45deg..90deg","size":"64px","seed":-3}"#);
    assert_eq!(serde_json::from_str::<FaceSet>(&text).unwrap(), set);
    assert!(serde_json::from_str::<FaceSet>(&text.replace("90deg", "91deg")).is_err());
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let made = |identities, images, yaw, size| FaceSet::new(identities, images, yaw, Pixels(size), 0);
    assert!(matches!(made(0, 3, degrees(0.0, 0.0), 64), Err(FaceSetError::Empty { .. })));
    assert!(matches!(made(3, 0, degrees(0.0, 0.0), 64), Err(FaceSetError::Empty { .. })));
    assert!(matches!(made(3, 3, degrees(10.0, -10.0), 64), Err(FaceSetError::Yaw(_))));
    assert!(matches!(made(3, 3, degrees(0.0, f64::NAN), 64), Err(FaceSetError::Yaw(_))));
    assert!(matches!(made(3, 3, degrees(0.0, 0.0), 8), Err(FaceSetError::Size(Pixels(8)))));
    assert!(made(3, 3, Interval { from: Angle::radians(-MAX_YAW.as_radians()), to: MAX_YAW }, 16).is_ok());
}
