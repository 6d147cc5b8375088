//! How long parsing takes. Run it with `cargo test --release --test syntax parse_speed -- --ignored --nocapture`.

use ddl::source::{FileId, Source};
use ddl::syntax::parse;
use std::fmt::Write;
use std::time::Instant;

/// A recipe of `n` declarations like those that people write.
fn recipe(n: usize) -> String {
    let mut text = "ddl 1\nparam root : path\n".to_owned();
    for i in (0..n).step_by(5) {
        write!(
            text,
            "/// The hard part.\n\
             dataset d{i} = image_folder(root / \"images\") |> annotate(root / \"pose.csv\", schema = {{yaw: deg}}) |> where(abs(.yaw) > 45deg)\n\
             batches b{i} = draw(d{i}, by = pk(12, 4), size = 192, augment = [flip(p = 50%), low_resolution(side = 8px..24px)])\n\
             head h{i} = arcface(scale = 64, margin = 0.5rad) // the usual\n\
             stage s{i} = train(iresnet(50), classify(b{i}, h{i}) + 0.1 * triplet(b{i}, margin = 0.2, mining = \"semi_hard\"), for = 20 epochs,\n  \
               optimizer = sgd(lr = 0.01 |> drops(at = [50%], by = 0.1), momentum = 0.9, weight_decay = 5e-4))\n\
             eval e{i} = verification(d{i}, pairs = root / \"pairs/fp.csv\", within = people.test, probe = low_resolution(side = 12px))\n"
        )
        .unwrap();
    }
    text
}

#[test]
#[ignore = "a measurement, not a check"]
fn parse_speed() {
    for n in [100, 1_000, 10_000] {
        let source = Source::new(FileId(0), "r.ddl", recipe(n));
        assert!(parse(&source).errors.is_empty());
        let mut times: Vec<f64> = (0..20)
            .map(|_| {
                let start = Instant::now();
                let parsed = parse(&source);
                let time = start.elapsed().as_secs_f64() * 1e3;
                assert_eq!(parsed.file.items.len(), n + 1);
                time
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{n} declarations, {} bytes: {:.2} ms at best, {:.2} ms in the middle", source.text.len(), times[0], times[10]);
    }
}
