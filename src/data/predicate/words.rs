//! Expressions in the words of a recipe.

use super::super::{AttributeType, Cell, Schema};
use super::{Arithmetic, Comparison, Expr, Members};
use ddl_base::quantity::{Angle, Fraction};

impl Expr {
    /// The expression as a recipe writes it, with the units of `schema`.
    pub fn text(&self, schema: &Schema) -> String {
        self.text_in(schema, None)
    }

    fn text_in(&self, schema: &Schema, unit: Option<&AttributeType>) -> String {
        let list = |of: &[Expr], between: &str| of.iter().map(|part| part.text_in(schema, unit)).collect::<Vec<_>>().join(between);
        match self {
            Expr::Attribute { name } => format!(".{name}"),
            Expr::Const { value } => cell_text(value, unit),
            Expr::Not { of } => match &**of {
                Expr::Missing { of } => format!("{} != none", of.text(schema)),
                of => format!("not ({})", of.text(schema)),
            },
            Expr::And { of } => of.iter().map(|part| part.grouped(schema)).collect::<Vec<_>>().join(" and "),
            Expr::Or { of } => of.iter().map(|part| part.grouped(schema)).collect::<Vec<_>>().join(" or "),
            Expr::Compare { op, left, right } => {
                let unit = left.unit(schema).or_else(|| right.unit(schema));
                format!("{} {} {}", left.text_in(schema, unit.as_ref()), symbol(*op), right.text_in(schema, unit.as_ref()))
            }
            Expr::In { of, members } => {
                let unit = of.unit(schema);
                let cell = |cell: &Cell| cell_text(cell, unit.as_ref());
                let members = match members {
                    Members::Range(from, to) => format!("{}..{}", cell(&Cell::Number(*from)), cell(&Cell::Number(*to))),
                    Members::List(choices) => format!("[{}]", choices.as_slice().iter().map(cell).collect::<Vec<_>>().join(", ")),
                };
                format!("{} in {members}", of.text_in(schema, unit.as_ref()))
            }
            Expr::Missing { of } => format!("{} == none", of.text(schema)),
            Expr::Else { of, or } => {
                let unit = self.unit(schema);
                let unit = unit.as_ref();
                format!("({} ?? {})", of.text_in(schema, unit), or.text_in(schema, unit))
            }
            Expr::Abs { of } => format!("abs({})", of.text_in(schema, unit)),
            Expr::Neg { of } => format!("-{}", of.text_in(schema, unit)),
            Expr::Min { of } => format!("min({})", list(of, ", ")),
            Expr::Max { of } => format!("max({})", list(of, ", ")),
            Expr::Arithmetic { op, left, right } => {
                let sign = match op {
                    Arithmetic::Add => "+",
                    Arithmetic::Subtract => "-",
                    Arithmetic::Multiply => "*",
                    Arithmetic::Divide => "/",
                };
                format!("({} {sign} {})", left.text_in(schema, unit), right.text_in(schema, unit))
            }
        }
    }

    /// As a part of a chain: a chain inside a chain stands in brackets.
    fn grouped(&self, schema: &Schema) -> String {
        let text = self.text(schema);
        if matches!(self, Expr::And { .. } | Expr::Or { .. }) { format!("({text})") } else { text }
    }

    /// The type whose unit its numbers have, where an attribute tells.
    fn unit(&self, schema: &Schema) -> Option<AttributeType> {
        match self {
            Expr::Attribute { name } => schema.get(name),
            Expr::Abs { of } | Expr::Neg { of } => of.unit(schema),
            Expr::Min { of } | Expr::Max { of } => of.iter().find_map(|part| part.unit(schema)),
            Expr::Arithmetic { op: Arithmetic::Add | Arithmetic::Subtract, left, right } | Expr::Else { of: left, or: right } => {
                left.unit(schema).or_else(|| right.unit(schema))
            }
            Expr::Arithmetic { op: Arithmetic::Multiply | Arithmetic::Divide, .. }
            | Expr::Const { .. }
            | Expr::Not { .. }
            | Expr::Missing { .. }
            | Expr::And { .. }
            | Expr::Or { .. }
            | Expr::Compare { .. }
            | Expr::In { .. } => None,
        }
    }
}

impl std::fmt::Display for Expr {
    /// The expression with plain numbers: radians, pixels, parts of one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text(&Schema::default()))
    }
}

/// A cell as a recipe writes it.
fn cell_text(cell: &Cell, unit: Option<&AttributeType>) -> String {
    match (cell, unit) {
        (Cell::Number(number), Some(AttributeType::Angle)) => Angle::radians(*number).to_string(),
        (Cell::Number(number), Some(AttributeType::Pixels)) => format!("{number}px"),
        (Cell::Number(number), Some(AttributeType::Fraction)) => Fraction(*number).to_string(),
        (cell, _) => cell.to_string(),
    }
}

pub(super) fn symbol(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "==",
        Comparison::Different => "!=",
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Greater => ">",
        Comparison::AtLeast => ">=",
    }
}
