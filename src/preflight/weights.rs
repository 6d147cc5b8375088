//! Files of weights as a plan sees them: what they are, whether their tensors are the network's, whose prototypes they have. Numbers are
//! not read.

#![allow(clippy::cast_possible_wrap, reason = "counts that are shown, and numbers of nodes")]

use super::unknown::Unknown;
use crate::diag::Code;
use crate::events::Failure;
use crate::inputs::tables::Tables;
use crate::lang::value::NodeId;
use crate::nets::fit::{self, Fit, Unfit};
use crate::nets::prototypes;
use crate::ops::nets::{Backbone, Checkpoint};
use crate::ops::node::Node;
use crate::plan::{Plan, costs};
use crate::tensors::{Dictionary, TensorError, TensorFile};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What is wrong with a file of weights, by its path.
pub fn failure(file: &str, error: &TensorError) -> Failure {
    let failure = self::error(error);
    Failure { message: format!("{file}: {}", failure.message), ..failure }
}

/// What is wrong with a file of weights.
pub fn error(error: &TensorError) -> Failure {
    let code = match error {
        TensorError::Refused { .. } | TensorError::Opcode { .. } => Code::UnsafeWeights,
        TensorError::Changed => Code::DataChanged,
        TensorError::Io(_)
        | TensorError::Kind(_)
        | TensorError::Truncated
        | TensorError::Broken(_)
        | TensorError::Packed
        | TensorError::NotTorch
        | TensorError::NoPairs(_)
        | TensorError::NoTensors { .. }
        | TensorError::Unread { .. }
        | TensorError::Repeated(_)
        | TensorError::Outside(_)
        | TensorError::Dtype { .. } => Code::BadWeights,
    };
    Failure::new(code, error.to_string()).help(error.help())
}

/// Why a file's tensors are not a network's.
pub fn unfit(file: &str, unfit: &Unfit) -> Failure {
    let help = match unfit {
        Unfit::Account(account) => account.help(),
        Unfit::NoPlace { .. } => "name one of them: checkpoint(path, at = …); without `at` the one that fits is found".to_owned(),
        Unfit::Several(_) => "say which one: checkpoint(path, at = …)".to_owned(),
        Unfit::Net(_) | Unfit::Names(_) | Unfit::Twice(_) => "look at `names` of the checkpoint".to_owned(),
    };
    Failure::new(Code::WeightsMismatch, format!("{file}: {unfit}")).help(help)
}

/// The tensors of a file that are a backbone's: the dictionary that they are in, and how they fit.
///
/// # Errors
/// A file that is another network's; tensors that lie outside of it, or whose format nothing computes with.
pub fn taken(file: &TensorFile, shown: &str, backbone: &Backbone, it: &Checkpoint) -> Result<(usize, Fit), Failure> {
    let dictionaries = file.dictionaries();
    let fitted = fit::of_file(backbone, dictionaries, it.at.as_deref(), &it.names);
    let (place, fit) = fitted.map_err(|error| match (&error, dictionaries.iter().find_map(|it| it.unread.first_key_value())) {
        // what is missing may be there, in a form that is not read
        (Unfit::Account(account), Some((name, class))) if account.missing.iter().any(|missing| name.ends_with(missing.as_str())) => {
            failure(shown, &TensorError::Unread { name: name.clone(), class: class.clone() })
        }
        _ => unfit(shown, &error),
    })?;
    for (_, name) in &fit.taken {
        file.check(name, &dictionaries[place].tensors[name]).map_err(|error| failure(shown, &error))?;
    }
    Ok((place, fit))
}

/// The files that the networks of a plan start from, each looked at once.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The dictionaries of a file; nothing for one that the system does not give, which is said where paths are resolved.
    known: HashMap<PathBuf, Result<Option<Rc<TensorFile<'static>>>, Failure>>,
    /// How a file fits, by what that depends on.
    fits: HashMap<(PathBuf, String), Result<Option<(usize, Rc<Fit>)>, Failure>>,
}

impl Files {
    fn open(&mut self, path: &Path) -> Result<Option<Rc<TensorFile<'static>>>, Failure> {
        let open = || match TensorFile::open(path) {
            Ok(file) => Ok(Some(Rc::new(file))),
            Err(TensorError::Io(_)) if !path.is_dir() => Ok(None), // a folder alone has a digest and can't be opened
            Err(error) => Err(failure(&path.display().to_string(), &error)),
        };
        self.known.entry(path.to_owned()).or_insert_with(open).clone()
    }

    /// Looks at the file that a network starts from, if it starts from one.
    pub(super) fn fit(&mut self, plan: &Plan, tables: &Tables, id: NodeId) -> Result<(), Unknown> {
        let Some(Node::Backbone(backbone)) = plan.node(id).work() else { return Ok(()) };
        let Some(weights) = backbone.weights() else { return Ok(()) };
        let it = weights.checkpoint().into_owned();
        let path = tables.path(id, &it.path)?;
        let shown = path.display().to_string();
        let Some(file) = self.open(&path).map_err(Unknown::Failure)? else { return Ok(()) };
        let key = (path, format!("{} {:?} {:?}", costs::shape(plan, id), it.names, it.at));
        let fits = || taken(&file, &shown, backbone, &it).map(|(place, fit)| Some((place, Rc::new(fit))));
        let Some((place, fit)) = self.fits.entry(key).or_insert_with(fits).clone().map_err(Unknown::Failure)? else { return Ok(()) };
        let Some(people) = it.prototypes else { return Ok(()) };
        let table = tables.table(people.node)?;
        let width = fit.network.embedding().unwrap_or_default();
        let classes = table.labels().len() as i64;
        let data = &plan.node(people.node).name;
        let found = |dictionaries: &[Dictionary], beside, shown: &str| {
            let found = prototypes::in_file(dictionaries, beside, classes, width);
            found.map(|_| ()).map_err(|misfit| Unknown::Failure(misfit.failure(shown, data)))
        };
        match &it.head {
            None => found(file.dictionaries(), Some((place, &fit.network)), &shown),
            Some(head) => {
                let path = tables.path(id, head)?;
                let Some(file) = self.open(&path).map_err(Unknown::Failure)? else { return Ok(()) };
                found(file.dictionaries(), None, &path.display().to_string())
            }
        }
    }
}
