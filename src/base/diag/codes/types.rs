//! `ddl::types`: types and units.

codes! {
    UnitMismatch = "ddl::types::unit_mismatch": "a quantity in a unit that does not fit" {
        "Every quantity has a unit. A unit that converts (degrees to radians) is converted; one that does not, and a bare number \
         where a unit is wanted, are errors."
        wrong: "head arc = arcface(scale = 64, margin = 8px)",
        right: "head arc = arcface(scale = 64, margin = 0.5rad)",
    }

    UnitMissing = "ddl::types::unit_missing": "a bare number where a unit is wanted" {
        "Every quantity has a unit, so that nobody has to guess whether a margin is in degrees or radians."
        wrong: "head arc = arcface(margin = 0.5)",
        right: "head arc = arcface(margin = 0.5rad)",
    }
    Mismatch = "ddl::types::mismatch": "a value of another type than is wanted" {
        "Each declaration and each parameter says what fits."
        wrong: "dataset faces = arcface(scale = 64)",
        right: "head arc = arcface(scale = 64)",
    }
    UnknownChoice = "ddl::types::unknown_choice": "a word that is none of the choices" {
        "Some parameters are one of a few words, written as a text. The message lists them."
        wrong: "head arc = arcface(margin_grad = \"exakt\")",
        right: "head arc = arcface(margin_grad = \"exact\")",
    }
    OutOfRange = "ddl::types::out_of_range": "a value outside of what is allowed" {
        "Parameters of operators have limits, and a `param` may have some of its own after `in`."
        wrong: "augment f = flip(p = 150%)",
        right: "augment f = flip(p = 50%)",
    }
    BadOperands = "ddl::types::bad_operands": "an operator between things that do not go together" {
        "Numbers are added to numbers, angles to angles; a path is joined to a text; terms are added, and multiplied by a number or a curve."
        wrong: "let x = 8px + 10deg",
        right: "let x = 8px + 10px",
    }
    MixedList = "ddl::types::mixed_list": "a list of things of several types" {
        "A list holds things of one type; a record may hold different ones."
        wrong: "let xs = [1, \"a\"]",
        right: "let xs = [1, 2]",
    }
    EmptyRange = "ddl::types::empty_range": "a range that begins after its end" {
        "`a..b` holds all from a to b, both included."
        wrong: "augment low = low_resolution(side = 20px..8px)",
        right: "augment low = low_resolution(side = 8px..20px)",
    }
    NoStage = "ddl::types::no_stage": "a curve where there are no steps" {
        "A number of an augment that changes over a stage (`32px |> ramp(to = 8px, over = 50%)`) is that of the step for which an image is drawn. Data that `apply` changes, \
         and images of an evaluation, are no stage's."
        wrong: "dataset faces = synthetic_faces(identities = 8, images = 6) |> apply(flip(p = 0.5 |> ramp(to = 0.1, over = 50%)))",
        right: "dataset faces = synthetic_faces(identities = 8, images = 6)\nbatches b = draw(faces, size = 8, augment = flip(p = 0.5 |> ramp(to = 0.1, over = 50%)))",
    }
    NotWhole = "ddl::types::not_whole": "a fraction of something that is counted" {
        "Pixels, steps, images and checks are whole."
        wrong: "augment low = low_resolution(side = 8.5px)",
        right: "augment low = low_resolution(side = 8px)",
    }
    NotFinite = "ddl::types::not_finite": "a number that is infinite or undefined" {
        "Numbers in recipes are finite: a division by zero, or one that is too large, is an error where it arises."
        wrong: "let x = 1 / 0",
        right: "let x = 1 / 2",
    }
    TooMany = "ddl::types::too_many": "more values than a list or an axis may have" {
        "A comprehension runs over at most 10,000 values, an axis has at most 100,000, and a recipe comes to at most 100,000 nodes."
        wrong: "sweep order in 1..1_000_000",
        right: "sweep order in 1..1_000",
    }
    NotConstant = "ddl::types::not_constant": "something that must be known from the text alone is not" {
        "The path of a `use` is read before anything is evaluated."
    }
    UnknownType = "ddl::types::unknown_type": "a type or unit that does not exist" {
        "Types are named in parameters, defs and schemas."
        wrong: "param length : spann",
        right: "param length : span",
    }
    PathLeaves = "ddl::types::path_leaves": "a path that leaves its folder" {
        "A literal path is relative to the file that says it and stays inside its folder, so that a recipe means the same on every machine. Data outside comes in by parameters; exports stay inside the run's output folder."
        wrong: "dataset faces = image_folder(\"../faces\")",
        right: "param root : path\ndataset faces = image_folder(root)",
    }
    BadAxis = "ddl::types::bad_axis": "an axis that can't be run over" {
        "An axis is a finite list, or a range of whole numbers; `over` names axes that the model depends on."
        wrong: "sweep order in 0.1..1.0",
        right: "sweep order in [0.1, 0.5, 1.0]",
    }
    BadParam = "ddl::types::bad_param": "a given parameter that can't be read" {
        "Values of `--set` and `--params` are written as in a recipe; texts and paths may stand without quotes."
    }
    BadArgument = "ddl::types::bad_argument": "arguments that an operator refuses" {
        "The types fit, and the operator still can't do this."
        wrong: "let p = faces |> split({train = 80%, test = 30%})",
        right: "let p = faces |> split({train = 70%, test = 30%})",
    }
}
