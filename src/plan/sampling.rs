//! Whether what a stage draws shows what its terms compare.

use super::Plan;
use super::tables::{TableError, Tables};
use super::unknown::Unknown;
use crate::data::sampler::PassFacts;
use crate::diag::Code;
use crate::events::Failure;
use crate::lang::value::NodeId;
use crate::ops::data::Draw;
use crate::ops::samplers::Sampler;
use crate::ops::stages::Train;
use crate::ops::terms::COMPARES_IMAGES;
use std::collections::BTreeMap;

/// Refuses terms that compare images of one person over batches that show each person once.
pub(super) fn shows_people_again(plan: &Plan, tables: &Tables, passes: &BTreeMap<NodeId, PassFacts>, it: &Train) -> Result<(), Unknown> {
    for term in it.terms().map(|weighted| &weighted.term).filter(|term| COMPARES_IMAGES.contains(&term.name())) {
        for node in term.it().draws() {
            let draw: Draw = plan.parse(node).map_err(TableError::from)?;
            let size = passes.get(&node).map_or(0, |pass| pass.images_per_batch);
            let people = tables.table(draw.data.node)?.people();
            let how = match draw.by {
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
}
