//! Names of what belongs to one of several.

/// The name of something of a network (or turn) among those of all of a stage; one without a name is the only one, and what is its own has
/// its own name.
pub fn scoped(of: &str, name: &str) -> String {
    if of.is_empty() { name.to_owned() } else { format!("{of}.{name}") }
}
