//! `ddl::plan`: plans and locks.

codes! {
    OpenParam = "ddl::plan::open_param": "a parameter without a value" {
        "A recipe can be checked and planned without values for its parameters; to run or lock it, each one that has no default needs a value."
        wrong: "ddl run verify.ddl",
        right: "ddl run verify.ddl --set images=faces/images --set pairs=faces/pairs.csv",
    }
    BeyondStage = "ddl::plan::beyond_stage": "something that lies behind the end of its stage" {
        "A drop, a warm-up, a ramp, or the time between two checks or watches is said for a place that the stage does not come to: it is over before. \
         What is behind the end never happens, and what is longer than the stage is cut off."
        wrong: "stage s = train(net, goal, batch = 128, for = 4 epochs, optimizer = sgd(lr = 0.1 |> drops(at = [150%])))",
        right: "stage s = train(net, goal, batch = 128, for = 4 epochs, optimizer = sgd(lr = 0.1 |> drops(at = [50%])))",
    }
    TrainsNothing = "ddl::plan::trains_nothing": "a stage that learns nothing" {
        "A stage whose learning rate is 0 at every step, or whose terms all weigh 0, leaves its model as it was; one whose terms weigh less than 0 makes \
         larger what it should make smaller."
        wrong: "stage s = train(net, 0 * goal, batch = 128, for = 4 epochs, optimizer = sgd(lr = 0.1))",
        right: "stage s = train(net, goal, batch = 128, for = 4 epochs, optimizer = sgd(lr = 0.1))",
    }
    BadLock = "ddl::plan::bad_lock": "a file that is no lock" {
        "The file is not what `ddl lock` of this version writes: it was edited or merged badly, or another version made it."
    }
    LockDiffers = "ddl::plan::lock_differs": "what would be run is not what the lock says" {
        "`ddl run --locked` runs exactly what the lock was made of: the same nodes, data, operators and programs. Something differs, and the \
         message says what, causes first. Nothing was run."
    }
}
