//! The arrays that the command line of `ddl term` names, by the name that the expression calls them.

use super::DATA;
use crate::cli::args::TermArgs;
use crate::cli::outcome::Stop;
use crate::job::term::{ArrayBatch, Embeddings};
use crate::lang::value::NodeId;
use std::path::{Path, PathBuf};

/// All batches, in the order of the command line.
pub(crate) fn batches(args: &TermArgs) -> Result<Vec<ArrayBatch>, Stop> {
    let mut batches: Vec<ArrayBatch> = Vec::new();
    let mut add = |name: &str, embeddings: Vec<(String, Embeddings)>| {
        if !is_name(name) {
            return Err(Stop::wrong(format!("`{name}` is no name for a batch: letters, digits and _, a letter first")));
        }
        if batches.iter().any(|batch| batch.name == name) {
            return Err(Stop::wrong(format!("the batch `{name}` is given twice")));
        }
        batches.push(ArrayBatch { node: NodeId(0), name: name.to_owned(), embeddings, labels: None });
        Ok(())
    };
    if let Some(files) = &args.embeddings {
        add(DATA, images("--embeddings ", files)?)?;
    }
    for (name, files) in &args.batch {
        add(name, images(&format!("--batch {name}="), files)?)?;
    }
    for (name, files) in &args.pairs {
        add(name, pairs(name, files)?)?;
    }
    let own = args.labels.iter().map(|file| (DATA, file.clone()));
    for (name, file) in own.chain(args.batch_labels.iter().map(|(name, file)| (name.as_str(), PathBuf::from(file)))) {
        match batches.iter_mut().find(|batch| batch.name == name) {
            Some(batch) if batch.labels.is_none() => batch.labels = Some(file),
            Some(_) => return Err(Stop::wrong(format!("the labels of `{name}` are given twice"))),
            None => {
                let help = if name == DATA { "give --embeddings FILE too".to_owned() } else { format!("give --batch {name}=FILE too") };
                return Err(Stop::wrong_with(format!("there are labels of `{name}` and no embeddings"), help));
            }
        }
    }
    same_nets(&batches)?;
    Ok(batches)
}

/// The networks whose embeddings are given, in the order of the command line; none where arrays name none.
pub(crate) fn nets(batches: &[ArrayBatch]) -> Vec<&str> {
    let mut nets: Vec<&str> = Vec::new();
    for (net, _) in batches.iter().flat_map(|batch| &batch.embeddings).filter(|(net, _)| !net.is_empty()) {
        if !nets.contains(&net.as_str()) {
            nets.push(net);
        }
    }
    nets
}

/// Either all arrays say whose they are, or none does.
fn same_nets(batches: &[ArrayBatch]) -> Result<(), Stop> {
    let (mut named, mut plain) = (None, None);
    for batch in batches {
        for (net, _) in &batch.embeddings {
            if net.is_empty() { plain = Some(&batch.name) } else { named = Some(&batch.name) }
        }
    }
    match (named, plain) {
        (Some(named), Some(plain)) => Err(Stop::wrong_with(
            format!("the arrays of `{named}` say of which network they are, and the one of `{plain}` does not"),
            format!("name the networks there too: {plain}=a=FILE,b=FILE"),
        )),
        (Some(_), None) | (None, Some(_) | None) => Ok(()),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `FILE`, or `a=FILE,b=FILE`.
fn images(option: &str, files: &str) -> Result<Vec<(String, Embeddings)>, Stop> {
    let by_net = by_net(files);
    by_net
        .into_iter()
        .map(|(net, files)| match files.as_slice() {
            [file] => Ok((net, Embeddings::Images(PathBuf::from(file)))),
            _ => Err(Stop::wrong_with(
                format!("`{option}{}` names {} files", net, files.len()),
                format!("write {option}FILE, or {option}a=FILE,b=FILE"),
            )),
        })
        .collect()
}

/// `LEFT,RIGHT`, or `a=LEFT,RIGHT,b=LEFT,RIGHT`.
fn pairs(name: &str, files: &str) -> Result<Vec<(String, Embeddings)>, Stop> {
    by_net(files)
        .into_iter()
        .map(|(net, found)| match found.as_slice() {
            [left, right] => Ok((net, Embeddings::Pairs(PathBuf::from(left), PathBuf::from(right)))),
            [_] => Err(Stop::wrong_with(format!("--pairs {name}={files} names one file"), "write --pairs NAME=LEFT.npy,RIGHT.npy")),
            _ => Err(Stop::wrong_with(
                format!("--pairs {name}={files} names {} files of one network", found.len()),
                "write --pairs NAME=LEFT.npy,RIGHT.npy, or --pairs NAME=a=LEFT.npy,RIGHT.npy,b=LEFT.npy,RIGHT.npy",
            )),
        })
        .collect()
}

/// The files of each network. What exists as it is written is one file, whatever signs are in its name.
fn by_net(files: &str) -> Vec<(String, Vec<&str>)> {
    if Path::new(files).is_file() {
        return vec![(String::new(), vec![files])];
    }
    let mut nets: Vec<(String, Vec<&str>)> = Vec::new();
    for item in files.split(',') {
        match (item.split_once('=').filter(|(net, _)| is_name(net)), nets.last_mut()) {
            (Some((net, file)), _) => nets.push((net.to_owned(), vec![file])),
            (None, Some((_, files))) => files.push(item),
            (None, None) => nets.push((String::new(), vec![item])),
        }
    }
    nets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_by_their_networks() {
        let of = |files: &str| by_net(files).into_iter().map(|(net, files)| format!("{net}: {}", files.join(" "))).collect::<Vec<_>>();
        assert_eq!(of("x.npy"), [": x.npy"]);
        assert_eq!(of("l.npy,r.npy"), [": l.npy r.npy"]);
        assert_eq!(of("a=x.npy,b=y.npy"), ["a: x.npy", "b: y.npy"]);
        assert_eq!(of("a=l.npy,r.npy,b=m.npy,s.npy"), ["a: l.npy r.npy", "b: m.npy s.npy"]);
        assert_eq!(of("runs/k=1/x.npy"), [": runs/k=1/x.npy"]);
    }
}
