//! Declarations.

use super::{Build, Promised};
use crate::grammar::Rule;
use crate::tree::{
    Axis, AxisWord, Def, Expr, Fixed, FixedWord, Formal, InnerLet, Item, ItemKind, Param, Sink, Target, TypeExpr, Use, UseSource,
};
use pest::iterators::{Pair, Pairs};

impl Build<'_> {
    pub(super) fn item(&self, pair: Pair<Rule>) -> Item {
        let mut inner = pair.into_inner();
        let docs = self.docs(&mut inner);
        let declared = inner.promised();
        let span = self.span(&declared);
        let rule = declared.as_rule();
        let mut inner = declared.into_inner();
        let kind = match rule {
            Rule::fixed => ItemKind::Fixed(self.fixed(&mut inner)),
            Rule::param => ItemKind::Param(self.param(&mut inner)),
            Rule::axis => ItemKind::Axis(self.axis(&mut inner)),
            Rule::sink => self.sink(&mut inner),
            Rule::def => ItemKind::Def(self.def(&mut inner)),
            Rule::import => ItemKind::Use(self.import(&mut inner)),
            other => unreachable!("{other:?} is no declaration in the grammar"),
        };
        Item { docs, kind, span }
    }

    fn fixed(&self, inner: &mut Pairs<Rule>) -> Fixed {
        let word = inner.promised();
        let word = FixedWord::from_text(word.as_str()).expect("the grammar lists the words of FixedWord");
        let (target, annotation, value) = self.binding(inner);
        Fixed { word, target, annotation, value }
    }

    /// `target : type = value`
    fn binding(&self, inner: &mut Pairs<Rule>) -> (Target, Option<TypeExpr>, Expr) {
        let target = self.target(inner.promised());
        let (mut annotation, mut value) = (None, None);
        for pair in inner {
            match pair.as_rule() {
                Rule::ty => annotation = Some(self.ty(pair)),
                Rule::expr => value = Some(self.expr(pair)),
                Rule::colon | Rule::assign => {}
                other => unreachable!("{other:?} in a declaration"),
            }
        }
        (target, annotation, value.expect("the grammar demands a value"))
    }

    fn target(&self, pair: Pair<Rule>) -> Target {
        if pair.as_rule() == Rule::name {
            return Target::Name(self.word(&pair));
        }
        let span = self.span(&pair);
        let names: Vec<_> = pair.into_inner().map(|name| self.word(&name)).collect();
        self.refuse_twins("the name", &names);
        Target::Pattern(names, span)
    }

    fn param(&self, inner: &mut Pairs<Rule>) -> Param {
        inner.promised(); // `param`
        let (name, ty, range, default) = self.typed(inner);
        Param { name, ty, range, default }
    }

    /// `name : type in range = default`
    fn typed(&self, inner: &mut Pairs<Rule>) -> (crate::tree::Word, TypeExpr, Option<Expr>, Option<Expr>) {
        let name = self.word(&inner.promised());
        inner.promised(); // `:`
        let ty = self.ty(inner.promised());
        let (mut range, mut default) = (None, None);
        for pair in inner {
            let place = if pair.as_rule() == Rule::limits { &mut range } else { &mut default };
            *place = pair.into_inner().find(|pair| pair.as_rule() == Rule::expr).map(|pair| self.expr(pair));
        }
        (name, ty, range, default)
    }

    fn axis(&self, inner: &mut Pairs<Rule>) -> Axis {
        let word = if inner.promised().as_str() == "sweep" { AxisWord::Sweep } else { AxisWord::Replicate };
        let target = self.target(inner.promised());
        inner.promised(); // `in`
        Axis { word, target, values: self.expr(inner.promised()) }
    }

    fn sink(&self, inner: &mut Pairs<Rule>) -> ItemKind {
        let export = inner.promised().as_str() == "export";
        let name = self.word(&inner.promised());
        inner.promised(); // `=`
        let sink = Sink { name, value: self.expr(inner.promised()) };
        if export { ItemKind::Export(sink) } else { ItemKind::Expect(sink) }
    }

    fn def(&self, inner: &mut Pairs<Rule>) -> Def {
        inner.promised(); // `def`
        let name = self.word(&inner.promised());
        let formals: Vec<Formal> =
            inner.promised().into_inner().filter(|pair| pair.as_rule() == Rule::formal).map(|pair| self.formal(pair)).collect();
        self.refuse_twins("the formal", formals.iter().map(|formal| &formal.name));
        inner.promised(); // `->`
        let result = self.ty(inner.promised());
        let (mut lets, mut returned) = (Vec::new(), None);
        for pair in inner.promised().into_inner() {
            match pair.as_rule() {
                Rule::inner_let => lets.push(self.inner_let(pair)),
                Rule::expr => returned = Some(self.expr(pair)),
                Rule::brace | Rule::kw_return => {}
                other => unreachable!("{other:?} in a body"),
            }
        }
        Def { name, formals, result, lets, returned: returned.expect("the grammar demands a `return`") }
    }

    fn formal(&self, pair: Pair<Rule>) -> Formal {
        let whole = self.span(&pair);
        let mut inner = pair.into_inner();
        let docs = self.docs(&mut inner);
        let (name, ty, range, default) = self.typed(&mut inner);
        Formal { docs, span: name.span.to(whole.after()), name, ty, range, default }
    }

    fn inner_let(&self, pair: Pair<Rule>) -> InnerLet {
        let mut inner = pair.into_inner();
        let docs = self.docs(&mut inner);
        let start = self.span(&inner.promised()); // `let`
        let (target, annotation, value) = self.binding(&mut inner);
        InnerLet { docs, span: start.to(value.span), target, annotation, value }
    }

    fn import(&self, inner: &mut Pairs<Rule>) -> Use {
        inner.promised(); // `use`
        let source = inner.promised();
        let source = match source.as_rule() {
            Rule::string => UseSource::File(self.text(source)),
            Rule::module => self.module(source),
            other => unreachable!("{other:?} is not what a `use` names"),
        };
        let (mut with, mut alias) = (Vec::new(), None);
        for pair in inner {
            match pair.as_rule() {
                Rule::with => {
                    with = pair.into_inner().find(|pair| pair.as_rule() == Rule::args).map_or_else(Vec::new, |args| self.args(args));
                }
                Rule::name => alias = Some(self.word(&pair)),
                Rule::kw_as => {}
                other => unreachable!("{other:?} in a `use`"),
            }
        }
        Use { source, with, alias }
    }

    fn module(&self, pair: Pair<Rule>) -> UseSource {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let path = inner.promised().into_inner().map(|word| self.word(&word)).collect();
        let names: Vec<_> = inner.flat_map(Pair::into_inner).map(|word| self.word(&word)).collect();
        self.refuse_twins("the name", &names);
        UseSource::Module { path, names, span }
    }
}
