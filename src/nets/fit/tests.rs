//! Checkpoints as training code writes them, for a small network.

use super::*;
use crate::ops::nets::Tiny;
use crate::quantity::Pixels;
use crate::tensors::{Described, Dtype};

fn net() -> Tiny {
    Tiny { embedding: 8, side: Pixels(32), width: 4, weights: None, seed: 0 }
}

/// The network's own tensors, renamed.
fn own(rename: impl Fn(&str) -> String) -> Sorts {
    let specs = Backbone::network(&net()).unwrap().specs();
    specs.into_iter().map(|spec| (rename(&spec.name), Sort { sides: spec.shape, floating: true })).collect()
}

fn with(mut tensors: Sorts, more: &[(&str, &[i64])]) -> Sorts {
    tensors.extend(more.iter().map(|(name, sides)| ((*name).to_owned(), Sort { sides: sides.to_vec(), floating: true })));
    tensors
}

fn names(pairs: &[(&str, Option<&str>)]) -> Names {
    pairs.iter().map(|(from, to)| ((*from).to_owned(), to.map(str::to_owned))).collect()
}

fn said(tensors: &Sorts, map: &Names) -> String {
    match fit(&net(), tensors, map) {
        Ok(fit) => format!("{} tensors", fit.taken.len()),
        Err(Unfit::Account(account)) => format!("{account}\n{}", account.help()),
        Err(other) => other.to_string(),
    }
}

#[test]
fn wrappers_come_off_in_any_order_and_beside_heads_and_what_is_dropped() {
    let all = format!("{} tensors", own(str::to_owned).len());
    let none = Names::new();
    for wrapper in ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.backbone.", "network.encoder.net."] {
        let wrapped = own(|name| format!("{wrapper}{name}"));
        assert_eq!(said(&wrapped, &none), all, "{wrapper}");
        let outer = wrapper.split_inclusive('.').next().unwrap();
        let beside = with(wrapped.clone(), &[(&format!("{outer}head.weight"), &[6, 8]), ("head.0.prototypes", &[6, 8])]);
        assert_eq!(said(&beside, &none), all, "{wrapper} beside a head");
        let inside = with(wrapped, &[(&format!("{outer}classifier.weight"), &[6, 8])]);
        assert_eq!(said(&inside, &names(&[("classifier.", None)])), all, "{wrapper} beside what is dropped");
    }
    // parts of it were compiled or made parallel
    let parts = own(|name| name.replacen('.', "._orig_mod.", 1));
    assert_eq!(said(&parts, &none), all);
    assert_eq!(said(&own(|name| format!("backbone.{}", name.replacen('.', ".module.", 1))), &none), all);
}

#[test]
fn a_map_of_names_renames_drops_and_leaves_heads_alone() {
    let all = format!("{} tensors", own(str::to_owned).len());
    let exported = with(own(str::to_owned), &[("head.0.prototypes", &[6, 8])]);
    assert_eq!(said(&exported, &names(&[("zzz.", Some(""))])), all);
    let renamed = with(own(|name| format!("net1.{name}")), &[("loss.weight", &[6, 8]), ("logits", &[6])]);
    assert_eq!(said(&renamed, &names(&[("net1.", Some("")), ("loss.", None), ("logits", None)])), all);
    assert_eq!(said(&renamed, &names(&[("net1.", Some("$1"))])).lines().next().unwrap(), "0 tensors fit");
    let twice = with(own(str::to_owned), &[("x.conv.weight", &[1])]);
    let first = own(str::to_owned).into_keys().next().unwrap();
    let twice = with(twice, &[(&format!("x.{first}"), &[1])]);
    assert!(said(&twice, &names(&[("x.", Some(""))])).contains("makes two tensors"));
}

#[test]
fn what_does_not_fit_says_what_differs() {
    let extra = with(own(str::to_owned), &[("classifier.weight", &[6, 8]), ("classifier.bias", &[6])]);
    let mut other = own(|name| name.replace("stage1", "block1"));
    let last = other.keys().last().unwrap().clone();
    other.insert(last, Sort { sides: vec![9, 9], floating: true });
    let none = Names::new();
    insta::assert_snapshot!(format!("{}\n\n{}", said(&extra, &none), said(&other, &none)), @r#"
    29 tensors fit
    2 not known to the network:
      classifier.bias
      classifier.weight
    leave out what is no part of it: checkpoint(path, names = {"classifier." = none})

    22 tensors fit
    6 missing:
      stage1.conv.weight (`block1.conv.weight` has its shape)
      stage1.bn.weight (`block1.bn.weight` has its shape)
      stage1.bn.bias (`block1.bn.bias` has its shape)
      stage1.bn.running_mean (`block1.bn.running_mean` has its shape)
      stage1.bn.running_var (`block1.bn.running_var` has its shape)
      stage1.prelu.weight (`block1.prelu.weight` has its shape)
    6 not known to the network:
      block1.bn.bias
      block1.bn.running_mean
      block1.bn.running_var
      block1.bn.weight
      block1.conv.weight
      block1.prelu.weight
    1 of another shape:
      stage4.prelu.weight: expected [16], found [9, 9]
    look at the arguments of the network that give its shape, or map names: checkpoint(path, names = {"old." = "new.", "unwanted." = none})
    "#);
    let strange = said(&with(Sorts::new(), &[("a\u{1b}[0m", &[1])]), &none);
    assert!(strange.contains("  and 17 more\n1 not known to the network:\n  a\\u{1b}[0m\n"), "{strange}");
    assert!(strange.ends_with("another dictionary of the file is named by checkpoint(path, at = \"params\")"), "{strange}");
}

fn dictionary(at: &[&str], tensors: &Sorts) -> Dictionary {
    let described = |sort: &Sort| Described::without_numbers(Dtype::F32, &sort.sides);
    Dictionary {
        at: at.iter().map(|&key| key.to_owned()).collect(),
        tensors: tensors.iter().map(|(name, sort)| (name.clone(), described(sort))).collect(),
        unread: BTreeMap::new(),
    }
}

#[test]
fn the_dictionary_is_the_one_that_is_named_or_usual_or_fits() {
    let (own, other) = (own(str::to_owned), with(Sorts::new(), &[("best_acc", &[1])]));
    let large = with(own.clone(), &[("generator.weight", &[3]), ("generator.bias", &[3])]);
    let found = |dictionaries: &[(&[&str], &Sorts)], at: Option<&str>| {
        let dictionaries: Vec<_> = dictionaries.iter().map(|(at, tensors)| dictionary(at, tensors)).collect();
        match of_file(&net(), &dictionaries, at, &Names::new()) {
            Ok((place, _)) => dictionaries[place].place(),
            Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        }
    };
    let top: &[&str] = &[];
    assert_eq!(found(&[(top, &own)], None), "");
    assert_eq!(found(&[(top, &other), (&["state_dict"], &own)], None), "state_dict");
    for place in ["params", "ema", "student", "net_state_dict"] {
        assert_eq!(found(&[(top, &other), (&[place], &own), (&["optimizer", "state", "0"], &other)], None), place);
    }
    assert_eq!(found(&[(&["model", "state_dict"], &own)], None), "model.state_dict");
    assert_eq!(found(&[(&["discriminator"], &large), (&["student"], &own)], None), "student");
    assert_eq!(found(&[(&["teacher"], &own), (&["student"], &own)], None), "several dictionaries of the file fit: `teacher`, `student`");
    assert_eq!(found(&[(&["teacher"], &own), (&["student"], &own)], Some("student")), "student");
    assert_eq!(found(&[(&["teacher"], &own), (&["ema", "model"], &own)], Some("ema")), "ema.model");
    assert_eq!(found(&[(&["state_dict"], &other), (&["ema"], &own)], None), "`state_dict`: 0 tensors fit");
    assert_eq!(
        found(&[(top, &other), (&["ema"], &own)], Some("params")),
        "the file has no tensors at `params`; there are some at its top, `ema`"
    );
}
