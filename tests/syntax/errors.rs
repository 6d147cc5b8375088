//! What a person sees of each mistake.

use crate::support::errors;

macro_rules! shown {
    ($($name:ident: $text:expr;)*) => {$(
        #[test]
        fn $name() {
            let shown = errors($text);
            assert_eq!(shown.matches("ddl::syntax::").count(), 1, "{shown}");
            insta::assert_snapshot!(shown);
        }
    )*};
}

shown! {
    no_edition: "let n = 3\n";
    empty_text: "";
    unknown_edition: "ddl 2\nlet n = 3\n";
    edition_is_no_number: "ddl one\nlet n = 3\n";
    edition_said_twice: "ddl 1\nddl 1\n";
    edition_after_a_declaration: "let n = 3\nddl 1\n";
    misspelt_declaration: "ddl 1\ndatset faces = image_folder(\"images\")\n";
    unknown_declaration: "ddl 1\nmodel net = iresnet(50)\n";
    bare_assignment: "ddl 1\nlr = 0.1\n";
    stray_text: "ddl 1\n3 + 4\n";
    stray_sign: "ddl 1\n# comment\n";
    term_is_reserved: "ddl 1\nterm mine(a: tensor) -> tensor { return a }\n";
    margin_is_reserved: "ddl 1\nmargin mine(theta: angle) {\n  return theta + 0.5rad\n}\nlet n = 3\n";
    missing_comma: "ddl 1\nhead arc = arcface(scale = 64 margin = 0.5rad)\n";
    missing_comma_of_names: "ddl 1\nlet a = [x y]\n";
    missing_operator: "ddl 1\nlet a = [64 x]\n";
    two_commas: "ddl 1\nlet a = f(1,, 2)\n";
    missing_value: "ddl 1\nlet a =\n\nlet b = 3\n";
    missing_operand: "ddl 1\nlet a = b +\n";
    missing_name: "ddl 1\nlet = 3\n";
    reserved_word_as_name: "ddl 1\nlet in = 3\n";
    missing_type: "ddl 1\nparam a : = 3\n";
    missing_arrow: "ddl 1\ndef f(a: int) { return a }\n";
    missing_return: "ddl 1\ndef f(a: int) -> int { a + 1 }\n";
    formal_without_type: "ddl 1\ndef f(a) -> int { return a }\n";
    missing_then: "ddl 1\nlet a = if b else c\n";
    missing_else: "ddl 1\nlet a = if b then c\n";
    if_among_operators: "ddl 1\nlet a = 1 + if b then c else d\n";
    unclosed_paren: "ddl 1\nstage s = train(net, classify(all, arc)\n\nlet n = 3\n";
    unclosed_at_the_end: "ddl 1\nlet a = [1, 2\n";
    closed_by_another: "ddl 1\nlet a = f([1, 2)\n";
    closes_nothing: "ddl 1\nlet a = f(1))\n";
    wrong_bracket: "ddl 1\nlet a = [1, 2)\n";
    too_deep: &format!("ddl 1\nlet a =\n  {}1{}\n", "(".repeat(65), ")".repeat(65));
    too_many_operators: &format!("ddl 1\nlet a =\n  1{}\n", "\n  + 1".repeat(1_001));
    unclosed_string: "ddl 1\nlet a = f(\"abc)\n";
    single_quotes: "ddl 1\nlet a = 'abc'\n";
    bad_escape: "ddl 1\nlet a = \"faces\\images\"\n";
    bad_hole: "ddl 1\nlet a = \"{root/a}\"\n";
    half_a_number: "ddl 1\nlet a = .5\n";
    dangling_point: "ddl 1\nlet a = f(5., 3)\n";
    huge_number: "ddl 1\nlet a = 1e999\n";
    unknown_unit: "ddl 1\nlet a = 4 epocs\n";
    foreign_unit: "ddl 1\nlet a = 10degrees\n";
    no_such_unit: "ddl 1\nlet a = 10 parsecs\n";
    far_unit: "ddl 1\nlet a = 10   epochs\n";
    gap_before_call: "ddl 1\nhead arc = arcface (scale = 64)\n";
    chained_comparison: "ddl 1\ndataset a = faces |> where(10deg < .yaw <= 45deg)\n";
    mixed_chain: "ddl 1\nlet x = a < b == c\n";
    chained_range: "ddl 1\nlet a = 1..2..3\n";
    pipe_into_a_name: "ddl 1\ndataset a = faces |> relabel\n";
    pipe_into_a_sum: "ddl 1\nlet a = x |> f() + 1\n";
    one_equals_sign: "ddl 1\ndataset a = faces |> where(.camera = 3)\n";
    colon_argument: "ddl 1\nhead arc = arcface(scale: 64)\n";
    double_ampersand: "ddl 1\nlet a = b && c\n";
    capital_and: "ddl 1\nlet a = b AND c\n";
    bang: "ddl 1\nlet a = !b\n";
    power: "ddl 1\nlet a = b ** 2\n";
    index: "ddl 1\nlet a = b[0]\n";
    semicolon: "ddl 1\nlet a = 3;\n";
    blank_before_percent: "ddl 1\nlet a = 20 %\n";
    blank_before_field: "ddl 1\nlet a = f(x .yaw)\n";
    three_points: "ddl 1\nlet a = 1...3\n";
    round_list: "ddl 1\nlet a = f(at = (50%, 75%))\n";
    round_list_alone: "ddl 1\nlet a = (1, f(2, 3), )\n";
    odd_quotes: "ddl 1\nlet a = “abc”\n";
    foreign_letter: "ddl 1\nlet größe = 3\n";
    doc_in_the_middle: "ddl 1\nlet a = f(\n  /// why\n  3)\n";
    doc_at_the_end: "ddl 1\nlet a = 3\n/// nothing\n";
    late_inner_doc: "ddl 1\nlet a = 3\n//! about\n";
    twice_the_same_argument: "ddl 1\nhead arc = arcface(scale = 64, scale = 32)\n";
    twice_the_same_entry: "ddl 1\nlet a = {b = 1, \"b\" = 2}\n";
    hole_in_a_key: "ddl 1\nlet a = {\"{b}\" = 1}\n";
    use_without_a_path: "ddl 1\nuse as x\n";
    axis_without_in: "ddl 1\nsweep order = [1, 2]\n";
    two_on_a_line: "ddl 1\nlet a = 3 +, 4 stage s = f()\n";
}
