//! `ddl::run`: what goes wrong while a plan runs.

codes! {
    Io = "ddl::run::io": "the store or the output folder can't be read or written" {
        "The system refused to read or write a file of the store or of the output folder. The message says which, and what the system said. \
         Nothing that was complete is lost: results are written beside and renamed when they are whole."
    }
    DiskFull = "ddl::run::disk_full": "the disk is full" {
        "There is no room left for a result: the disk or this user's share of it is full, or a file would be larger than `ulimit -f` allows. What \
         was written half is removed; what is in the store stays. Make room and give the same command again: it goes on where it was. \
         `--store DIR` puts the store on another disk."
    }
    ReadOnly = "ddl::run::read_only": "a folder that can't be written" {
        "The store or the output folder lies on a read-only disk, or this user may not write there. `--store DIR` and `--out DIR` take others."
    }
    OutputBusy = "ddl::run::output_busy": "another run writes to the same output folder" {
        "Two runs on one output folder would mix their reports. Wait for the other one, or give this one a folder of its own: `--out DIR`. \
         Two runs may share a store: equal work is then done once."
    }
    StoreFormat = "ddl::run::store_format": "a store of another make" {
        "The folder is not a store of this version of ddl: it holds other things, or was made by a version whose layout differs. Take another \
         folder with `--store DIR`."
    }
    NoStore = "ddl::run::no_store": "a folder without a store" {
        "`ddl store` looks after the store of some runs, and there is none in this folder: nothing was run yet, or it was run with another \
         `--store DIR` (or `DDL_STORE`)."
    }
    DamagedArtifact = "ddl::run::damaged_artifact": "a damaged result in the store" {
        "A file of the store is not what was written there: its length or digest differs. The damaged result is moved to `damaged/` in the \
         store and computed again. If this happens more than once, look at the disk."
    }
    DamagedCheckpoint = "ddl::run::damaged_checkpoint": "a damaged checkpoint" {
        "A checkpoint of an unfinished stage is not what was written there. The one before it is taken, or the stage starts anew; the \
         result has the same bits, and only time is lost."
    }
    StaleCheckpoint = "ddl::run::stale_checkpoint": "a checkpoint of weights that are gone" {
        "A checkpoint of an unfinished stage goes on from results before it: networks, teachers. One of these was computed again since, \
         after damage or elsewhere, and came out otherwise in its last bits. The checkpoint is moved to `damaged/` in the store and the stage \
         begins anew, so that all of its result is made of what lies there now."
    }
    ResumeMismatch = "ddl::run::resume_mismatch": "a checkpoint that does not belong to this stage" {
        "A checkpoint is only continued by exactly the stage that wrote it: its key, classes, optimiser, schedule and the \
         positions of its samplers must agree. They don't, though the key does: the checkpoint was edited, or was written by another build. \
         Remove the folder that the message names to start the stage anew."
    }
    ResumedElsewhere = "ddl::run::resumed_elsewhere": "a stage goes on with other threads or on another device" {
        "Sums of floats depend on their order, and their order on the number of threads and on the device. A stage that was begun with four \
         threads and goes on with two is trained as well as any other, but its weights are not to the last bit those of one run."
    }
    NoCuda = "ddl::run::no_cuda": "there is no such graphics card" {
        "The run asks for a device that this libtorch can't use: it is the processor's build, no driver is installed, or the number is too \
         high. `--device cpu` always works. A libtorch with CUDA is taken by `DDL_LIBTORCH=DIR make build`."
    }
    BadJob = "ddl::run::bad_job": "the engine can't read its job" {
        "The engine was started with something that is no job of this version: `ddl` and `ddl-engine` must be of one version. \
         `make install` puts both into place."
    }
    LossNotFinite = "ddl::run::not_finite": "a loss that is not a finite number" {
        "A term of the objective became NaN or infinite, so its stage was stopped: further steps would only spoil the weights. The message names \
         the term, the step and the batch's samples. Usually the learning rate is too high; a warm-up, `clip = 5` or a smaller scale help. \
         The last good checkpoint is kept. `ddl term` prints such numbers too, names them and ends with exit code 1."
    }
    WeightsNotFinite = "ddl::run::weights_not_finite": "weights or features that are not finite numbers" {
        "A value of a model became NaN or infinite in the last step of its stage, or lies so in a result of an earlier version, or an embedding overflows. \
         Nothing of it is stored, averaged, chosen or exported: the message names the tensor or the image. Usually the learning rate is too high; a warm-up or \
         `clip = 5` help. The last good checkpoint is kept."
    }
    ZeroEmbeddings = "ddl::run::zero_embeddings": "embeddings without a direction" {
        "The direction of a zero vector is not defined. Heads and terms over directions divide by at least 1e-12, as PyTorch's `normalize` does, so the gradient of such a row can be \
         as large as 1e14. A vector whose squared length is beyond the largest number of its kind (a length of 1.8e19 in float32) becomes zero, as it does there. The log of the stage counts them as `zero_embeddings`. Usually a layer before the embedding gives nothing but zeros, or an image shows nothing."
    }
    OutOfMemory = "ddl::run::out_of_memory": "not enough memory" {
        "libtorch could not get the memory that it needs. Make the stage's `batch` or its draws smaller, freeze more of the network, or take \
         another device."
    }
    Torch = "ddl::run::libtorch": "libtorch refused an operation" {
        "libtorch reported an error that ddl did not foresee. The message is libtorch's own. Please report it with the recipe."
    }
    EngineFailed = "ddl::run::engine_failed": "the engine stopped without saying why" {
        "The engine's process ended by a crash or a kill, for example when the system ran out of memory. Finished results are \
         in the store and unfinished stages have checkpoints: the same command goes on from there."
    }
    BadWeights = "ddl::run::bad_weights": "weights that can't be read" {
        "The file is cut short or damaged, has values that are not finite, or is of another kind. Weights are read from safetensors and from \
         what `torch.save` writes (`.pt`, `.pth`, `.ckpt`): a state dict, or a checkpoint with one under `state_dict`, `model` and the like."
    }
    UnsafeWeights = "ddl::run::unsafe_weights": "a pickle that names more than tensors" {
        "A file of PyTorch's is a pickle, which can name any function of Python and have it called. Here nothing is ever run: tensors are \
         built, and a file that names anything else is refused. Where you trust the file, save its state dict alone with PyTorch."
    }
    WeightsMismatch = "ddl::run::weights_mismatch": "weights that don't fit the network" {
        "Every tensor of a weights file must be one of the network, and the other way round. The message lists those that are missing, \
         extra, or of another shape. Another `embedding` or `variant` of the network may be meant; `checkpoint(path, names = {…})` maps names."
    }
    PrototypesMismatch = "ddl::run::prototypes_mismatch": "prototypes that are not these people's" {
        "A weights file holds one prototype for each person that it was trained on, in the order of its own list. The people that the recipe \
         names must be as many, in that order, and a prototype as wide as the network's embedding."
        wrong: "backbone net = ir(50, weights = checkpoint(weights, prototypes = people.test))",
        right: "backbone net = ir(50, weights = checkpoint(weights, prototypes = faces))",
    }
    PrototypesUnsaid = "ddl::run::prototypes_unsaid": "what new classes start from is not said" {
        "The source model has prototypes, but none for the people of this data. Say what the new ones start from."
        wrong: "stage a = train(net, classify(people.train, arc), …)\nstage b = train(a, classify(people.test, arc), …)",
        right: "stage a = train(net, classify(people.train, arc), …)\nstage b = train(a, classify(people.test, arc, prototypes = \"class_means\"), …)",
    }
    TeacherPrototypes = "ddl::run::teacher_prototypes": "a teacher that does not know the people" {
        "Distillation by logits compares what both networks say of the same people, each by its own prototypes. The teacher has none for the \
         people of this data: it was trained on others, under another slot, or comes from a file of weights of which nobody said whose prototypes it has."
        wrong: "backbone big = iresnet(100)\nstage s = train(net, kd(faces, teacher = big), …)",
        right: "backbone big = iresnet(100)\nstage taught = train(big, classify(faces, arc), …)\nstage s = train(net, kd(faces, teacher = taught), …)",
    }
    NoPooling = "ddl::run::no_pooling": "a pooling that the model has not learned" {
        "A protocol pools templates by what the judged model has learned of weighing the images of a set. A model learns that where a stage classifies sets, \
         and keeps it under a slot; this one, and those that it was made from, never did, or under another slot, or without content quality."
        wrong: "stage s = train(net, classify(faces, arc), …)\neval e = template_verification(crops, templates = list, pairs = pairs, pool = multicolumn())",
        right: "stage s = train(net, classify(draw(faces, by = pk(8, 4)), arc, pool = multicolumn()), …)\neval e = template_verification(crops, templates = list, pairs = pairs, pool = multicolumn())",
    }
    Outputs = "ddl::run::outputs": "outputs of two networks that can't be compared" {
        "A term compares what comes out of a part of the student with what comes out of a part of the teacher. Channels may differ (a map between \
         them is learned), height and width may not, and an embedding is no map."
    }
    SeveralNetworks = "ddl::run::several_networks": "models of different networks that are taken for one" {
        "`select` and `average` make one model of several, and what is built on it must know its network before any of them is trained: all of them \
         have one backbone with the same arguments, but for the weights and the seed that it starts from (and for dropout, where none is trained on). Networks of different sizes are rows of \
         `compare`; what comes after starts from the one that the table shows to be best."
    }
    BatchTooLarge = "ddl::run::batch_too_large": "a batch that its data can't fill" {
        "One pass over the data does not fill a single batch, so there is no step to take. Make the batch smaller or the data larger."
    }
    NoSteps = "ddl::run::no_steps": "a stage without steps" {
        "The length of the stage comes to no step at all. Lengthen `for`."
    }
    OneClass = "ddl::run::one_class": "a head with fewer than two classes" {
        "A classifier of one person learns nothing. The data of the term has fewer than two people: look at its filters."
    }
    NotYetRun = "ddl::run::not_yet": "something that can't be computed yet" {
        "The recipe is right, and the engine of this version has no kernel for this part. The message names it."
    }
    Unmeasurable = "ddl::run::unmeasurable": "a metric that these scores can't give" {
        "The protocol's pairs don't support the metric: too few impostors for the false accept rate, too few folds, or only one kind of \
         pairs."
    }
    NoSuchNode = "ddl::run::no_such_node": "a name that the plan does not have" {
        "`--only` and `--again` take names of the recipe, an arm as `name[seed = 2]`."
    }
    Interrupted = "ddl::run::interrupted": "a run that was asked to stop" {
        "The run was stopped by a signal. What was finished is in the store, and the stage that was running left a checkpoint: the same \
         command goes on from there and ends with the same bits."
    }
    NothingLearns = "ddl::run::nothing_learns": "a stage in which nothing learns" {
        "Every part of the network is frozen and no term has prototypes of its own, so there is nothing to train. Freeze less."
    }
    OneImage = "ddl::run::one_image": "batch norm over a single image" {
        "A network that is trained sees one image at a time, and its batch norms would take mean and variance of that image alone: what they learn says nothing of other \
         images, and PyTorch refuses it too. Draw at least two images a batch, or keep the running statistics: `batch_norm = \"frozen\"`."
    }
    NormOver = "ddl::run::norm_over": "ghost batches that don't divide the batch" {
        "`norm_over` parts the images of a step into groups of one size, so their number must be a multiple of it. The images of a \
         step are those of all draws together: the plan tells how many."
    }
    Waiting = "ddl::run::waiting": "another run computes the same" {
        "Two runs share a store and want the same result. One computes it; the other waits and then takes it."
    }
    NoEngine = "ddl::run::no_engine": "the engine can't be found or started" {
        "`ddl` checks and reports; `ddl-engine` computes with libtorch. It is looked for at DDL_ENGINE, beside `ddl`, and on the search path."
    }
    ExpectFailed = "ddl::run::expect_failed": "a claim of the recipe does not hold" {
        "An `expect` is a claim over metrics that the run verifies: over means of `replicate`, in every arm of a `sweep`. Everything else was done: \
         the tables, the metrics and the report are written."
    }
}
