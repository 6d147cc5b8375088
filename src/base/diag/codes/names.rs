//! `ddl::names`: what is called what.

codes! {
    UnknownName = "ddl::names::unknown": "a name that nothing declares" {
        "Every name in an expression is declared in the recipe, imported by a `use`, or is of the prelude. Names are told apart by case. \
         Values and operators are two namespaces: `train` the dataset is not `train(…)` the operator."
        wrong: "dataset faces = synthetic_faces(identities = 100, images = 20)\ndataset hard = facse |> where(abs(.yaw) > 45deg)",
        right: "dataset faces = synthetic_faces(identities = 100, images = 20)\ndataset hard = faces |> where(abs(.yaw) > 45deg)",
    }

    UnknownOperator = "ddl::names::unknown_operator": "a call of something that does not exist" {
        "Operators are listed by `ddl doc`; a `def` of the recipe, and what a `use` brings, are called in the same way."
        wrong: "let easy = faces |> filter(abs(.yaw) < 10deg)",
        right: "let easy = faces |> where(abs(.yaw) < 10deg)",
    }
    UnknownArgument = "ddl::names::unknown_argument": "an argument that the operator does not have" {
        "No name is ignored: a misspelt argument would otherwise leave the default in force without a word."
        wrong: "head arc = arcface(sacle = 64)",
        right: "head arc = arcface(scale = 64)",
    }
    MissingArgument = "ddl::names::missing_argument": "an argument that has no default is not given" {
        "Parameters without a default must be said."
        wrong: "head arc = cosface()\nbatches b = draw(by = shuffled(), size = 32)",
        right: "batches b = draw(faces, by = shuffled(), size = 32)",
    }
    RepeatedArgument = "ddl::names::repeated_argument": "an argument or a field is given twice" {
        "Which of both counts would be a guess. An argument by position and by name is given twice too."
        wrong: "head arc = arcface(64, scale = 30)",
        right: "head arc = arcface(scale = 30)",
    }
    TooManyArguments = "ddl::names::too_many_arguments": "more arguments than there are parameters" {
        "Arguments by position fill the parameters in their order."
        wrong: "augment grey_out = grey(50%, 3)",
        right: "augment grey_out = grey(50%)",
    }
    UnlabelledArgument = "ddl::names::unlabelled_argument": "an argument of `with` has no name" {
        "`use … with (…)` gives values to parameters, by name."
        wrong: "use \"scface.ddl\" with (data) as scface",
        right: "use \"scface.ddl\" with (root = data) as scface",
    }
    DeclaredTwice = "ddl::names::duplicate": "two declarations of one name" {
        "A name means one thing in a recipe; there is no shadowing at top level."
        wrong: "dataset faces = image_folder(\"a\")\ndataset faces = image_folder(\"b\")",
        right: "dataset faces_a = image_folder(\"a\")\ndataset faces_b = image_folder(\"b\")",
    }
    SameDraw = "ddl::names::same_draw": "two names of one draw" {
        "Draws are known by what they say: two that say the same, their seed too, are one, and terms that name either see the same images with \
         the same augments. Say another seed where two are meant."
        wrong: "batches a = draw(faces, size = 4)\nbatches b = draw(faces, size = 4)",
        right: "batches a = draw(faces, size = 4)\nbatches b = draw(faces, size = 4, seed = 1)",
    }
    Cycle = "ddl::names::cycle": "a value that needs itself" {
        "Values are made of other values; a circle has no beginning."
        wrong: "let a = b\nlet b = a",
        right: "let a = 1\nlet b = a",
    }
    Recursion = "ddl::names::recursion": "a def that calls itself" {
        "A recipe always ends compiling: a `def` may not need itself, directly or through another."
        wrong: "def deeper(x: int) -> int { return deeper(x = x) }",
        right: "def deeper(x: int) -> int { return x + 1 }",
    }
    LongChain = "ddl::names::too_deep": "a chain of names that is too long" {
        "Each name in the chain needs the next; the compiler follows at most some hundreds."
    }
    UnknownField = "ddl::names::unknown_field": "a field that a value does not have" {
        "Records have the fields that they were given; an evaluation has metrics, a network has named parts, a used recipe has its declarations."
        wrong: "report t = compare([net], columns = [pose.acuracy])",
        right: "report t = compare([net], columns = [pose.accuracy])",
    }
    UnknownAttribute = "ddl::names::unknown_attribute": "an attribute that the data set does not have" {
        "Samples have `.identity .path .index .width .height`, and what `annotate` or the data set itself gives them."
        wrong: "dataset hard = faces |> where(.yaww > 45deg)",
        right: "dataset hard = faces |> where(.yaw > 45deg)",
    }
    StrayAttribute = "ddl::names::stray_attribute": "an attribute where there is no sample" {
        "`.yaw` is the yaw of the sample that is looked at; outside of filters and splits there is none."
        wrong: "let x = .yaw",
        right: "dataset hard = faces |> where(.yaw > 45deg)",
    }
    UnknownModule = "ddl::names::unknown_module": "a module that does not exist" {
        "The standard library is used as `use std.degrade`, a recipe of your own as `use \"other.ddl\" as other`."
        wrong: "use std.degradation",
        right: "use std.degrade",
    }
    UseWithoutName = "ddl::names::use_without_name": "a used recipe has no name" {
        "What a used recipe declares is reached through a name."
        wrong: "use \"scface.ddl\"",
        right: "use \"scface.ddl\" as scface",
    }
    UseCycle = "ddl::names::use_cycle": "recipes that use each other" {
        "A recipe is read before what uses it; a circle has no beginning."
    }
    Private = "ddl::names::private": "a private name of another recipe" {
        "Names that begin with `_` are seen only in their own file."
        wrong: "use \"scface.ddl\" as scface\nlet x = scface._root",
        right: "use \"scface.ddl\" as scface\nlet x = scface.root",
    }
    NotYet = "ddl::names::not_yet": "an operator that does not exist yet" {
        "The language knows the name, and this version has no kernel for it. Nothing is silently ignored: the recipe can be checked but not run."
    }
    UnknownParam = "ddl::names::unknown_param": "a value for a parameter that the recipe does not have" {
        "What `--set`, `--params` and `with` give must be parameters of the recipe."
    }
    Unused = "ddl::names::unused": "a declaration that nothing uses" {
        "It costs nothing when the recipe runs, and is often a sign of a forgotten argument. A name that begins with `_` is not warned about."
    }
}
