//! `ddl::cli`: the command line.

codes! {
    Usage = "ddl::cli::usage": "a command line that asks for something that cannot be" {
        "An option or a value of the command line does not exist, is missing, or does not fit the others. `ddl COMMAND --help` lists what there is. \
         Nothing was read or written."
    }
    BadParamsFile = "ddl::cli::params_file": "a file of parameters that cannot be read as one" {
        "`--params FILE` takes a YAML file of `name: value`, each value as a recipe would write it: `length: 8 epochs`, `lr: 0.01`, \
         `faces_dir: ../faces` (relative to the file), `sides: [8px, 12px]`."
    }
    BadArray = "ddl::cli::array": "an array that does not fit" {
        "`ddl term` takes embeddings, labels and state as .npy files: embeddings [images, width] of 32- or 64-bit numbers, labels [images] of whole numbers \
         from 0, prototypes and centres [people, width]. The message says which file differs and how."
    }
}
