//! The page of a run, from made-up numbers. The sample is left at `target/tmp/report.html` to be looked at in a browser.

#![allow(clippy::cast_precision_loss, reason = "small numbers of a test")]

use ddl::eval::{Ci, ScoreSets};
use ddl::random::Draw;
use ddl::report::model::{
    Batch, BatchGroup, Better, Cell, Claimed, CmcCurve, CmcPlot, Column, CurvePlot, Distribution, DistributionPanel, DistributionSet, Fact,
    GraphDrawing, GraphNode, NodeState, PngDataUri, RocCurve, RocPlot, Row, Series, Table, Tile, Unit, Work,
};
use ddl::report::{Report, page};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const MODELS: [(&str, f64); 3] = [("pretrained", 0.0), ("ArcFace-FT", 0.05), ("DDL", 0.09)];

/// About normal: the mean of a few uniform draws.
fn scores(what: &str, n: u64, mean: f64, sd: f64) -> Vec<f64> {
    let name = Draw::new(1, "sample report").text(what);
    let normal = |i| (0..8).map(|k| name.clone().number(i).number(k).unit() - 0.5).sum::<f64>() * 1.22;
    (0..n).map(|i| (mean + sd * normal(i)).clamp(-1.0, 1.0)).collect()
}

fn sets(model: &str, easy: bool, gain: f64) -> ScoreSets {
    let (mean, sd, other) = if easy { (0.66 + gain * 0.2, 0.11, 0.02) } else { (0.36 + gain, 0.16, 0.05 - gain * 0.3) };
    let of = |kind: &str, mean, sd| scores(&format!("{model} {easy} {kind}"), 1400, mean, sd);
    ScoreSets::new(of("genuine", mean, sd), of("impostor", other, 0.1)).unwrap()
}

fn table() -> Table {
    let column = |label: &str, unit, better| Column { label: label.to_owned(), unit, better };
    let seeds = |v: f64, shift: f64| {
        let arms = (1..=3).map(|seed| [("seed".to_owned(), seed.to_string())].into_iter().collect()).collect();
        Some(Cell { values: vec![v, v + shift, v - shift * 0.7], arms, ..Cell::default() })
    };
    let one = |v: f64| Some(Cell { ci: Some(Ci { low: v - 0.012, high: v + 0.011 }), ..Cell::of([v]) });
    let row = |label: &str, against, cells| Row { label: label.to_owned(), published: label.contains(','), source: None, against, cells };
    Table {
        name: "table".to_owned(),
        doc: "Accuracy alone hides forgetting: TAR at a strict FAR stands beside it.".to_owned(),
        columns: vec![
            column("pose.accuracy", Unit::Percent, Better::Higher),
            column("pose.tar(1e-3)", Unit::Percent, Better::Higher),
            column("pose.eer", Unit::Percent, Better::Lower),
            column("pose.gap", Unit::Number, Better::Higher),
        ],
        rows: vec![
            row("pretrained", None, vec![one(0.881), one(0.577), one(0.129), one(0.325)]),
            row("ArcFace-FT", Some(0), vec![seeds(0.911, 0.002), seeds(0.602, 0.008), seeds(0.101, 0.001), seeds(0.366, 0.001)]),
            row("DDL", Some(1), vec![seeds(0.912, 0.001), seeds(0.588, 0.006), seeds(0.0955, 0.0008), seeds(0.380, 0.001)]),
            row("DDL, VGG+R100", None, vec![Some(Cell::of([0.9853])), None, None, None]),
        ],
    }
}

fn distribution() -> Distribution {
    let panel = |&(model, gain): &(&str, f64)| DistributionPanel {
        model: model.to_owned(),
        sets: [("easy", true), ("hard", false)].map(|(name, easy)| DistributionSet::of(name, &sets(model, easy, gain))).to_vec(),
    };
    Distribution {
        title: "pose".to_owned(),
        note: "easy: frontal with frontal; hard: frontal with profile".to_owned(),
        panels: MODELS.iter().map(panel).collect(),
    }
}

fn curves() -> Vec<CurvePlot> {
    let series = |term: &str, seed: i64, from: f64, to: f64| {
        let noise = |step: u64| Draw::new(seed, "loss").text(term).number(step).unit() - 0.5;
        let at = |step: u64| (step, to + (from - to) * (-(step as f64) / 180.0).exp() * (1.0 + 0.2 * noise(step)) + 0.1 * noise(step));
        Series { label: format!("seed = {seed}"), points: (0..800).map(at).collect() }
    };
    let plot = |title: &str, from, to| CurvePlot {
        title: format!("distilled: {title}"),
        y_label: "loss".to_owned(),
        series: (1..=3).map(|seed| series(title, seed, from, to)).collect(),
    };
    let mut watched = plot("pose.accuracy", 0.88, 0.91);
    "accuracy".clone_into(&mut watched.y_label);
    watched
        .series
        .iter_mut()
        .for_each(|s| s.points = s.points.iter().step_by(200).map(|p| (p.0, 0.88 + 0.03 * p.0 as f64 / 800.0)).collect());
    watched.series.truncate(1);
    watched.series[0].label.clear();
    vec![plot("total", 21.0, 1.9), plot("classify", 18.0, 2.4), plot("ddl", 0.4, -1.2), watched]
}

fn picture(seed: u32) -> PngDataUri {
    let image = image::RgbImage::from_fn(56, 56, |x, y| {
        let (dx, dy) = (f64::from(x) - 28.0, f64::from(y) - 30.0);
        let inside = (dx / (16.0 + f64::from(seed % 5))).powi(2) + (dy / 22.0).powi(2) < 1.0;
        let tone = |k: u32| ((seed * 53 + k * 31) % 90) as u8;
        if inside {
            image::Rgb([200 - tone(1), 160 - tone(2), 130 - tone(3)])
        } else {
            image::Rgb([60 + tone(4), 70 + tone(5), 90 + tone(6)])
        }
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    PngDataUri::from_png(bytes.get_ref()).unwrap()
}

fn batch() -> Batch {
    let group = |label: &str, n: u32, at: u32| BatchGroup {
        label: label.to_owned(),
        tiles: (0..n).map(|i| Tile { image: picture(at + i), caption: format!("person {:03}, flipped", (at + i) * 7 % 300) }).collect(),
    };
    Batch {
        title: "distilled".to_owned(),
        groups: vec![group("e: easy, one of each person", 16, 0), group("h: hard, one of each person", 16, 40)],
    }
}

fn graph() -> GraphDrawing {
    let names = [
        ("dataset", "faces"),
        ("split", "people"),
        ("dataset", "easy"),
        ("dataset", "hard"),
        ("backbone", "net"),
        ("head", "arc"),
        ("features", "net.trunk of train"),
        ("stage", "warm"),
        ("batches", "e"),
        ("batches", "h"),
        ("stage", "distilled"),
        ("features", "net on pose"),
        ("features", "warm on pose"),
        ("features", "distilled on pose"),
        ("eval", "pose of net"),
        ("eval", "pose of warm"),
        ("eval", "pose of distilled"),
        ("report", "table"),
    ];
    let edges = [
        (0, 1),
        (1, 2),
        (1, 3),
        (1, 6),
        (4, 6),
        (6, 7),
        (5, 7),
        (2, 8),
        (3, 9),
        (7, 10),
        (8, 10),
        (9, 10),
        (5, 10),
        (4, 11),
        (7, 12),
        (10, 13),
        (0, 11),
        (0, 12),
        (0, 13),
        (11, 14),
        (12, 15),
        (13, 16),
        (14, 17),
        (15, 17),
        (16, 17),
    ];
    let state = |kind: &str, at: usize| match kind {
        "features" | "stage" | "eval" | "report" if at < 12 => NodeState::Cached,
        "features" | "stage" | "eval" | "report" => NodeState::Ran,
        _ => NodeState::Described,
    };
    let node = |(at, (kind, label)): (usize, &(&str, &str))| GraphNode {
        label: (*label).to_owned(),
        group: (*label).to_owned(),
        kind: (*kind).to_owned(),
        state: state(kind, at),
    };
    GraphDrawing { nodes: names.iter().enumerate().map(node).collect(), edges: edges.to_vec(), mermaid: None }
}

fn sample() -> Report {
    let fact = |name: &str, value: &str| Fact { name: name.to_owned(), value: value.to_owned() };
    let curve = |&(model, gain): &(&str, f64)| RocCurve { label: model.to_owned(), points: sets(model, false, gain).roc(120) };
    Report {
        title: "Pose: frontal faces teach profile faces".to_owned(),
        doc: "Easy faces are frontal, hard ones are seen from the side.\n\nA made-up report: every number of it is drawn.".to_owned(),
        recipe: "ddl 1\n//! Pose: frontal faces teach profile faces.\n\n/// Aligned crops.\nparam faces_dir : path\nparam length    : span in 1 epoch..100 epochs = 4 epochs\n\ndataset faces   = image_folder(faces_dir / \"images\")  // 112 x 112\nlet people      = faces |> split({train = 75%, test = 25%}, by = .identity, order = \"sorted\")\nstage distilled = train(warm, classify(e, arc) + classify(h, arc) + ddl(teacher = easy, students = [hard], world_scale = 8), batch = 32, for = length)\n".to_owned(),
        warnings: vec!["ddl::eval::thin: pose.tar(1e-3) rests on 1.4 expected false accepts".to_owned()],
        notes: vec!["faces: its alignment is not known".to_owned()],
        claims: vec![
            Claimed { expect: "gains".to_owned(), claim: "score(distilled, pose.accuracy) > score(warm, pose.accuracy)".to_owned(), holds: Some(true), measured: "0.912 on the left, 0.881 on the right".to_owned() },
            Claimed { expect: "enough".to_owned(), claim: "score(distilled, pose.accuracy) > 95%".to_owned(), holds: Some(false), measured: "0.912 on the left, 0.95 on the right".to_owned() },
            Claimed { expect: "open".to_owned(), claim: "score(distilled, pose.val) > 90%".to_owned(), holds: None, measured: "`val@1e-3` can't be measured: too few impostors".to_owned() },
        ],
        decisions: vec![fact("best", "took distilled[seed = 2] of 3 by pose.accuracy: 0.9120 (the others 0.9080 to 0.9110)")],
        tables: vec![table()],
        distributions: vec![distribution()],
        rocs: vec![RocPlot { title: "pose (frontal with profile)".to_owned(), curves: MODELS.iter().map(curve).collect() }],
        cmcs: vec![CmcPlot { title: "far".to_owned(), curves: vec![CmcCurve { label: "DDL".to_owned(), rates: vec![0.62, 0.71, 0.75] }] }],
        curves: curves(),
        batches: vec![batch()],
        sheets: vec![batch()],
        graph: graph(),
        facts: vec![
            fact("ddl", "0.1.0"),
            fact("libtorch", "2.9.0 (CPU)"),
            fact("device", "cpu, 2 threads"),
            fact("seeds", "1, 2, 3"),
            fact("digest", "b3:4f1d0c0b7d0a9a7e5b0de5a7b1f2a3c4d5e6f708192a3b4c5d6e7f8091a2b3c4"),
        ],
        work: [("distilled", "train", 3, NodeState::Ran, 61.5), ("warm", "train", 1, NodeState::Cached, 12.25), ("", "judge", 6, NodeState::Ran, 1.5)]
            .map(|(label, kind, nodes, state, seconds)| Work {
                label: label.to_owned(),
                kind: kind.to_owned(),
                nodes,
                state,
                seconds,
                at: "2026-01-31T12:00:00Z".to_owned(),
                machine: String::new(),
            })
            .to_vec(),
    }
}

/// Each section with how often each kind of element stands in it.
fn outline(html: &str) -> String {
    let mut text = String::new();
    for section in html.split("<section id=\"").skip(1) {
        let section = section.split("</section>").next().unwrap();
        writeln!(text, "{}", section.split('"').next().unwrap()).unwrap();
        let mut counts = BTreeMap::new();
        for tag in section.split('<').skip(1).filter(|t| !t.starts_with('/')) {
            *counts.entry(tag.split([' ', '>']).next().unwrap()).or_insert(0) += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(tag, n)| format!("{tag} {n}")).collect();
        writeln!(text, "  {}", counts.join(", ")).unwrap();
    }
    text
}

#[test]
fn a_page_has_every_part_and_loads_nothing() {
    let html = page(&sample());
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.html"), &html).unwrap();
    insta::assert_snapshot!(outline(&html));
    assert_eq!(html, page(&sample()), "equal reports give equal bytes");
    assert!(
        !html.contains("http:")
            && !html.contains("https:")
            && !html.contains("url(")
            && !html.contains("<script")
            && !html.contains("@import")
    );
    assert!(html.match_indices("src=\"").all(|(at, _)| html[at..].starts_with("src=\"data:image/png;base64,")));
    assert!(!html.contains("NaN") && !html.contains("inf\""));
}

#[test]
fn what_users_write_cannot_become_markup() {
    let evil = "<script>alert(1)</script>\"'&";
    let mut report = sample();
    for text in [&mut report.title, &mut report.doc, &mut report.recipe, &mut report.warnings[0], &mut report.tables[0].rows[0].label] {
        evil.clone_into(text);
    }
    evil.clone_into(&mut report.graph.nodes[0].label);
    evil.clone_into(&mut report.curves[0].series[0].label);
    evil.clone_into(&mut report.batches[0].groups[0].tiles[0].caption);
    evil.clone_into(&mut report.distributions[0].panels[0].model);
    let html = page(&report);
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
}

#[test]
fn what_a_terminal_or_a_page_would_obey_is_written_out() {
    let evil = "\u{1b}[31m\u{7}\u{9b}\r\u{202e}txt";
    let mut report = sample();
    for text in [&mut report.title, &mut report.doc, &mut report.recipe, &mut report.warnings[0], &mut report.tables[0].rows[0].label] {
        evil.clone_into(text);
    }
    let html = page(&report);
    assert!(html.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'));
    assert!(html.matches("\\u001b[31m\\u0007\\u009b\\u000d\\u202etxt").count() >= 5, "it can be seen");
}

#[test]
fn an_empty_report_is_a_page_without_sections() {
    let html = page(&Report::default());
    assert_eq!(outline(&html), "");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
}

#[test]
fn empty_and_broken_plots_are_still_drawn() {
    let mut report = sample();
    report.distributions[0].panels[0].sets.iter_mut().for_each(|set| set.genuine.counts.clear());
    report.distributions.push(Distribution { title: "none".to_owned(), note: String::new(), panels: vec![] });
    report.rocs.push(RocPlot { title: "none".to_owned(), curves: vec![RocCurve { label: "x".to_owned(), points: vec![] }] });
    report.cmcs.push(CmcPlot { title: "none".to_owned(), curves: vec![CmcCurve { label: "x".to_owned(), rates: vec![] }] });
    report.curves[0].series[0].points = vec![(0, f64::NAN), (1, f64::INFINITY)];
    report.curves[1].series = vec![Series { label: String::new(), points: vec![(7, 0.25)] }];
    report.curves[2].series.clear();
    let html = page(&report);
    assert!(!html.contains("NaN") && !html.contains("inf"));
}

#[test]
fn a_report_survives_its_json() {
    let report = sample();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}
