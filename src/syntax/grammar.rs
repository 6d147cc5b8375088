//! The parser that pest makes of `grammar/ddl.pest`.
#![allow(missing_docs)] // the rules are described in the grammar

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "../../grammar/ddl.pest"]
pub(super) struct Grammar;
