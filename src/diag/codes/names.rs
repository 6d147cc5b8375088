//! `ddl::names`: what is called what.

codes! {
    UnknownName = "ddl::names::unknown": "a name that nothing declares" {
        "Every name in an expression is declared in the recipe, imported by a `use`, or is of the prelude. Names are told apart by case. \
         Values and operators are two namespaces: `train` the dataset is not `train(…)` the operator."
        wrong: "dataset faces = image_folder(root)\ndataset hard = facse |> where(abs(.yaw) > 45deg)",
        right: "dataset faces = image_folder(root)\ndataset hard = faces |> where(abs(.yaw) > 45deg)",
    }
}
