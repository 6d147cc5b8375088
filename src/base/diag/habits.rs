//! Foreign habits: words that people bring from Python, from training scripts and from other languages, and what a recipe says for them.

/// Where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// At the beginning of a line, or where something new should begin.
    Start,
    /// As a value.
    Name,
    /// Before `(`.
    Call,
    /// Before `=` among the arguments of an operator.
    Argument,
    /// In quotes, where one of some words stands.
    Choice,
    /// As a type.
    Type,
}

/// A word at a spot, and what to write.
pub struct Habit {
    /// Where it is written.
    pub spot: Spot,
    /// What is written there.
    pub words: &'static [&'static str],
    /// An argument is meant where the operator has this parameter, a choice where this is one of the words.
    param: Option<&'static str>,
    /// What to write instead.
    pub help: &'static str,
    /// Lines in which each of the words, put for `@`, is all that is wrong.
    pub example: &'static str,
}

const fn habit(spot: Spot, words: &'static [&'static str], help: &'static str, example: &'static str) -> Habit {
    Habit { spot, words, param: None, help, example }
}

const fn argument(words: &'static [&'static str], param: Option<&'static str>, help: &'static str, example: &'static str) -> Habit {
    Habit { spot: Spot::Argument, words, param, help, example }
}

const fn choice(words: &'static [&'static str], meant: &'static str, help: &'static str, example: &'static str) -> Habit {
    Habit { spot: Spot::Choice, words, param: Some(meant), help, example }
}

/// Which of these words a foreign one means.
pub fn meant_choice<'w>(word: &str, words: impl Iterator<Item = &'w str> + Clone) -> Option<&'static str> {
    let fits = |habit: &&Habit| habit.spot == Spot::Choice && habit.words.contains(&word);
    HABITS.iter().filter(fits).find_map(|habit| habit.param.filter(|meant| words.clone().any(|word| word == *meant)))
}

/// What to write for a foreign word.
pub fn meant(spot: Spot, word: &str) -> Option<&'static str> {
    HABITS.iter().find(|habit| habit.spot == spot && habit.words.contains(&word)).map(|habit| habit.help)
}

/// What to write for a foreign name of an argument of an operator with these parameters, and which of them is meant, if one is.
pub fn meant_argument<'p>(word: &str, params: impl Iterator<Item = &'p str> + Clone) -> Option<(&'static str, Option<&'static str>)> {
    let fits = |habit: &&Habit| {
        let here = habit.param.is_none_or(|meant| params.clone().any(|param| param == meant));
        habit.spot == Spot::Argument && habit.words.contains(&word) && here
    };
    HABITS.iter().find(fits).map(|habit| (habit.help, habit.param))
}

/// All of them.
pub const HABITS: &[Habit] = &[
    // what begins a line elsewhere
    habit(
        Spot::Start,
        &["import", "from", "include", "require"],
        "another recipe is used by `use \"other.ddl\"`, the standard library by `use std.degrade`",
        "@ torch",
    ),
    habit(
        Spot::Start,
        &["for", "while"],
        "there are no loops: `[f(x) for x in list]` makes a list, and `sweep x in [1, 2]` the arms of an experiment",
        "@ x in [1, 2]",
    ),
    habit(Spot::Start, &["if", "unless", "switch", "match"], "a choice is a value: `let a = if c then x else y`", "@ true"),
    habit(
        Spot::Start,
        &["print", "println", "echo", "log"],
        "what a run shows is declared: `report t = compare([net], columns = [pose.accuracy])`",
        "@(net)",
    ),
    habit(
        Spot::Start,
        &["class", "function", "fn", "func", "lambda"],
        "what is used again is a `def f(x: float) -> head { return … }`, or a name by `let`",
        "@ F()",
    ),
    habit(Spot::Start, &["return", "yield"], "only a `def` returns something; a result is named: `let a = …`", "@ net"),
    habit(
        Spot::Start,
        &["try", "except", "raise", "assert"],
        "a claim that the run shall hold is `expect gain = score(a, m) > score(b, m)`",
        "@ net",
    ),
    habit(Spot::Start, &["var", "const", "val", "set"], "a value is named by `let`", "@ x = 3"),
    habit(
        Spot::Start,
        &["model", "network", "net"],
        "a network is declared by `backbone`, what training makes of it by `stage`",
        "@ x = tiny()",
    ),
    habit(
        Spot::Start,
        &["loss", "criterion"],
        "what is minimised is declared by `objective`, a margin function by `head`",
        "@ x = arcface()",
    ),
    habit(
        Spot::Start,
        &["optimizer", "optim", "scheduler"],
        "an optimizer is an argument of `train`, or named by `let`",
        "@ x = sgd(lr = 0.1)",
    ),
    habit(Spot::Start, &["trainer", "train", "fit"], "what trains a model is declared by `stage`: `stage s = train(net, …)`", "@ x = 3"),
    habit(Spot::Start, &["data", "images", "folder"], "images are declared by `dataset`", "@ x = image_folder(\"images\")"),
    habit(
        Spot::Start,
        &["loader", "dataloader", "batch"],
        "what is drawn at each step is declared by `batches`",
        "@ x = draw(faces, size = 8)",
    ),
    habit(Spot::Start, &["transform", "transforms", "augmentation"], "a change of images is declared by `augment`", "@ x = flip()"),
    habit(Spot::Start, &["test", "validate", "evaluate", "protocol", "benchmark"], "a protocol is declared by `eval`", "@ x = 3"),
    habit(Spot::Start, &["table", "metrics"], "a table is declared by `report`", "@ x = 3"),
    habit(Spot::Start, &["save", "dump"], "a file is declared by `export`: `export w = onnx(net, to = \"net.onnx\")`", "@ x = 3"),
    habit(Spot::Start, &["config", "arg", "args", "input", "option"], "what a user may set is declared by `param x : int = 3`", "@ x = 3"),
    habit(Spot::Start, &["grid", "search", "hparams"], "the values of an experiment are declared by `sweep lr in [0.1, 0.01]`", "@ x = 3"),
    // values
    habit(Spot::Name, &["True", "TRUE", "yes", "on"], "write `true`", "head _h = softmax(bias = @)"),
    habit(Spot::Name, &["False", "FALSE", "off"], "write `false`", "head _h = softmax(bias = @)"),
    habit(Spot::Name, &["None", "NONE", "null", "Null", "NULL", "nil", "undefined"], "write `none`", "backbone _n = tiny(weights = @)"),
    habit(
        Spot::Name,
        &["inf", "nan", "NaN", "Infinity"],
        "numbers are finite; leave the argument out where nothing shall be limited",
        "let _o = sgd(lr = @)",
    ),
    habit(Spot::Name, &["pi", "PI"], "an angle has its unit: `180deg`, or `3.14159rad`", "head _h = arcface(margin = @)"),
    habit(
        Spot::Name,
        &["torch", "nn", "np", "numpy", "math", "F", "optim", "cv2", "os", "sys", "random", "self", "this"],
        "operators are called by their names alone, as `sgd(…)`; `ddl doc` lists them",
        "let _o = @.sqrt(2)",
    ),
    // calls
    habit(Spot::Call, &["dict", "OrderedDict", "Namespace", "object"], "a record is written `{a = 1, b = 2}`", "let _x = @(a = 1)"),
    habit(Spot::Call, &["list", "tuple", "set", "array"], "a list is written `[a, b]`", "let _x = @(1)"),
    habit(Spot::Call, &["range", "arange", "linspace"], "a range of whole numbers is written `1..10`", "let _x = @(1, 10)"),
    habit(Spot::Call, &["enumerate", "zip", "map", "reduce"], "a list is made by `[f(x) for x in list]`", "let _x = @([1, 2])"),
    habit(
        Spot::Call,
        &["len", "count", "size", "shape"],
        "what is counted says `ddl plan`; an epoch is one pass: `for = 2 epochs`",
        "let _x = @([1, 2])",
    ),
    habit(
        Spot::Call,
        &["str", "repr", "format", "join", "concat"],
        "a text takes in a name by a hole: \"{name}-{seed}\"",
        "let _x = @(\"a\")",
    ),
    habit(Spot::Call, &["int", "float", "bool"], "a number is what it is written as: there are no conversions", "let _x = @(1)"),
    habit(
        Spot::Call,
        &["sqrt", "exp", "log", "pow", "round", "floor", "ceil"],
        "there are only + - * /; write the number",
        "let _x = @(2)",
    ),
    habit(Spot::Call, &["sum", "add"], "terms of an objective are added by `+`", "let _x = @([1, 2])"),
    habit(Spot::Call, &["print"], "what a run shows is declared: `report t = compare([net], columns = [pose.accuracy])`", "let _x = @(1)"),
    habit(
        Spot::Call,
        &["open", "read", "Path"],
        "a path is a text in quotes, relative to the recipe, or a `param images : path`",
        "let _x = @(\"a\")",
    ),
    habit(
        Spot::Call,
        &["getenv", "environ", "now", "time", "input"],
        "a recipe means one thing everywhere; what differs comes in by a `param`",
        "let _x = @(\"a\")",
    ),
    habit(
        Spot::Call,
        &["r18", "r34", "r50", "r100", "iresnet18", "iresnet50", "iresnet100", "ir_50", "IR_50", "ir_se_50", "resnet18", "ResNet"],
        "a network's depth is its argument: `iresnet(50)`, `ir(50, se = true)`",
        "backbone _n = @()",
    ),
    habit(
        Spot::Call,
        &["load", "torch_load", "load_state_dict", "from_pretrained"],
        "weights are an argument of a network: `iresnet(50, weights = \"r50.pth\")`",
        "let _x = @(\"a.pth\")",
    ),
    habit(Spot::Call, &["save", "export", "to_onnx"], "a file is declared: `export w = onnx(net, to = \"net.onnx\")`", "let _x = @(net)"),
    habit(
        Spot::Call,
        &["DataLoader", "Loader", "dataloader"],
        "batches are drawn: `draw(faces, by = shuffled(), size = 32)`",
        "let _x = @(faces)",
    ),
    habit(
        Spot::Call,
        &["Subset", "filter", "select_if", "query"],
        "samples are chosen by `faces |> where(.yaw > 45deg)` or `sample(amount = 20%)`",
        "let _x = @(faces)",
    ),
    habit(
        Spot::Call,
        &["random_split", "train_test_split"],
        "people are parted by `faces |> split({train = 80%, test = 20%})`",
        "let _x = @(faces)",
    ),
    habit(
        Spot::Call,
        &["ConcatDataset", "concatenate", "union"],
        "sets are joined by `merge([a, b], labels = \"disjoint\")`",
        "let _x = @(faces)",
    ),
    habit(
        Spot::Call,
        &["CrossEntropyLoss", "cross_entropy", "CrossEntropy", "FocalLoss"],
        "images are classified by a head: `classify(faces, arcface())`; focal is `reduce = focal()`",
        "let _x = @()",
    ),
    habit(
        Spot::Call,
        &["TripletMarginLoss", "TripletLoss", "triplet_loss"],
        "write `triplet(draw(faces, by = pk(identities = 16, images = 4)))`",
        "let _x = @()",
    ),
    habit(Spot::Call, &["KLDivLoss", "kl_div", "distillation"], "a teacher teaches by `kd(faces, teacher = big)`", "let _x = @()"),
    habit(
        Spot::Call,
        &["MultiStepLR", "StepLR", "multistep", "ExponentialLR"],
        "a schedule is a curve of the learning rate: `sgd(lr = 0.1 |> drops(at = [50%], by = 0.1))`",
        "let _x = @()",
    ),
    habit(
        Spot::Call,
        &["CosineAnnealingLR", "cosine_annealing", "OneCycleLR", "LambdaLR"],
        "a schedule is a curve of the learning rate: `sgd(lr = 0.1 |> cosine(warmup = 1 epoch))`",
        "let _x = @()",
    ),
    habit(Spot::Call, &["RandomHorizontalFlip", "HorizontalFlip", "hflip"], "write `flip()`", "let _x = @()"),
    habit(Spot::Call, &["Compose", "Pipeline"], "augments in a row are a list: `[flip(), grey(p = 20%)]`", "let _x = @()"),
    habit(
        Spot::Call,
        &["Resize", "ToTensor", "Normalize", "CenterCrop", "Rescale"],
        "size, colour order and normalisation are the network's; leave it out",
        "let _x = @()",
    ),
    habit(
        Spot::Call,
        &["Linear", "Conv2d", "Sequential", "Module", "BatchNorm2d", "ReLU", "Dropout"],
        "networks are declared whole: `ddl doc` lists the backbones",
        "let _x = @()",
    ),
    // arguments
    argument(
        &["batch_size", "bs", "batchsize"],
        Some("batch"),
        "the images of a step are `batch = 128`",
        "stage _s = train(net, classify(faces, arc), @ = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    argument(
        &["batch_size", "bs", "batch", "batchsize"],
        Some("size"),
        "the images of a step are `size = 32`",
        "batches _b = draw(faces, @ = 8)",
    ),
    argument(
        &["batch_size", "bs", "batch"],
        None,
        "the images of a step are `batch` of `train`, or `size` of `draw`",
        "dataset _d = faces |> relabel(@ = 8)",
    ),
    argument(
        &["epochs", "num_epochs", "n_epochs", "max_epochs", "epoch", "steps", "num_steps", "iterations", "length", "duration"],
        Some("for"),
        "how long is `for = 4 epochs`, or `for = 500 steps`",
        "stage _s = train(net, classify(faces, arc), batch = 8, @ = 4, optimizer = sgd(lr = 0.1))",
    ),
    argument(
        &["lr", "learning_rate", "momentum", "weight_decay", "wd", "base_lr"],
        Some("optimizer"),
        "it is the optimizer's: `optimizer = sgd(lr = 0.1, momentum = 0.9)`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 0.1)",
    ),
    argument(
        &["scheduler", "lr_scheduler", "schedule", "lr_schedule"],
        Some("optimizer"),
        "a schedule is a curve of the learning rate: `sgd(lr = 0.1 |> drops(at = [50%], by = 0.1))`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 0.1)",
    ),
    argument(
        &["loss", "losses", "criterion", "loss_fn"],
        Some("objective"),
        "what is minimised is the second argument, `objective`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 1)",
    ),
    argument(
        &["val", "validation", "eval", "evals", "val_data", "eval_every", "val_interval", "metrics"],
        Some("watch"),
        "protocols are watched by `watch = every(1 epoch, [pose])`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 1)",
    ),
    argument(
        &["fp16", "amp", "mixed_precision", "half", "bf16", "dtype"],
        Some("precision"),
        "write `precision = \"mixed\"`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = true)",
    ),
    argument(
        &["early_stopping", "patience"],
        Some("stop"),
        "a stage ends early by `stop = plateau(pose.accuracy, patience = 3 checks)`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 3)",
    ),
    argument(
        &["save_best", "checkpoint", "save"],
        Some("keep"),
        "the best checkpoint is kept by `keep = best(pose.accuracy, every = 1 epoch)`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = true)",
    ),
    argument(
        &["clip_grad", "clip_grad_norm", "max_grad_norm", "grad_clip", "gradient_clip"],
        Some("clip"),
        "write `clip = 5`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 5)",
    ),
    argument(
        &["accumulation", "accumulation_steps", "gradient_acc", "grad_accum"],
        Some("accumulate"),
        "write `accumulate = 4`",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 4)",
    ),
    argument(
        &[
            "device",
            "devices",
            "gpu",
            "gpus",
            "cuda",
            "num_workers",
            "workers",
            "threads",
            "pin_memory",
            "distributed",
            "log_dir",
            "output",
            "out",
        ],
        None,
        "what changes no number is an option of `ddl run`: --device, --threads, --out",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), @ = 1)",
    ),
    argument(
        &["shuffle", "sampler", "drop_last"],
        Some("by"),
        "samples are drawn by `by = shuffled()`, which every pass does anew",
        "batches _b = draw(faces, size = 8, @ = true)",
    ),
    argument(
        &["shuffle", "sampler", "drop_last"],
        None,
        "samples are drawn by `draw(faces, by = shuffled(), size = 32)`",
        "dataset _d = synthetic_faces(identities = 8, images = 4, @ = true)",
    ),
    argument(
        &["transform", "transforms", "augmentation", "augmentations"],
        Some("augment"),
        "images are changed by `augment = [flip()]`",
        "batches _b = draw(faces, size = 8, @ = 1)",
    ),
    argument(
        &["transform", "transforms", "augment", "augmentation", "augmentations", "target_transform"],
        None,
        "images are changed by `faces |> apply(flip())`, or as they are drawn: `draw(faces, size = 32, augment = [flip()])`",
        "dataset _d = synthetic_faces(identities = 8, images = 4, @ = 1)",
    ),
    argument(&["learning_rate", "base_lr", "rate"], Some("lr"), "write `lr = 0.1`", "let _o = sgd(lr = 0.1, @ = 0.1)"),
    argument(&["easy_margin"], Some("form"), "write `form = \"easy\"`", "head _h = arcface(@ = true)"),
    argument(&["s", "radius"], Some("scale"), "write `scale = 64`", "head _h = arcface(@ = 64)"),
    argument(
        &["m", "m2", "angular_margin"],
        Some("margin"),
        "write `margin = 0.5rad` (arcface) or `margin = 0.35` (cosface)",
        "head _h = arcface(@ = 0.5rad)",
    ),
    argument(
        &["num_classes", "n_classes", "classnum", "out_features", "class_num"],
        None,
        "a head has a class for each person of its data; leave it out",
        "head _h = arcface(@ = 100)",
    ),
    argument(
        &["pretrained", "checkpoint", "ckpt", "init", "state_dict", "path"],
        Some("weights"),
        "first weights are `weights = \"r50.pth\"`",
        "backbone _n = tiny(@ = true)",
    ),
    argument(
        &["embedding_size", "emb_size", "embedding_dim", "feat_dim", "num_features", "dim", "out_dim", "features"],
        Some("embedding"),
        "write `embedding = 512`",
        "backbone _n = tiny(@ = 64)",
    ),
    argument(
        &["layers", "num_layers", "n_layers"],
        Some("depth"),
        "write `depth = 50`, or `iresnet(50)`",
        "backbone _n = iresnet(50, @ = 50)",
    ),
    argument(&["input_size", "img_size", "image_size", "resolution"], Some("side"), "write `side = 64px`", "backbone _n = tiny(@ = 64)"),
    argument(
        &["milestones", "step_size", "steps"],
        Some("at"),
        "write `at = [50%, 75%]`, or `at = [10 epochs]`",
        "let _c = 0.1 |> drops(at = [50%], @ = [3])",
    ),
    argument(&["gamma", "factor", "decay"], Some("by"), "write `by = 0.1`", "let _c = 0.1 |> drops(at = [50%], @ = 0.1)"),
    argument(
        &["warmup_epochs", "warmup_steps", "warm_up", "warmup_iters"],
        Some("warmup"),
        "write `warmup = 1 epoch`",
        "let _c = 0.1 |> cosine(@ = 1)",
    ),
    argument(&["T", "temp", "tau"], Some("temperature"), "write `temperature = 4`", "let _t = kd(faces, net, @ = 4)"),
    argument(&["betas"], Some("beta1"), "write `beta1 = 0.9, beta2 = 0.999`", "let _o = adam(lr = 0.1, @ = 0.9)"),
    argument(&["random_state", "random_seed", "manual_seed", "rng"], Some("seed"), "write `seed = 1`", "backbone _n = tiny(@ = 1)"),
    argument(
        &["test_size", "train_size", "ratio", "fractions"],
        Some("parts"),
        "parts are named: `split({train = 80%, test = 20%})`",
        "let _p = faces |> split({train = 80%}, @ = 20%)",
    ),
    argument(
        &["root", "dir", "folder", "data_dir", "images"],
        Some("path"),
        "the folder is the first argument, `path`",
        "dataset _d = image_folder(\"images\", @ = \"a\")",
    ),
    argument(
        &["reduction"],
        Some("reduce"),
        "write `reduce = mean()`, `focal()` or `ohem()`",
        "let _t = classify(faces, arc, @ = \"mean\")",
    ),
    argument(
        &["weight", "coef", "loss_weight", "lambda_"],
        Some("data"),
        "a term is multiplied by its weight: `0.1 * center(faces)`",
        "let _t = classify(faces, arc, @ = 0.1)",
    ),
    // types
    habit(
        Spot::Type,
        &["number", "num", "real", "double", "decimal", "scalar", "f32", "f64", "float32", "float64", "Float"],
        "did you mean `float`?",
        "param _p : @ = 3",
    ),
    habit(
        Spot::Type,
        &["integer", "long", "whole", "i32", "i64", "u8", "u32", "u64", "int32", "int64", "uint", "usize", "Int"],
        "did you mean `int`?",
        "param _p : @ = 3",
    ),
    habit(Spot::Type, &["string", "str", "String", "char", "Text"], "did you mean `text`?", "param _p : @ = 3"),
    habit(Spot::Type, &["boolean", "Boolean", "flag", "switch", "logical"], "did you mean `bool`?", "param _p : @ = 3"),
    habit(
        Spot::Type,
        &["list", "array", "tuple", "vec", "vector", "List", "Sequence", "tensor", "ndarray"],
        "a list's type is written in brackets: `[float]`",
        "param _p : @ = 3",
    ),
    habit(
        Spot::Type,
        &["dict", "map", "object", "record", "struct", "Dict", "mapping"],
        "a record's type is written with its fields: `{a: int, b: float}`",
        "param _p : @ = 3",
    ),
    habit(
        Spot::Type,
        &["enum", "choice", "option", "Literal", "oneof"],
        "words to choose from are written `one of [\"a\", \"b\"]`",
        "param _p : @ = 3",
    ),
    habit(
        Spot::Type,
        &["Optional", "optional", "maybe", "None", "null", "any", "Any"],
        "a type whose value may be missing has a `?`: `int?`",
        "param _p : @ = 3",
    ),
    habit(Spot::Type, &["file", "folder", "dir", "directory", "filename", "Path"], "did you mean `path`?", "param _p : @ = 3"),
    habit(
        Spot::Type,
        &["percent", "percentage", "ratio", "probability", "prob", "share", "part_of"],
        "did you mean `fraction`?",
        "param _p : @ = 3",
    ),
    habit(Spot::Type, &["degree", "degrees", "radian", "radians", "deg", "rad"], "did you mean `angle`?", "param _p : @ = 3"),
    habit(Spot::Type, &["px", "pixel", "side", "size", "resolution"], "did you mean `pixels`?", "param _p : @ = 3"),
    habit(Spot::Type, &["duration", "length", "epoch", "epochs", "step", "steps", "period"], "did you mean `span`?", "param _p : @ = 3"),
    habit(Spot::Type, &["network", "net", "nn", "Module"], "did you mean `model`?", "param _p : @ = 3"),
    habit(Spot::Type, &["loss", "criterion", "term"], "did you mean `objective`?", "param _p : @ = 3"),
    habit(Spot::Type, &["schedule", "scheduler"], "did you mean `curve`?", "param _p : @ = 3"),
    habit(Spot::Type, &["transform", "transforms", "augmentation"], "did you mean `augment`?", "param _p : @ = 3"),
    habit(Spot::Type, &["loader", "dataloader", "DataLoader", "draw"], "did you mean `batches`?", "param _p : @ = 3"),
    habit(Spot::Type, &["protocol", "benchmark", "evaluation"], "did you mean `eval`?", "param _p : @ = 3"),
    habit(Spot::Type, &["table", "results"], "did you mean `report`?", "param _p : @ = 3"),
    habit(Spot::Type, &["memory", "byte"], "did you mean `bytes`?", "param _p : @ = 3"),
    // words to choose from
    choice(
        &["bf16", "bfloat16", "amp", "half", "auto"],
        "mixed",
        "write \"mixed\"",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), precision = @)",
    ),
    choice(
        &["float16", "f16"],
        "fp16",
        "write \"fp16\"",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), precision = @)",
    ),
    choice(
        &["fp32", "float32", "f32"],
        "full",
        "write \"full\"",
        "stage _s = train(net, classify(faces, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), precision = @)",
    ),
];
