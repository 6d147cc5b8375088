//! Mistakes of people who come from elsewhere: one message each, where it belongs, with code that compiles when it is written.

use ddl::compile::{Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Diagnostic, Severity};
use ddl::source::Memory;
use std::path::Path;

const BEFORE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 40, images = 6, size = 48px)
dataset shot = image_list(\"faces.csv\", schema = {camera: category, yaw: deg})
let people = faces |> split({train = 50%, test = 50%}, by = .identity)
dataset hard = people.train |> where(abs(.yaw) > 50deg)
backbone net = tiny(embedding = 16, side = 48px)
head arc = arcface()
eval all = verification(people.test, pairs = random_pairs())
stage warm = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))
def strong(size: float, turn: angle) -> head { return arcface(scale = size, margin = turn) }
";

/// A wrong line, with `‹›` around the place of its message; what its help says; and the line after that was followed.
const MISTAKES: &[(&str, &str, &str)] = &[
    // a needed argument by a foreign name
    ("let _o = sgd(‹learning_rate› = 0.1)", "lr = 0.1", "let _o = sgd(lr = 0.1)"),
    ("objective _t = classify(people.train, ‹loss› = arc)", "head = arc", "objective _t = classify(people.train, head = arc)"),
    ("objective _t = classify(‹dataset› = people.train, arc)", "classify(people.train, arc)", "objective _t = classify(people.train, arc)"),
    ("objective _t = classify(‹loss› = arc, people.train)", "head = arc", "objective _t = classify(people.train, head = arc)"),
    (
        "stage _s = train(‹backbone› = net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
        "train(net, …)",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    (
        "batches _b = draw(people.train, by = pk(‹P› = 8, K = 4))",
        "identities = 8, images = 4",
        "batches _b = draw(people.train, by = pk(identities = 8, images = 4))",
    ),
    (
        "eval _e = verification(people.test, ‹protocol› = random_pairs())",
        "pairs = random_pairs()",
        "eval _e = verification(people.test, pairs = random_pairs())",
    ),
    ("eval _e = verification(people.test, ‹protocol› = 3)", "pairs", "eval _e = verification(people.test, pairs = random_pairs())"),
    (
        "sweep q in [1, 2]\nbackbone many = tiny(seed = q, side = 48px)\nlet _m = select(many, ‹metric› = all.accuracy, over = [q])",
        "by = all.accuracy",
        "sweep q in [1, 2]\nbackbone many = tiny(seed = q, side = 48px)\nlet _m = select(many, by = all.accuracy, over = [q])",
    ),
    ("head _h = strong(16, ‹margin› = 0.2rad)", "turn = 0.2rad", "head _h = strong(16, turn = 0.2rad)"),
    ("head _h = strong(‹scale› = 16, 0.2rad)", "strong(16, 0.2rad)", "head _h = strong(16, 0.2rad)"),
    ("head _h = strong(‹scale› = 16, margin = 0.2rad)", "size = 16, turn = 0.2rad", "head _h = strong(size = 16, turn = 0.2rad)"),
    ("head _h = arcface(‹easy_margin› = true)", "form = \"easy\"", "head _h = arcface(form = \"easy\")"),
    // what is done elsewhere by a point, a bracket or a call
    ("dataset _d = shot |> where(abs(shot.‹yaw›) < 30deg)", "`.yaw`", "dataset _d = shot |> where(abs(.yaw) < 30deg)"),
    ("let _y = shot.‹camera›", "shot |> where(.camera == …)", "let _y = shot |> where(.camera == \"a\")"),
    ("dataset _d = shot |> where(.yaw‹.›abs() < 30deg)", "abs(.yaw)", "dataset _d = shot |> where(abs(.yaw) < 30deg)"),
    ("dataset _d = shot |> where(.yaw‹.›degrees < 30)", "`.yaw`", "dataset _d = shot |> where(.yaw < 30deg)"),
    ("let _p = people‹[›\"train\"]", "people.train", "let _p = people.train"),
    ("dataset _d = shot ‹|› where(.yaw < 30deg)", "shot |> where(…)", "dataset _d = shot |> where(.yaw < 30deg)"),
    (
        "dataset _d = synthetic_faces(identities = 4, images = 4, size = (32‹,› 32))",
        "size = 32px",
        "dataset _d = synthetic_faces(identities = 4, images = 4, size = 32px)",
    ),
    (
        "let _o = adam(lr = 0.1, betas = (0.9‹,› 0.999))",
        "beta1 = 0.9, beta2 = 0.999",
        "let _o = adam(lr = 0.1, beta1 = 0.9, beta2 = 0.999)",
    ),
    ("let _l = ‹(1, 2)›", "[", "let _l = [1, 2]"),
    ("let _t = ‹arc›(people.train)", "classify(people.train, arc)", "let _t = classify(people.train, arc)"),
    (
        "let _t = ‹net›(people.train)",
        "train(net, …)",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    ("let _t = ‹all›(warm)", "compare([warm], columns = [all.eer])", "report _t = compare([warm], columns = [all.eer])"),
    ("dataset _d = ‹hard›()", "hard |> where(…)", "dataset _d = hard |> where(.yaw > 60deg)"),
    ("let o = sgd(lr = 0.1)\nlet _t = ‹o›(0.2)", "`o`", "let o = sgd(lr = 0.1)\nlet _t = o"),
    ("param _root : path = ‹\"/abs\"›", "param _root : path", "param _root : path"),
    // what nothing can be drawn from, and ends that are turned
    ("augment _a = one_of(‹[]›)", "one_of([flip(), grey()])", "augment _a = one_of([flip(), grey()])"),
    (
        "batches _b = draw(faces, size = 8, augment = one_of(‹[]›))",
        "one_of([flip(), grey()])",
        "batches _b = draw(faces, size = 8, augment = one_of([flip(), grey()]))",
    ),
    (
        "eval _e = verification(faces, pairs = random_pairs(), probe = one_of(‹[]›))",
        "one_of([flip(), grey()])",
        "eval _e = verification(faces, pairs = random_pairs(), probe = one_of([flip(), grey()]))",
    ),
    (
        "head _h = magface(least = 0.8rad, most = ‹0.4rad›)",
        "least = 0.4rad, most = 0.8rad",
        "head _h = magface(least = 0.4rad, most = 0.8rad)",
    ),
    ("head _h = magface(shortest = ‹120›)", "shortest = 110.0, longest = 120.0", "head _h = magface(shortest = 110.0, longest = 120.0)"),
    // what follows from a mistake is not said of it
    (
        "stage _s = ‹train({}, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))›",
        "train(net, …)",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    (
        "eval e = verification(people.test, pairs = all_pairs(), folds = ‹10›)\nreport _t = compare([net], columns = [e.accuracy])",
        "pairs = random_pairs(folds = 10)",
        "eval e = verification(people.test, pairs = random_pairs(folds = 10))\nreport _t = compare([net], columns = [e.accuracy])",
    ),
    // the other way round
    ("head _h = arcface(‹0.2rad›, 16)", "arcface(16, 0.2rad)", "head _h = arcface(16, 0.2rad)"),
    (
        "head _h = arcface(scale = ‹0.2rad›, margin = 16)",
        "arcface(scale = 16, margin = 0.2rad)",
        "head _h = arcface(scale = 16, margin = 0.2rad)",
    ),
    ("objective _t = classify(‹arc›, people.train)", "classify(people.train, arc)", "objective _t = classify(people.train, arc)"),
    (
        "stage _s = train(‹classify(people.train, arc)›, net, batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
        "train(net, classify(people.train, arc), …)",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    ("expect _e = score(‹all.accuracy›, warm) > 0.1", "score(warm, all.accuracy)", "expect _e = score(warm, all.accuracy) > 0.1"),
    // a pipe, a method and a schedule
    (
        "dataset _d = people.train |> ‹low_resolution(16px)›",
        "people.train |> apply(low_resolution(16px))",
        "dataset _d = people.train |> apply(low_resolution(16px))",
    ),
    ("dataset _d = people.train |> ‹flip()›", "people.train |> apply(flip())", "dataset _d = people.train |> apply(flip())"),
    (
        "objective _t = people.train |> ‹arcface(scale = 16)›",
        "people.train |> classify(arcface(scale = 16))",
        "objective _t = people.train |> classify(arcface(scale = 16))",
    ),
    (
        "dataset _d = image_folder(\"images\").‹annotate›(\"pose.csv\", schema = {yaw: deg})",
        "image_folder(\"images\") |> annotate(…)",
        "dataset _d = image_folder(\"images\") |> annotate(\"pose.csv\", schema = {yaw: deg})",
    ),
    (
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), ‹scheduler› = cosine())",
        "sgd(lr = 0.1 |> cosine())",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1 |> cosine()))",
    ),
    (
        "head _x = ‹triplet(margin = 0.2)›",
        "objective",
        "objective _x = triplet(draw(people.train, by = pk(identities = 8, images = 4)), margin = 0.2)",
    ),
    // what does not fit, and what would
    (
        "dataset _d = faces |> where(lambda ‹x›: abs(x.yaw) < 20deg)",
        "where(abs(.yaw) < 20deg)",
        "dataset _d = faces |> where(abs(.yaw) < 20deg)",
    ),
    (
        "stage _s = train(net, ‹arc›, batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
        "classify(data, arc)",
        "let data = people.train\nstage _s = train(net, classify(data, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    (
        "backbone _n = tiny(seed = ‹[1, 2, 3]›)",
        "replicate seed in [1, 2, 3]",
        "replicate seed in [1, 2, 3]\nbackbone _n = tiny(seed = seed)",
    ),
    ("backbone _n = tiny(seed = ‹1..3›)", "replicate seed in 1..3", "replicate seed in 1..3\nbackbone _n = tiny(seed = seed)"),
    ("head _h = arcface(scale = ‹[16, 32]›)", "sweep scale in [16, 32]", "sweep scale in [16, 32]\nhead _h = arcface(scale = scale)"),
    (
        "objective _t = ddl(teacher = people.train, students = ‹hard›)",
        "[hard]",
        "objective _t = ddl(teacher = people.train, students = [hard])",
    ),
    ("let _p = faces |> split(‹[0.8, 0.2]›)", "{train = 80%, test = 20%}", "let _p = faces |> split({train = 80%, test = 20%})"),
    ("let _p = faces |> split(‹{train = 0.8}›)", "{train = 80%}", "let _p = faces |> split({train = 80%})"),
    ("let _p = faces |> split({train = 80%}, by = ‹\"identity\"›)", ".identity", "let _p = faces |> split({train = 80%}, by = .identity)"),
    ("dataset _d = shot |> where(.camera == ‹left›)", "\"left\"", "dataset _d = shot |> where(.camera == \"left\")"),
    ("let _o = sgd(lr = 0.1, momentum = ‹90%›)", "0.9", "let _o = sgd(lr = 0.1, momentum = 0.9)"),
    (
        "stage _s = train(net, classify(people.train, arc), batch = ‹32 images›, for = 1 epoch, optimizer = sgd(lr = 0.1))",
        "32",
        "stage _s = train(net, classify(people.train, arc), batch = 32, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    (
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 2 epochs, optimizer = sgd(lr = 0.1), watch = ‹all›)",
        "every(1 epoch, [all])",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 2 epochs, optimizer = sgd(lr = 0.1), watch = every(1 epoch, [all]))",
    ),
    (
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 2 epochs, optimizer = sgd(lr = 0.1), keep = ‹all.accuracy›)",
        "best(all.accuracy, every = 1 epoch)",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 2 epochs, optimizer = sgd(lr = 0.1), keep = best(all.accuracy, every = 1 epoch))",
    ),
    (
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), freeze = ‹[\"trunk\"]›)",
        "[net.trunk]",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), freeze = [net.trunk])",
    ),
    (
        "stage cold = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), freeze = [‹cold›.trunk])",
        "`net`",
        "stage cold = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), freeze = [net.trunk])",
    ),
    (
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), precision = ‹\"bf16\"›)",
        "\"mixed\"",
        "stage _s = train(net, classify(people.train, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1), precision = \"mixed\")",
    ),
    (
        "report _t = compare([warm, net], columns = [all.accuracy], baseline = ‹warm›)",
        "\"warm\"",
        "report _t = compare([warm, net], columns = [all.accuracy], baseline = \"warm\")",
    ),
    (
        "report _t = compare({a = warm, b = published(‹{all = 98.5}›)}, columns = {all = all.accuracy})",
        "{all = 98.5%}",
        "report _t = compare({a = warm, b = published({all = 98.5%})}, columns = {all = all.accuracy})",
    ),
    ("report _t = compare([warm], columns = [‹all›])", "all.accuracy", "report _t = compare([warm], columns = [all.accuracy])"),
    ("objective _t = classify(‹people›, arc)", "people.train", "objective _t = classify(people.train, arc)"),
    (
        "objective _t = classify(faces.‹train›, arc)",
        "let parts = faces |> split({train = 80%})",
        "let parts = faces |> split({train = 80%})\nobjective _t = classify(parts.train, arc)",
    ),
];

/// What only the data tells.
const SEEN: &[(&str, &str, &str)] = &[
    (
        "dataset some = faces |> where(‹abs(.yaw) in [40deg, 90deg]›)\nstage _s = train(net, classify(some, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
        "abs(.yaw) in 40deg..90deg",
        "dataset some = faces |> where(abs(.yaw) in 40deg..90deg)\nstage _s = train(net, classify(some, arc), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
    (
        "eval some = verification(people.test, pairs = ‹random_pairs(folds = 30)›)\nreport _t = compare([net], columns = [some.accuracy])",
        "random_pairs(folds = 2, per_fold = 20)",
        "eval some = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20))\nreport _t = compare([net], columns = [some.accuracy])",
    ),
];

/// The errors of a recipe; with those that its data shows, where that is asked for.
fn errors(line: &str, seen: bool) -> Vec<Diagnostic> {
    let world = Memory::new().with("r.ddl", format!("{BEFORE}{line}\n"));
    let compiled = compile(&world, Path::new("r.ddl"), &Options::default()).unwrap();
    let mut said = compiled.diagnostics.clone();
    if seen && !compiled.has_errors() {
        said.extend(compiled.known_plan(ProbeCache::none()).1);
    }
    said.retain(|it| it.severity == Severity::Error);
    said
}

#[test]
fn a_mistake_is_said_once_with_what_mends_it() {
    let mut wrong = Vec::new();
    let all = MISTAKES.iter().map(|it| (it, false)).chain(SEEN.iter().map(|it| (it, true)));
    for ((line, help, mended), seen) in all {
        let (from, to) = (line.find('‹').unwrap(), line.find('›').unwrap() - '‹'.len_utf8());
        let said = errors(&line.replace(['‹', '›'], ""), seen);
        let place = (BEFORE.len() + from, BEFORE.len() + to);
        let fits = |it: &Diagnostic| {
            let span = it.span().map(|span| (span.start as usize, span.end as usize));
            span == Some(place) && it.help.as_ref().is_some_and(|said| said.contains(help))
        };
        let code = help.trim_matches('`');
        let followed = code.split('…').all(|part| mended.contains(part.trim_end_matches([')', ' '])));
        let left = errors(mended, seen);
        if !(said.len() == 1 && fits(&said[0]) && followed && left.is_empty()) {
            let shown = |said: &[Diagnostic]| {
                let lines = said.iter().map(|it| format!("\n    {} {:?} {:?}", it.message, it.span(), it.help));
                lines.collect::<Vec<_>>().concat()
            };
            wrong.push(format!("{line}\n  wanted {help:?} at {place:?}, said:{}\n  mended:{}", shown(&said), shown(&left)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MISTAKES.len() + SEEN.len(), wrong.join("\n"));
}
