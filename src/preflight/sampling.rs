//! Whether what a stage draws shows what its terms compare.

use super::unknown::Unknown;
use crate::data::sampler::PassFacts;
use crate::diag::Code;
use crate::events::Failure;
use crate::inputs::tables::{TableError, Tables};
use crate::lang::value::NodeId;
use crate::ops::data::Draw;
use crate::ops::samplers::{Pk, Sampler};
use crate::ops::stages::Train;
use crate::ops::terms::{Classify, CompareSets, Term, looks_at_people};
use crate::plan::Plan;
use std::collections::BTreeMap;

/// Refuses terms that look at several images of one person together over batches that show each person once, and sets that people don't
/// fill.
pub(super) fn shows_people_again(plan: &Plan, tables: &Tables, passes: &BTreeMap<NodeId, PassFacts>, it: &Train) -> Result<(), Unknown> {
    let looks = |term: &&Term| looks_at_people(term.name(), term.it().pool().is_some());
    for term in it.terms().map(|weighted| &weighted.term).filter(looks) {
        for node in term.it().draws() {
            let draw: &Draw = plan.get(node).map_err(TableError::from)?;
            fills_sets(plan, term, node, draw)?;
            let size = passes.get(&node).map_or(0, |pass| pass.images_per_batch);
            let people = tables.table(draw.data.node)?.people();
            let how = match &draw.by {
                Some(Sampler::Balanced(_)) if size <= people => format!("balanced() over {people} people in batches of {size}"),
                Some(Sampler::Pk(pk)) if pk.images < 2 => "pk() with one image of each".to_owned(),
                Some(Sampler::Balanced(_) | Sampler::Pk(_) | Sampler::Shuffled(_) | Sampler::PairsSampler(_) | Sampler::PairList(_))
                | None => {
                    continue;
                }
            };
            let (op, name) = (term.name(), &plan.node(node).name);
            let message = format!("`{op}` needs several images of each person in a batch, and `{name}` shows each person once: {how}");
            let help = format!("draw them so: {op}(draw(data, by = pk(identities = 16, images = 4)), …)");
            return Err(Unknown::Failure(Failure::new(Code::NeedsSampler, message).help(help)));
        }
    }
    Ok(())
}

/// What is said of people with fewer images than a batch shows of each.
pub(super) fn repeated(pk: &Pk, few: usize, people: usize) -> Failure {
    let images = pk.images;
    let message = format!(
        "{few} of {people} people have fewer than the {images} images that `pk` shows of each: some of theirs are drawn again for the same batch, and such an image is its own positive"
    );
    Failure::new(Code::WithItself, message).help(format!("ask for fewer `images`, or leave such people out: data |> min_images({images})"))
}

/// Refuses sets of which the images of each person fill none, or of which some are left over at every step.
fn fills_sets(plan: &Plan, term: &Term, node: NodeId, draw: &Draw) -> Result<(), Unknown> {
    let (size, sets) = match term {
        Term::Classify(Classify { pool: Some(_), set_size: Some(size), .. }) => (size, 1),
        Term::CompareSets(CompareSets { set_size: size, .. }) => (size, 2), // of one person two are compared
        _ => return Ok(()),                                                 // no sets, or all images of a person are one
    };
    let (images, how) = match &draw.by {
        Some(Sampler::Pk(pk)) => (pk.images, "pk()"),
        Some(Sampler::PairsSampler(_) | Sampler::PairList(_)) => (2, "pairs"),
        Some(Sampler::Balanced(_) | Sampler::Shuffled(_)) | None => return Ok(()), // how often they show a person is chance
    };
    let enough = sets * *size;
    if images.is_multiple_of(*size) && images >= enough {
        return Ok(());
    }
    let name = &plan.node(node).name;
    let many = if sets == 1 { "sets" } else { "two or more sets" };
    let message = format!("{many} of {size} images are wanted, and `{name}` shows {images} of each person: {how}");
    let failure = Failure::new(Code::NeedsSampler, message);
    Err(Unknown::Failure(failure.help(format!("draw as many as whole sets take: pk(identities = 16, images = {enough})"))))
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::source::Memory;
    use std::path::Path;

    #[test]
    fn a_term_that_compares_images_of_a_person_needs_batches_that_show_some() {
        let said = |draw: &str| {
            let text = format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 10, images = 4, size = 32px)
                 backbone net = tiny(embedding = 16, side = 32px, width = 8)
                 batches b = draw(faces, {draw})
                 stage s = train(net, triplet(b) + classify(draw(faces, by = balanced(), size = 4), cosface()), for = 1 epoch, optimizer = sgd(lr = 0.1))"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
            let said = compiled.known_plan(ProbeCache::none()).1;
            assert!(said.iter().all(|it| it.code == crate::diag::Code::NeedsSampler), "{said:?}");
            said.iter().map(|it| it.message.clone()).collect::<Vec<_>>()
        };
        let why = "`triplet` needs several images of each person in a batch, and `b` shows each person once: ";
        assert_eq!(said("by = balanced(), size = 8"), [format!("{why}balanced() over 10 people in batches of 8")]);
        assert_eq!(said("by = balanced(), size = 10"), [format!("{why}balanced() over 10 people in batches of 10")]);
        assert_eq!(said("by = pk(identities = 8, images = 1)"), [format!("{why}pk() with one image of each")]);
        for fine in ["by = balanced(), size = 20", "by = pk(identities = 5, images = 2)", "size = 8", "by = pairs(), size = 4"] {
            assert_eq!(said(fine), Vec::<String>::new(), "{fine}");
        }
    }

    /// No option of a draw is passed over: a size either is what a step shows, or is refused.
    #[test]
    fn a_size_counts_with_every_sampler_or_is_refused() {
        use crate::ops::samplers::Sampler;
        let batch = |by: &str, size: &str| {
            let text = format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 10, images = 4, size = 32px)
                 batches b = draw(faces, by = {by}{size})
                 stage s = train(tiny(embedding = 16, side = 32px, width = 8), classify(b, cosface()), for = 1 epoch, optimizer = sgd(lr = 0.1))"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            let draw = compiled.plan().nodes.iter().position(|node| node.op == "draw");
            let (plan, said) = compiled.known_plan(ProbeCache::none());
            assert!(compiled.has_errors() || said.is_empty(), "{by}{size}: {said:?}");
            draw.filter(|_| !compiled.has_errors()).map(|at| (plan.nodes[at].facts.batch.unwrap(), plan.nodes[at].key))
        };
        let mut tried = 0;
        for decl in Sampler::decls() {
            let (by, images) = match decl.name {
                "pk" => ("pk(4, 2)", None),
                "pairs" => ("pairs()", Some(2)),
                "pair_list" => continue, // as `pairs`, of a file
                "shuffled" => ("shuffled()", Some(1)),
                "balanced" => ("balanced()", Some(1)),
                other => panic!("what does `size` mean with {other}?"),
            };
            tried += 1;
            for size in [4, 8, 16] {
                let found = batch(by, &format!(", size = {size}"));
                match images {
                    Some(images) => assert_eq!(found.unwrap().0, images * size, "{by}"),
                    None if size == 8 => assert_eq!(found, batch(by, ""), "{by}: the same number again changes no key"),
                    None => assert_eq!(found, None, "{by}"),
                }
            }
        }
        assert_eq!(tried, 4);
    }

    #[test]
    fn sets_are_filled_by_the_images_of_each_person() {
        let said = |draw: &str, term: &str| {
            let text = format!(
                "ddl 1
                 dataset faces = synthetic_faces(identities = 10, images = 6, size = 32px)
                 backbone net = tiny(embedding = 16, side = 32px, width = 8)
                 batches b = draw(faces, {draw})
                 stage s = train(net, {term}, for = 1 epoch, optimizer = sgd(lr = 0.1))"
            );
            let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
            assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
            compiled.known_plan(ProbeCache::none()).1.iter().map(|it| it.message.clone()).collect::<Vec<_>>()
        };
        let pooled = |more: &str| format!("classify(b, cosface(), pool = multicolumn(){more})");
        let compared = |size: u32| format!("compare_sets(b, comparator(landmarks = 1), set_size = {size})");
        let wanted = "sets of 4 images are wanted, and `b` shows 6 of each person: pk()";
        assert_eq!(said("by = pk(5, 6)", &pooled(", set_size = 4")), [wanted]);
        assert_eq!(said("by = pk(5, 2)", &pooled(", set_size = 4")), [wanted.replace('6', "2")]);
        for (draw, size) in [("by = pk(5, 6)", 4), ("by = pk(5, 4)", 4), ("by = pk(5, 3)", 2)] {
            assert!(said(draw, &compared(size))[0].starts_with(&format!("two or more sets of {size} images are wanted")), "{draw} {size}");
        }
        let once = |op: &str| format!("`{op}` needs several images of each person in a batch, and `b` shows each person once: ");
        assert_eq!(said("by = pk(5, 1)", &pooled("")), [once("classify") + "pk() with one image of each"]);
        assert_eq!(said("by = balanced(), size = 5", &pooled("")), [once("classify") + "balanced() over 10 people in batches of 5"]);
        assert_eq!(said("by = balanced(), size = 5", &compared(2)), [once("compare_sets") + "balanced() over 10 people in batches of 5"]);
        for (draw, term) in [
            ("by = pk(5, 6)", pooled(", set_size = 3")),
            ("by = pk(5, 6)", pooled("")),
            ("size = 20", pooled(", set_size = 4")),
            ("by = pairs(), size = 4", pooled("")),
            ("by = pk(5, 6)", compared(3)),
            ("by = pairs(), size = 4", compared(1)),
        ] {
            assert_eq!(said(draw, &term), Vec::<String>::new(), "{draw} {term}");
        }
    }
}
