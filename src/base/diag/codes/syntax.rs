//! `ddl::syntax`: text that is not a recipe.

codes! {
    Unexpected = "ddl::syntax::unexpected": "something else was expected here" {
        "The text stops being a recipe at this place. The message says what could stand here. One broken declaration does not hide \
         errors in the others: reading goes on at the next line that begins a declaration."
        wrong: "ddl 1\nhead arc = arcface(scale = 64 margin = 0.5rad)",
        right: "ddl 1\nhead arc = arcface(scale = 64, margin = 0.5rad)",
    }
    MissingEdition = "ddl::syntax::missing_edition": "a recipe without its edition" {
        "The first line of a recipe says in which edition of the language it is written. The edition fixes the grammar, the names of \
         the prelude and the defaults, so that a recipe means the same in every later release. Comments may stand before it."
        wrong: "head arc = arcface(scale = 64)",
        right: "ddl 1\nhead arc = arcface(scale = 64)",
    }
    UnknownEdition = "ddl::syntax::unknown_edition": "an edition that this ddl does not know" {
        "Every release of ddl reads all editions up to its own. An edition that is not known was written for a newer ddl, or is a typo."
        wrong: "ddl 11\nlet n = 3",
        right: "ddl 1\nlet n = 3",
    }
    MisplacedEdition = "ddl::syntax::misplaced_edition": "an edition that is not the first line" {
        "The edition is said once, before all declarations: it decides how they are read."
        wrong: "ddl 1\nlet n = 3\nddl 1",
        right: "ddl 1\nlet n = 3",
    }
    UnknownDeclaration = "ddl::syntax::unknown_declaration": "a declaration that begins with no word of the language" {
        "Each declaration begins with a word that states the type of what it declares: `dataset`, `augment`, `batches`, `backbone`, \
         `head`, `objective`, `stage`, `eval`, `report`, `export`, `expect`, or `let` for any type; or it is a `use`, `param`, `sweep`, \
         `replicate` or `def`. So a typo is caught on its line, and a reader sees the shape of an experiment."
        wrong: "ddl 1\ndatset faces = image_folder(\"images\")",
        right: "ddl 1\ndataset faces = image_folder(\"images\")",
    }
    Reserved = "ddl::syntax::reserved": "a word that is reserved for a later release" {
        "`term` and `margin` will declare losses and margins that a recipe writes from tensor primitives. They are not there yet. \
         As the name of an argument, `margin` is an ordinary word."
        wrong: "ddl 1\nmargin mine(theta: angle) -> angle { return theta }",
        right: "ddl 1\nhead mine = arcface(scale = 64, margin = 0.5rad)",
    }
    MisplacedDoc = "ddl::syntax::misplaced_doc": "documentation that documents nothing" {
        "`///` documents the declaration (or the formal of a `def`) that follows it; `//!` documents the recipe and stands before its \
         first declaration. Both are kept for `ddl doc`, for editors and for reports, so they must belong to something. A remark for readers \
         of the source begins with `//`."
        wrong: "ddl 1\nlet n = 3\n/// The end.",
        right: "ddl 1\nlet n = 3\n// The end.",
    }
    UnclosedBracket = "ddl::syntax::unclosed_bracket": "a bracket that is not closed" {
        "Each `(`, `[` and `{` is closed by its own `)`, `]` or `}`. The declaration with the open bracket is taken to end where the next \
         line begins a declaration."
        wrong: "ddl 1\nlet sides = [8px, 12px\nlet n = 3",
        right: "ddl 1\nlet sides = [8px, 12px]\nlet n = 3",
    }
    MismatchedBracket = "ddl::syntax::mismatched_bracket": "a bracket that closes another kind of bracket" {
        "A `)` closes a `(`, a `]` closes a `[`, a `}` closes a `{`, the innermost first."
        wrong: "ddl 1\nlet sides = [8px, 12px)",
        right: "ddl 1\nlet sides = [8px, 12px]",
    }
    StrayBracket = "ddl::syntax::stray_bracket": "a bracket that closes nothing" {
        "A closing bracket stands here although none is open."
        wrong: "ddl 1\nlet n = (3 + 4))",
        right: "ddl 1\nlet n = (3 + 4)",
    }
    CommentDivides = "ddl::syntax::comment_divides": "a comment where a division may be meant" {
        "`//` begins a comment that goes to the end of its line. Behind a number, and before one, a division of whole numbers may have been meant, which there is not."
        wrong: "ddl 1\nlet half = 100 // 2",
        right: "ddl 1\nlet half = 100 / 2",
    }
    TooDeep = "ddl::syntax::too_deep": "an expression that is nested too deeply" {
        "Brackets and `if`s are nested at most 64 deep, so that every recipe can be read, checked and formatted in bounded memory. Give the \
         inner parts names with `let`; names cost nothing and change no result."
    }
    TooManyOperators = "ddl::syntax::too_many_operators": "an expression with too many operators" {
        "An expression has at most 1,000 operators outside of its brackets. Give parts of it names with `let`. Sums of many like terms \
         are better written as a list with a comprehension."
    }
    UnclosedString = "ddl::syntax::unclosed_string": "a string that is not closed" {
        "A string stands on one line between two `\"`. A quote inside it is written `\\\"`, a line break `\\n`."
        wrong: "ddl 1\ndataset faces = image_folder(\"images)",
        right: "ddl 1\ndataset faces = image_folder(\"images\")",
    }
    BadEscape = "ddl::syntax::bad_escape": "an escape that strings don't have" {
        "The escapes are `\\\"`, `\\\\`, `\\n`, `\\t`, `\\{` and `\\}`. Paths are written with `/` on every system."
        wrong: "ddl 1\ndataset faces = image_folder(\"faces\\images\")",
        right: "ddl 1\ndataset faces = image_folder(\"faces/images\")",
    }
    BadHole = "ddl::syntax::bad_hole": "a brace in a string that is no hole" {
        "A string may have holes that the value of a param fills: `\"{root}/a.csv\"`. A hole holds one name and nothing else. Two numbers \
         in braces are a row of files (`\"train-{000..143}.tar\"`); a brace that is meant as such is written `\\{` or `\\}`."
        wrong: "ddl 1\nlet file = \"{root/a.csv\"",
        right: "ddl 1\nlet file = \"{root}/a.csv\"",
    }
    BadNumber = "ddl::syntax::bad_number": "a number that is not written as one" {
        "A number begins and ends with a digit: `0.5`, not `.5`; `5.0` or `5`, not `5.`. A point before a word is an attribute (`.yaw`), and \
         two points are a range (`1..5`). Digits may be grouped with `_`."
        wrong: "ddl 1\nlet weight = .5",
        right: "ddl 1\nlet weight = 0.5",
    }
    UnknownUnit = "ddl::syntax::unknown_unit": "a word after a number that is no unit" {
        "The units are `%`, `px`, `deg`, `rad`, `epochs`, `steps`, `images`, `checks`, `B`, `KiB`, `MiB`, `GiB` and `TiB`; `epoch`, `step`, \
         `image` and `check` are the same in the singular. A unit stands on its number's line, at most one blank away."
        wrong: "ddl 1\nlet length = 4 epocs",
        right: "ddl 1\nlet length = 4 epochs",
    }
    GapBeforeCall = "ddl::syntax::gap_before_call": "a blank between an operator and its `(`" {
        "The `(` of a call touches the name before it. So `f (x)` is never mistaken for two things in a row."
        wrong: "ddl 1\nhead arc = arcface (scale = 64)",
        right: "ddl 1\nhead arc = arcface(scale = 64)",
    }
    ChainedComparison = "ddl::syntax::chained_comparison": "a comparison of a comparison" {
        "`a < x < b` would compare the truth of `a < x` with `b`. To ask whether a value lies between two others write `x in a..b`, which \
         includes both ends; else join two comparisons with `and`."
        wrong: "ddl 1\ndataset mid = faces |> where(10deg < .yaw < 45deg)",
        right: "ddl 1\ndataset mid = faces |> where(.yaw in 10deg..45deg)",
    }
    ChainedRange = "ddl::syntax::chained_range": "a range with three ends" {
        "A range has two ends and includes both: `1..5`. It has no step; list the values, or write a comprehension."
        wrong: "ddl 1\nlet sides = 8px..12px..20px",
        right: "ddl 1\nlet sides = 8px..20px",
    }
    PipeNeedsCall = "ddl::syntax::pipe_needs_call": "a `|>` into something that is no call" {
        "`x |> f(a)` is `f(x, a)`: the right side must be a call, which takes the left side as its first argument. `|>` is looser than \
         all other operators."
        wrong: "ddl 1\ndataset d = faces |> relabel",
        right: "ddl 1\ndataset d = faces |> relabel()",
    }
    Duplicate = "ddl::syntax::duplicate": "a name that is given twice in one list" {
        "An argument, an entry of a record, a formal, or a name of a pattern is given once. Which of two would count is not for the \
         reader to guess."
        wrong: "ddl 1\nhead arc = arcface(scale = 64, scale = 32)",
        right: "ddl 1\nhead arc = arcface(scale = 64)",
    }
}
