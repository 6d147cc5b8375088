//! Types.

use super::{Build, Promised};
use crate::grammar::Rule;
use crate::tree::{TypeExpr, TypeKind, Word};
use ddl_base::source::Span;
use pest::iterators::Pair;

impl Build<'_> {
    pub(super) fn ty(&self, pair: Pair<Rule>) -> TypeExpr {
        let mut alternatives: Vec<TypeExpr> = pair.into_inner().map(|single| self.single(single)).collect();
        if alternatives.len() > 1 {
            let span = alternatives[0].span.to(alternatives[alternatives.len() - 1].span);
            return TypeExpr { kind: TypeKind::Union(alternatives), span };
        }
        alternatives.pop().expect("the grammar demands a type")
    }

    fn single(&self, pair: Pair<Rule>) -> TypeExpr {
        let mut inner = pair.into_inner();
        let form = inner.promised();
        let span = self.span(&form);
        let kind = match form.as_rule() {
            Rule::ty_name => TypeKind::Name(form.as_str().to_owned()),
            Rule::list_ty => TypeKind::List(Box::new(self.ty(form.into_inner().promised()))),
            Rule::record_ty => {
                let fields: Vec<_> = form.into_inner().map(|field| self.field_ty(field)).collect();
                self.refuse_twins("the field", fields.iter().map(|(word, _)| word));
                TypeKind::Record(fields)
            }
            Rule::one_of => {
                let list = form.into_inner().find(|pair| pair.as_rule() == Rule::list).expect("the grammar demands a list");
                TypeKind::OneOf(list.into_inner().filter(|pair| pair.as_rule() == Rule::expr).map(|expr| self.expr(expr)).collect())
            }
            other => unreachable!("{other:?} is no type in the grammar"),
        };
        let ty = TypeExpr { kind, span };
        match inner.next() {
            Some(mark) => TypeExpr { span: Span { end: self.span(&mark).end, ..span }, kind: TypeKind::Optional(Box::new(ty)) },
            None => ty,
        }
    }

    fn field_ty(&self, pair: Pair<Rule>) -> (Word, TypeExpr) {
        let mut inner = pair.into_inner();
        let word = self.word(&inner.promised());
        inner.promised(); // `:`
        (word, self.ty(inner.promised()))
    }
}
