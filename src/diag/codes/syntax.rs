//! `ddl::syntax`: text that is not a recipe.

codes! {
    Unexpected = "ddl::syntax::unexpected": "something else was expected here" {
        "The text stops being a recipe at this place. The message says what could stand here. One broken declaration does not hide \
         errors in the others: reading goes on at the next line that begins a declaration."
        wrong: "ddl 1\nhead arc = arcface(scale = 64 margin = 0.5rad)",
        right: "ddl 1\nhead arc = arcface(scale = 64, margin = 0.5rad)",
    }
}
