//! What the plan of a large data set costs in memory, by the peak that the system counts for this process: one test, alone in its program.

#[path = "memory/peak.rs"]
mod peak;

use ddl::compile::{Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::source::Memory;
use peak::peak;
use std::path::Path;

/// MS1M in numbers: people, and images of each.
const PEOPLE: u64 = 93_431;
const IMAGES: u64 = 55;

/// The most bytes that an image may take at the peak.
const BYTES: u64 = 40;

#[test]
fn five_million_images_are_planned_in_few_bytes_each() {
    let Some(before) = peak() else {
        println!("skipped: this system does not say how much memory a process took");
        return;
    };
    let text = format!(
        "ddl 1
         dataset faces = synthetic_faces(identities = {PEOPLE}, images = {IMAGES}, size = 32px)
         let people = faces |> split({{train = 90%, test = 10%}}, by = .identity)
         dataset turned = people.test |> where(abs(.yaw) > 30deg) |> min_images(2)
         dataset more = merge([people.test, synthetic_faces(identities = 1000, images = 10, size = 32px, seed = 7)], labels = \"disjoint\")
         dataset few = people.train |> sample(10%)
         backbone net = tiny(embedding = 8, side = 32px, width = 4)
         stage s = train(net, classify(draw(people.train, by = pk(identities = 16, images = 4)), cosface()) + classify(draw(few, size = 64), cosface()), for = 1 epoch, optimizer = sgd(lr = 0.1))
         eval v = verification(turned, pairs = random_pairs(folds = 10, per_fold = 300))
         eval w = verification(more, pairs = random_pairs(folds = 10, per_fold = 300))
         report t = compare({{\"a\" = s}}, columns = [v.accuracy, w.accuracy])"
    );
    let compiled = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let (plan, said) = compiled.known_plan(ProbeCache::none());
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(plan.nodes.iter().filter_map(|node| node.facts.images).max(), Some(PEOPLE * IMAGES));
    let took = peak().unwrap() - before;
    assert!(took < BYTES * PEOPLE * IMAGES, "{took} bytes, {} an image", took / (PEOPLE * IMAGES));
}
