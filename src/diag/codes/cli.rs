//! `ddl::cli`: the command line.

codes! {
    Usage = "ddl::cli::usage": "a command line that asks for something that cannot be" {
        "An option or a value of the command line does not exist, is missing, or does not fit the others. `ddl COMMAND --help` lists what there is. \
         Nothing was read or written."
    }
}
