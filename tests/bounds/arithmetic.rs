//! Every operator of the expression language between all pairs of extreme values: each line has a result or exactly one message, and what
//! is equal by one operator is equal by all.

use crate::compiled;
use ddl::diag::Severity;
use ddl::lang::value::Value;
use ddl::syntax::tree::{ChainOp, CompareOp};
use std::collections::BTreeMap;

/// Values at the ends of what each type can hold; those in parentheses are made by the compiler itself.
const EXTREMES: &[&str] = &[
    "0",
    "1",
    "-1",
    "8_999_999_999_999_999",
    "(4_611_686_018 * 1_000_000_000 + 4_611_686_018 * 1_000_000_000)",
    "(-3_037_000_500 * 3_037_000_499)",
    "0.0",
    "-0.0",
    "1.0",
    "0.1",
    "1e308",
    "-1e308",
    "5e-324",
    "1e20",
    "0%",
    "100%",
    "1e308%",
    "0deg",
    "1e300deg",
    "-1e300rad",
    "0px",
    "4_000_000_000px",
    "0 images",
    "4_000_000_000 images",
    "1 check",
    "4_000_000_000 checks",
    "0 B",
    "8_000 TiB",
    "1 epoch",
    "1e300 epochs",
    "0 steps",
    "4_000_000_000 steps",
    "\"a\"",
    "\"\"",
    "true",
    "none",
    "[1, 2]",
    "[1.0, 2.0]",
    "{a = 1}",
    "1..2",
    "1.0..2.0",
    "1 epoch..2 epochs",
];

/// All operators between two values, as they are written.
fn operators() -> Vec<&'static str> {
    // a new operator is listed here, or this does not compile
    let chain = |op: ChainOp| match op {
        ChainOp::Add | ChainOp::Sub | ChainOp::Mul | ChainOp::Div | ChainOp::Coalesce | ChainOp::And | ChainOp::Or => op.text(),
    };
    let compare = |op: CompareOp| match op {
        CompareOp::Eq | CompareOp::Ne | CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge | CompareOp::In => op.text(),
    };
    let chains = [ChainOp::Add, ChainOp::Sub, ChainOp::Mul, ChainOp::Div, ChainOp::Coalesce, ChainOp::And, ChainOp::Or];
    let compares = [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge, CompareOp::In];
    chains.map(chain).into_iter().chain(compares.map(compare)).chain([".."]).collect()
}

/// How many messages there are about each line, and the finite result of each line that has one.
fn results(lines: &[String]) -> (BTreeMap<usize, Vec<String>>, usize) {
    let text: Vec<String> = lines.iter().enumerate().map(|(at, line)| format!("let _x{at} = {line}")).collect();
    let compiled = compiled(&[("recipe.ddl", &text.join("\n"))]);
    let mut said: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for diagnostic in compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error) {
        let span = diagnostic.span().expect("a place");
        let line = compiled.sources.get(span.file).expect("its source").place(span.start).line;
        said.entry(line - 2).or_default().push(diagnostic.to_string());
    }
    (said, lines.len())
}

#[test]
fn between_extreme_values_every_operator_has_a_result_or_one_message() {
    for operator in operators() {
        let pairs = EXTREMES.iter().flat_map(|a| EXTREMES.iter().map(move |b| format!("{a} {operator} {b}").replace(" .. ", "..")));
        // a range has no range of its own as an end
        let lines: Vec<String> = pairs.filter(|line| line.matches("..").count() < 2).collect();
        let (said, all) = results(&lines);
        for (line, messages) in &said {
            assert_eq!(messages.len(), 1, "`{}`: {messages:#?}", lines[*line]);
        }
        assert!(said.len() < all, "`{operator}` goes between nothing");
    }
}

#[test]
fn one_extreme_value_and_functions_have_a_result_or_one_message() {
    let unary = EXTREMES.iter().flat_map(|a| [format!("-({a})"), format!("not {a}"), format!("abs({a})"), format!("-(-({a}))")]);
    let several = EXTREMES.iter().flat_map(|a| EXTREMES.iter().flat_map(move |b| [format!("min({a}, {b})"), format!("max({a}, {b})")]));
    let lines: Vec<String> = unary.chain(several).chain(EXTREMES.iter().map(|a| format!("[{a}]"))).collect();
    let (said, _) = results(&lines);
    for (line, messages) in &said {
        assert_eq!(messages.len(), 1, "`{}`: {messages:#?}", lines[*line]);
    }
}

/// The truth of each claim; nothing where it was refused.
fn truths(claims: &[String]) -> Vec<Option<bool>> {
    let text: Vec<String> = claims.iter().enumerate().map(|(at, claim)| format!("expect e{at} = {claim}")).collect();
    let compiled = compiled(&[("recipe.ddl", &text.join("\n"))]);
    let mut truths = vec![None; claims.len()];
    for (_, node) in compiled.graph.nodes().filter(|(_, node)| node.op == "expect") {
        let Some(Value::Record(claim)) = node.args.get("claim") else { continue };
        let Some(Value::Bool(truth)) = claim.get("constant") else { continue };
        for (name, _) in &node.names {
            truths[name[1..].parse::<usize>().expect("a number")] = Some(*truth);
        }
    }
    truths
}

#[test]
fn what_is_equal_is_equal_everywhere() {
    let pairs: Vec<(&str, &str)> = EXTREMES.iter().flat_map(|a| EXTREMES.iter().map(move |b| (*a, *b))).collect();
    let plain: Vec<(&str, &str)> = pairs.into_iter().filter(|(a, b)| !a.contains("..") && !b.contains("..")).collect();
    let ask = |form: &dyn Fn(&str, &str) -> String| truths(&plain.iter().map(|(a, b)| form(a, b)).collect::<Vec<_>>());
    let equal = ask(&|a, b| format!("{a} == {b}"));
    let turned = ask(&|a, b| format!("{b} == {a}"));
    let different = ask(&|a, b| format!("{a} != {b}"));
    let among = ask(&|a, b| format!("{a} in [{b}]"));
    let at_most = ask(&|a, b| format!("{a} <= {b}"));
    let at_least = ask(&|a, b| format!("{b} >= {a}"));
    let less = ask(&|a, b| format!("{a} < {b}"));
    let within = ask(&|a, b| format!("{a} in ({b})..({b})"));
    let mut compared = 0;
    for (at, pair) in plain.iter().enumerate() {
        assert_eq!(equal[at], turned[at], "{pair:?}");
        assert_eq!(equal[at], different[at].map(|it| !it), "{pair:?}");
        assert_eq!(equal[at], among[at], "{pair:?}");
        assert_eq!(at_most[at], at_least[at], "{pair:?}");
        assert_eq!(less[at].is_some(), at_most[at].is_some(), "{pair:?}");
        if let (Some(less), Some(at_most)) = (less[at], at_most[at]) {
            compared += 1;
            assert_eq!(equal[at], Some(at_most && !less), "{pair:?}");
            if let Some(within) = within[at] {
                assert_eq!(equal[at], Some(within), "{pair:?}");
            }
        }
    }
    assert!(compared > 100, "almost nothing was compared");
    assert_eq!(
        truths(&["1.0 in [1, 2]".to_owned(), "1.0 == 1".to_owned(), "9_007_199_254_740_993.0 == 1".to_owned()])[..2],
        [Some(true); 2]
    );
}

#[test]
fn a_result_that_does_not_fit_is_said_for_what_it_is() {
    let said = |line: &str| {
        let compiled = compiled(&[("recipe.ddl", &format!("let _x = {line}"))]);
        compiled.diagnostics.iter().map(|it| it.code.text()).collect::<Vec<_>>().join(" ")
    };
    for line in ["1 / 0", "0 / 0", "1e308 * 10", "9e9deg / 0", "4_000_000_000 * 4_000_000_000", "9_000_000 TiB"] {
        assert_eq!(said(line), "ddl::types::not_finite", "{line}");
    }
    for line in ["8px - 9px", "5px / 2", "1 GiB - 2 GiB", "4_000_000_000 images * 2", "1 step / 2", "3 checks * 0.5"] {
        assert_eq!(said(line), "ddl::types::not_whole", "{line}");
    }
    let two_units =
        ["2 epochs < 100 steps", "2 epochs == 100 steps", "2 epochs in 1 step..5 epochs", "min(2 epochs, 5 steps)", "50% + 2 epochs"];
    for line in
        two_units.into_iter().chain(["2 epochs in [1 step]", "2 epochs in 1 step..5 steps", "2 epochs - 1 step", "max(1 step, 1 epoch)"])
    {
        assert_eq!(said(line), "ddl::types::unit_mismatch", "{line}");
    }
    assert_eq!(said("[a for a in 0..8_999_999_999_999_999]"), "ddl::types::too_many");
    assert_eq!(said("[a for a in -8_999_999_999_999_999..8_999_999_999_999_999]"), "ddl::types::too_many");
}

#[test]
fn weights_of_terms_stay_finite() {
    let before = "dataset d = synthetic_faces(identities = 8, images = 6, size = 32px)\nhead arc = arcface()";
    for (line, fine) in [("c / 0", false), ("1e200 * (1e200 * c)", false), ("c / 1e-320", false), ("c / 2", true), ("0 * c", true)] {
        let compiled = compiled(&[("recipe.ddl", &format!("{before}\nobjective c = classify(d, arc)\nobjective _o = {line}"))]);
        let codes: Vec<&str> = compiled.diagnostics.iter().map(|it| it.code.text()).collect();
        assert_eq!(codes.is_empty(), fine, "{line}: {codes:?}");
        // a weight has its range, which ends far below what no number holds
        assert!(fine || codes == ["ddl::types::not_finite"] || codes == ["ddl::types::out_of_range"], "{line}: {codes:?}");
    }
}

#[test]
fn claims_and_filters_are_never_divided_by_zero() {
    let before = "dataset d = synthetic_faces(identities = 8, images = 6, size = 32px)\nbackbone n = tiny(embedding = 16, side = 32px)\n\
                  eval e = verification(d, pairs = random_pairs())";
    for line in ["expect x = score(n, e.accuracy) / 0 > 1", "dataset _f = d |> where(.yaw / 0 > 1deg)"] {
        let compiled = compiled(&[("recipe.ddl", &format!("{before}\n{line}"))]);
        let codes: Vec<&str> = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).map(|it| it.code.text()).collect();
        assert_eq!(codes, ["ddl::types::not_finite"], "{line}");
    }
}
