//! `ddl::graph`: the graph of an experiment.

codes! {
    TooLarge = "ddl::graph::too_large": "a graph of too many nodes" {
        "A recipe comes to at most 100,000 nodes. Axes multiply: three sweeps of a hundred values are a million arms. As well, a \
         network has at most 64 things added to it, one after the other."
    }
    TooMuch = "ddl::graph::too_much": "a recipe that is too much to compile" {
        "Compiling always ends, and ends soon: one budget of work and of bytes holds for all of a recipe, the same on every machine. What doubles \
         with each line, or is done for each of a million arms, is more than it. The message names the declaration that costs most."
        wrong: "let all = [[a + b for a in 1..10_000] for b in 1..10_000]",
        right: "let all = [[a + b for a in 1..10] for b in 1..10]",
    }
    OneExportPath = "ddl::graph::one_export_path": "several exports to one file" {
        "Arms of a sweep or a replicate are several models; each needs a file of its own."
        wrong: "replicate seed in 1..3\nstage s = train(net, goal, seed = seed, batch = 128, for = 1 epoch, optimizer = sgd(lr = 0.1))\nexport m = safetensors(s, to = \"m.safetensors\")",
        right: "replicate seed in 1..3\nstage s = train(net, goal, seed = seed, batch = 128, for = 1 epoch, optimizer = sgd(lr = 0.1))\nexport m = safetensors(s, to = \"m-{seed}.safetensors\")",
    }
    NoBatchSize = "ddl::graph::no_batch_size": "draws without a size" {
        "A term over a bare data set draws by its own default sampler with the stage's `batch`, which is then required."
        wrong: "stage s = train(net, classify(faces, arc), for = 1 epoch, optimizer = sgd(lr = 0.1))",
        right: "stage s = train(net, classify(faces, arc), batch = 128, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    }
    Twins = "ddl::graph::twins": "two trained things that are one" {
        "Things that mean the same are one: two networks of a stage that start from the same operator, arguments and seed would be one network under \
         two names, and learn nothing from each other. Give one of them another seed."
        wrong: "stage both = train({a = tiny(), b = tiny()}, classify(faces, arc, of = a) + classify(faces, arc, of = b), …)",
        right: "stage both = train({a = tiny(), b = tiny(seed = 1)}, classify(faces, arc, of = a) + classify(faces, arc, of = b), …)",
    }
    Unwatched = "ddl::graph::unwatched": "a watch that is never looked at" {
        "What a stage watches is no part of what it means. Two stages that mean the same are one and run once, and what the first one watches is watched."
        wrong: "stage a = train(net, goal, …)\nstage b = train(net, goal, …, watch = every(1 epoch, [lfw]))",
        right: "stage a = train(net, goal, …, watch = every(1 epoch, [lfw]))\nlet b = a",
    }
    NeedsSampler = "ddl::graph::needs_sampler": "a term that needs another sampler" {
        "Triplets need several images of each person; the pairs of a branch are drawn by `pairs()`."
        wrong: "stage s = train(net, triplet(faces), batch = 64, for = 1 epoch, optimizer = sgd(lr = 0.1))",
        right: "stage s = train(net, triplet(draw(faces, by = pk(16, 4))), for = 1 epoch, optimizer = sgd(lr = 0.1))",
    }
    Tap = "ddl::graph::tap": "an output that a network does not have, or that does not fit" {
        "`tap` names a part of a network whose output is a map; the parts of each backbone stand in its documentation. A term that compares \
         the outputs of two networks place by place needs maps of one height and width."
        wrong: "stage s = train(net, nst(faces, teacher = big, at = tap(\"stage9\")), …)",
        right: "stage s = train(net, nst(faces, teacher = big, at = tap(\"stage3\")), …)",
    }
    NoSuchNet = "ddl::graph::no_such_net": "a term that does not say which network it trains" {
        "In a stage of several networks each term says by `of` which one it trains, `mutual` by `between`; the names are those of the stage. A stage \
         of one network has no such names."
        wrong: "stage both = train({a = tiny(), b = iresnet(18)}, classify(faces, arc), …)",
        right: "stage both = train({a = tiny(), b = iresnet(18)}, classify(faces, arc, of = a) + classify(faces, arc, of = b), …)",
    }
    Idle = "ddl::graph::idle": "something of a stage that is never trained" {
        "Every network of a stage has a term that trains it, and every play updates something."
        wrong: "stage both = train({a = tiny(), b = iresnet(18)}, classify(faces, arc, of = a), …)",
        right: "stage a = train(tiny(), classify(faces, arc), …)",
    }
}
