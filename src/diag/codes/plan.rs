//! `ddl::plan`: plans and locks.

codes! {
    OpenParam = "ddl::plan::open_param": "a parameter without a value" {
        "A recipe can be checked and planned without values for its parameters; to run or lock it, each one that has no default needs a value."
        wrong: "ddl run verify.ddl",
        right: "ddl run verify.ddl --set images=faces/images --set pairs=faces/pairs.csv",
    }
    BadLock = "ddl::plan::bad_lock": "a file that is no lock" {
        "The file is not what `ddl lock` of this version writes: it was edited or merged badly, or another version made it."
    }
    LockDiffers = "ddl::plan::lock_differs": "what would be run is not what the lock says" {
        "`ddl run --locked` runs exactly what the lock was made of: the same nodes, data, operators and programs. Something differs, and the \
         message says what, causes first. Nothing was run."
    }
}
