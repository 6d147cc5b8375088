//! `ddl::eval`: protocols and metrics.

codes! {
    Leak = "ddl::eval::leak": "people who are both trained on and judged" {
        "A network knows the people that it was trained on: numbers of a protocol that judges them say little about others. People count as the same when \
         they have one name in one set of images; of a checkpoint they are those that `trained_on` names. Where nobody names them the answer is \
         unknown, which is not the same as none."
        wrong: "stage s = train(net, classify(faces, arc), …)\neval e = verification(faces, pairs = random_pairs())",
        right: "let people = faces |> split({train = 80%, test = 20%}, by = .identity)\nstage s = train(net, classify(people.train, arc), …)\neval e = verification(people.test, pairs = random_pairs())",
    }
    SelectedOnTest = "ddl::eval::selected_on_test": "a model that is chosen by what is then reported" {
        "`keep`, `stop` and `select` look at numbers to decide; the best of several is better by luck, too. Numbers of the same people do not tell how \
         good the chosen model is on others."
        wrong: "stage best = select(s, by = test.accuracy, over = [order])\nreport t = compare([best], columns = [test.accuracy])",
        right: "stage best = select(s, by = choose.accuracy, over = [order])\nreport t = compare([best], columns = [test.accuracy])",
    }
}
