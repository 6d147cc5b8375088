//! Judgements: the scores of a protocol's pairs, or what a search of its gallery gives.

use super::common::Common;
use super::features::{Embeddings, ImageView};
use super::pooling::learned;
use super::{Exec, Halt};
use crate::model::Model;
use ddl::data::Table;
use ddl::data::protocol::{Strangers, TemplateFaces, TemplateOf};
use ddl::diag::Code;
use ddl::eval::{
    EvalError, FaceNorm, FarRule, Features, Folding, Learned, PairScores, Pairs, Parted, Scored, Searched, all_pairs, cosine, cross_pairs,
    identify, identify_by, pool_templates, streamed_pairs,
};
use ddl::events::Failure;
use ddl::inputs::augments::augment;
use ddl::inputs::{data_codes, people};
use ddl::lang::value::NodeId;
use ddl::ops::evals::{
    self as ops, AccuracyRule, Decided, Embed, FarPoint, MadePairs, PairSource, Protocol, TemplateIdentification, TemplateVerification,
    Verification,
};
use ddl::ops::node::Node;
use ddl::ops::outputs::{FeaturesRef, Judge, Said};
use ddl::store::{Artifact, Judged, Scores};
use rayon::prelude::*;
use std::borrow::Cow;

/// Embeddings of one side of a protocol.
struct Side {
    table: Table,
    rows: Embeddings,
}

impl Side {
    fn row(&self, at: usize) -> &[f32] {
        let width = self.rows.width;
        self.rows.numbers.get(at * width..(at + 1) * width).unwrap_or_default()
    }

    /// Classes by the names that `names` knows; people whom it does not know have one class that is nobody's there.
    fn labels(&self, names: &Table) -> Vec<u32> {
        self.table.rows().map(|row| names.labels().class(row.identity()).unwrap_or(u32::MAX)).collect()
    }

    /// The features, with the classes that `names` knows.
    fn features(&self, names: &Table) -> Result<Features, EvalError> {
        Features::new(&self.rows.numbers, self.rows.width, self.labels(names))
    }
}

/// One embedding of an image's and its mirror image's.
pub(super) fn combined(embed: &Embed, plain: Embeddings, mirrored: Option<Embeddings>) -> Embeddings {
    let (numbers, width) = embed.of(plain.numbers, mirrored.map(|it| it.numbers), plain.width);
    Embeddings { numbers, width }
}

impl Common<'_> {
    /// What is made of stored features without libtorch.
    pub fn beside(&self, id: NodeId) -> Result<Artifact, Halt> {
        if self.job.plan.get::<Said>(id).is_ok() { self.said(id) } else { self.judge(id) }
    }

    /// The judgement of stored features.
    pub fn judge(&self, id: NodeId) -> Result<Artifact, Halt> {
        let it: &Judge = self.job.plan.get(id)?;
        if let Node::Decided(eval) = self.job.plan.work(it.eval.node)? {
            return self.make(id, |draft| Ok(self.decided(it, eval)?.write(draft)?));
        }
        let eval: &Protocol = self.job.plan.get(it.eval.node)?;
        self.make(id, |draft| {
            let gallery = self.stored_side(&it.gallery, eval.embed())?;
            let probe = if it.probe == it.gallery { None } else { Some(self.stored_side(&it.probe, eval.embed())?) };
            let pooling = it.pooling.map(|pooling| self.read_pooling(pooling.node)).transpose()?;
            let sides = [&gallery, probe.as_ref().unwrap_or(&gallery)];
            Ok(self.scores(it.eval.node, eval, sides, pooling.as_ref())?.write(draft)?)
        })
    }

    /// Scores that lie in the store, decided at a threshold that others tell.
    fn decided(&self, it: &Judge, eval: &Decided) -> Result<Judged, Halt> {
        let mut read = it.of.iter().map(|of| Ok::<_, Halt>(Judged::read(&self.artifact(of.node)?)?));
        let judged = read.next().ok_or_else(|| Failure::new(Code::BadJob, "a decision about no scores"))??;
        let there = read.next().transpose()?.map(|there| there.sets()).transpose()?;
        Ok(Judged { threshold: Some(eval.at.threshold(there.as_ref())?), ..judged })
    }

    fn stored_side(&self, features: &[FeaturesRef], embed: &Embed) -> Result<Side, Halt> {
        let Some(plain) = features.first() else {
            return Err(Failure::new(Code::BadJob, "a judgement without features").into());
        };
        let it: &ddl::ops::outputs::Features = self.job.plan.get(plain.node)?;
        let table = self.tables.table(it.data.node)?;
        let rows = self.read_features(plain.node, table.len())?;
        let mirrored = features.get(1).map(|mirrored| self.read_features(mirrored.node, table.len())).transpose()?;
        Ok(Side { table, rows: combined(embed, rows, mirrored) })
    }

    /// The judgement of gallery and probe.
    fn scores(&self, id: NodeId, eval: &Protocol, [gallery, probe]: [&Side; 2], pooling: Option<&Learned>) -> Result<Judged, Halt> {
        match eval {
            Protocol::Verification(eval) => match &eval.pairs {
                PairSource::Made(MadePairs::AllPairs(all)) => {
                    let across = all.with.is_some() || eval.probe != eval.gallery;
                    let first = gallery.features(&gallery.table)?;
                    let sets = if across { cross_pairs(&probe.features(&gallery.table)?, &first) } else { all_pairs(&first) }?;
                    let (genuine, impostor) = sets.counts();
                    Ok(Judged {
                        rule: eval.rule,
                        far: FarRule::Conservative,
                        threshold: None,
                        scores: Scores::All(sets),
                        listed: genuine + impostor,
                        dropped: 0,
                        parted: Parted::default(),
                    })
                }
                PairSource::File(_) | PairSource::Made(MadePairs::RandomPairs(_)) => self.listed(id, eval, gallery, probe),
            },
            Protocol::Identification(_) => self.searched(id, gallery, probe),
            Protocol::TemplateVerification(eval) => self.templates(id, eval, gallery, pooling),
            Protocol::TemplateIdentification(eval) => self.searched_templates(id, eval, gallery, pooling),
        }
    }

    fn templates(&self, id: NodeId, eval: &TemplateVerification, faces: &Side, pooling: Option<&Learned>) -> Result<Judged, Halt> {
        let templates = self.tables.templates(id)?;
        let far = match eval.threshold {
            FarPoint::Nearest => FarRule::Nearest,
            FarPoint::Conservative => FarRule::Conservative,
        };
        let scored = scored(faces, &templates.of, (eval.norm, &eval.embed), pooling)?;
        let named = |error| Halt::from(data_codes::failure(Some(self.name(id)), &error));
        let blocks = || Ok::<_, Halt>(templates.pairs().map_err(named)?.map(|block| block.map_err(named)));
        let sets = streamed_pairs(&*scored, blocks)?;
        let (genuine, impostor) = sets.counts();
        Ok(Judged {
            rule: AccuracyRule::Insightface,
            far,
            threshold: None,
            scores: Scores::All(sets),
            listed: genuine + impostor,
            dropped: 0,
            parted: Parted::default(),
        })
    }

    fn searched_templates(
        &self,
        id: NodeId,
        eval: &TemplateIdentification,
        faces: &Side,
        pooling: Option<&Learned>,
    ) -> Result<Judged, Halt> {
        let search = self.tables.template_search(id)?;
        let scored = scored(faces, &search.of, (eval.norm, &eval.embed), pooling)?;
        let people = |of: &[TemplateOf]| of.iter().map(|it| it.person).collect::<Vec<_>>();
        let score = |probe: usize, j: usize| scored.score_of(search.probe[probe].template as usize, search.gallery[j].template as usize);
        let searched = identify_by(&people(&search.probe), &people(&search.gallery), score);
        Ok(found(searched, search.strangers, people::of_templates(&search)))
    }

    fn searched(&self, id: NodeId, gallery: &Side, probe: &Side) -> Result<Judged, Halt> {
        let search = self.tables.search(id)?;
        let searched = identify(&probe.features(&gallery.table)?, &gallery.features(&gallery.table)?)?;
        Ok(found(searched, search.strangers, people::of_probes(&probe.table, &gallery.table, search.strangers)))
    }

    fn listed(&self, id: NodeId, eval: &Verification, gallery: &Side, probe: &Side) -> Result<Judged, Halt> {
        let protocol = self.tables.protocol(id)?;
        let first = places(&protocol.first, &gallery.table);
        let second = places(protocol.second.as_ref().unwrap_or(&protocol.first), &probe.table);
        let scores: Option<Vec<f64>> = protocol
            .pairs
            .par_iter()
            .map(|pair| {
                let (a, b) = (first.get(pair.a as usize).copied().flatten()?, second.get(pair.b as usize).copied().flatten()?);
                cosine(gallery.row(a), probe.row(b))
            })
            .collect();
        let Some(scores) = scores else {
            let failure = Failure::new(Code::Unmeasurable, "an image of a pair has no embedding, or one without direction");
            return Err(failure.help("the weights may not fit the images").into());
        };
        let (folds, same) = protocol.pairs.iter().map(|pair| (pair.fold, pair.same)).unzip();
        let mut pairs = Pairs::new(folds, same, PairScores::Cosine(scores))?;
        if let Some(folds) = eval.folds {
            pairs = pairs.refold(Folding::Stratified(folds));
        }
        let dropped = protocol.in_file.total() - protocol.kept.total();
        let (listed, parted) = (protocol.in_file.total(), people::of_folds(&protocol, pairs.fold()));
        Ok(Judged { rule: eval.rule, far: FarRule::Conservative, threshold: None, scores: Scores::Pairs(pairs), listed, dropped, parted })
    }
}

impl Exec<'_> {
    /// The judgement of a stage's model on the way, with no result in the store: features are made and forgotten.
    pub(super) fn judge_now(&self, stage: NodeId, model: &Model, id: NodeId) -> Result<Judged, Halt> {
        let eval: &Protocol = self.job.plan.get(id)?;
        let (first, second) = self.tables.sides(id)?;
        let [through_gallery, through_probe] = eval.augments();
        let gallery = self.fresh_side(stage, model, eval.embed(), first, through_gallery)?;
        let same = through_gallery == through_probe && second.digest() == gallery.table.digest();
        let probe = if same { None } else { Some(self.fresh_side(stage, model, eval.embed(), second, through_probe)?) };
        let pooling = eval.pool().map(|pool| learned(&format!("the network of `{}`", self.name(stage)), model, pool)).transpose()?;
        self.common.scores(id, eval, [&gallery, probe.as_ref().unwrap_or(&gallery)], pooling.as_ref())
    }

    fn fresh_side(
        &self,
        stage: NodeId,
        model: &Model,
        embed: &Embed,
        table: Table,
        through: Option<(&ddl::ops::augments::Augment, i64)>,
    ) -> Result<Side, Halt> {
        let (node, shared) = (self.name(stage), self.shared_layers(stage)?);
        let named = |error| Halt::from(data_codes::failure(Some(node), &error));
        let through = through.map(|(op, seed)| Ok((augment(op)?, seed))).transpose().map_err(named)?;
        let plain = self.embed(node, model, &ImageView { table: &table, augment: through.clone(), flip: false }, shared)?;
        let mirrored = match embed {
            Embed::Plain(_) => None,
            Embed::FlipSum(_) | Embed::FlipConcat(_) => {
                Some(self.embed(node, model, &ImageView { table: &table, augment: through, flip: true }, shared)?)
            }
        };
        Ok(Side { rows: combined(embed, plain, mirrored), table })
    }
}

/// What a search gave, with or without the probes of strangers.
fn found(mut searched: Searched, strangers: Strangers, parted: Parted) -> Judged {
    let listed = searched.outcomes.len() as u64;
    if strangers == Strangers::Drop {
        searched.outcomes.retain(|outcome| outcome.mate.is_some());
    }
    let dropped = listed - searched.outcomes.len() as u64;
    Judged {
        rule: AccuracyRule::Insightface,
        far: FarRule::Conservative,
        threshold: None,
        scores: Scores::Search(searched),
        listed,
        dropped,
        parted,
    }
}

/// The templates of a protocol, as any two of them score.
fn scored<'b>(
    side: &Side,
    of: &TemplateFaces,
    (norm, embed): (ops::FaceNorm, &Embed),
    by: Option<&'b Learned>,
) -> Result<Box<dyn Scored + 'b>, EvalError> {
    let norm = match norm {
        ops::FaceNorm::Keep => FaceNorm::Kept,
        ops::FaceNorm::Unit => FaceNorm::Unit,
    };
    let mut rows = Cow::Borrowed(&side.rows.numbers);
    if by.is_some() && matches!(embed, Embed::FlipSum(_)) {
        // what is learned was learned of single images: the mean of two is as long as one
        rows.to_mut().iter_mut().for_each(|x| *x *= 0.5);
    }
    let pooled = pool_templates(&rows, side.rows.width, &of.faces, of.ids.len(), norm, by)?;
    let scored: Box<dyn Scored + 'b> = match by {
        Some(Learned::Comparator(by)) => Box::new(by.compared(&pooled)?),
        Some(Learned::Multicolumn(_)) | None => Box::new(pooled),
    };
    Ok(scored)
}

/// For each row of `from`, the row of the same image in `to`.
fn places(from: &Table, to: &Table) -> Vec<Option<usize>> {
    from.rows().map(|row| to.row_of(&row.path())).collect()
}
