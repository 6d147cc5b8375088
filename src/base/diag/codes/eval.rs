//! `ddl::eval`: protocols and metrics.

codes! {
    Leak = "ddl::eval::leak": "people who are both trained on and judged" {
        "A network knows the people that it was trained on: numbers of a protocol that judges them say little about others. People count as the same when \
         they have one name in one set of images; of a checkpoint they are those that `trained_on` names. Where nobody names them the answer is \
         unknown, which is not the same as none."
        wrong: "stage s = train(net, classify(faces, arc), …)\neval e = verification(faces, pairs = random_pairs())\nreport t = compare([s], columns = [e.accuracy])",
        right: "let people = faces |> split({train = 80%, test = 20%}, by = .identity)\nstage s = train(net, classify(people.train, arc), …)\neval e = verification(people.test, pairs = random_pairs())\nreport t = compare([s], columns = [e.accuracy])",
    }
    SelectedOnTest = "ddl::eval::selected_on_test": "a model that is chosen by what is then reported" {
        "`keep`, `stop` and `select` look at numbers to decide; the best of several is better by luck, too. Numbers of the same people do not tell how \
         good the chosen model is on others: the table shows them without an interval, and their differences without a mark."
        wrong: "sweep order in [0.1, 0.01]\nstage s = train(net, goal, batch = 128, for = 1 epoch, optimizer = sgd(lr = order))\nstage best = select(s, by = test.accuracy, over = [order])\nreport t = compare([best], columns = [test.accuracy])",
        right: "sweep order in [0.1, 0.01]\nstage s = train(net, goal, batch = 128, for = 1 epoch, optimizer = sgd(lr = order))\nstage best = select(s, by = choose.accuracy, over = [order])\nreport t = compare([best], columns = [test.accuracy])",
    }
    NoInterval = "ddl::eval::no_interval": "a number that will have no interval" {
        "An interval is told by folds, or people, that have nobody in common, and by enough errors, successes and expected false accepts. The protocol \
         has fewer, or a person stands in several of its folds; or a panel's protocols have the same people in other folds. Whatever the numbers come to, the \
         table shows them without an interval, and without marks beside their differences. It is no mistake, and is said before anything is computed. \
         `random_pairs` deals people into folds, equal ones for equal people and seeds; `folds = N` deals pairs. Pairs that are in no folds \
         (`all_pairs()`, templates) have no interval at all. Over a `replicate` differences have no mark where one of both models was trained once, or \
         is made of what was trained once and the other is not; where both start from first weights that were drawn once each; where people who are judged \
         chose one of them; and where protocols alone depend on it and judge the same people again."
        wrong: "eval pose = verification(faces, pairs = random_pairs(folds = 4))\nreport t = compare([net], columns = [pose.accuracy])",
        right: "eval pose = verification(faces, pairs = random_pairs(folds = 10))\nreport t = compare([net], columns = [pose.accuracy])",
    }
    SameNumbers = "ddl::eval::same_numbers": "rows or columns of a table that are the same" {
        "Two rows of one model, or two columns of one metric, show the same numbers. Stages that differ in their names alone are one stage, which runs once; \
         so are networks: two with equal arguments have equal first weights, since their seeds are equal. What a table should compare is not said, then, and the \
         difference that it shows is 0."
        wrong: "stage a = train(net, goal, batch = 128, for = 1 epoch, optimizer = sgd(lr = 0.1))\nstage b = train(net, goal, batch = 128, for = 1 epoch, optimizer = sgd(lr = 0.1))\nreport t = compare([a, b], columns = [lfw.accuracy])",
        right: "stage a = train(net, goal, batch = 128, for = 1 epoch, optimizer = sgd(lr = 0.1))\nstage b = train(net, goal, batch = 128, for = 1 epoch, optimizer = sgd(lr = 0.1), seed = 1)\nreport t = compare([a, b], columns = [lfw.accuracy])",
    }
}
