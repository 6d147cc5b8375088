//! Text to tree, tree to text. Knows the surface of the language and no operator, no type, no file.

pub mod tree;
