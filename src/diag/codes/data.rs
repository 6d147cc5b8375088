//! `ddl::data`: what is in the data.

codes! {
    UnreadableData = "ddl::data::unreadable": "data that can't be read" {
        "A path that the recipe needs is not there, or may not be read."
    }
}
