//! What networks see: the sizes and alignments of data sets against what each network takes.

use super::audit::Finding;
use super::facts::Trouble;
use crate::data::{DataError, Table};
use crate::diag::{Code, Severity};
use crate::events::Failure;
use crate::inputs::data_codes;
use crate::inputs::tables::Tables;
use crate::lang::value::NodeId;
use crate::plan::{Facts, Plan};
use std::collections::{BTreeMap, BTreeSet};

/// Width and height in pixels.
type Size = (u32, u32);

/// Which networks see which images.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    /// By data set of images: the sizes that networks want, each with one of them.
    sizes: BTreeMap<NodeId, BTreeMap<Size, NodeId>>,
    /// By network: the data sets of images that it sees.
    data: BTreeMap<NodeId, BTreeSet<NodeId>>,
}

impl Sight {
    /// Remembers that a network, which takes images of this size, sees those that a node is made of.
    pub fn sees(&mut self, plan: &Plan, network: NodeId, size: Size, node: NodeId) {
        let mut todo = vec![node];
        let mut seen = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = plan.node(id);
            if node.is_data() && node.inputs.is_empty() {
                self.sizes.entry(id).or_default().entry(size).or_insert(network);
                self.data.entry(network).or_default().insert(id);
            } else {
                todo.extend(&node.inputs);
            }
        }
    }

    /// Says in the facts which images are resized; gives those that must not be, and those whose faces are stretched.
    pub fn sizes(&self, tables: &Tables, facts: &mut [Facts]) -> (Vec<Trouble>, Vec<Finding>) {
        let (mut troubles, mut findings) = (Vec::new(), Vec::new());
        for (&id, sizes) in &self.sizes {
            let Ok(table) = tables.table(id) else { continue };
            for (&size, &network) in sizes {
                match resized(&table, size) {
                    (0, _) => {}
                    (_, Some(error)) if table.stream().refuse_resize => {
                        troubles.push(Trouble { node: id, failure: data_codes::failure(None, &error) });
                    }
                    (count, _) => {
                        let note = format!("{count} of {} images are not {}x{} and are resized", table.len(), size.0, size.1);
                        facts[id.0 as usize].notes.push(note);
                        findings.extend(table.stream().size.and_then(|found| stretched(tables.plan(), (id, found), (network, size))));
                    }
                }
            }
        }
        (troubles, findings)
    }

    /// Networks that see faces of two known alignments.
    pub(crate) fn alignments(&self, tables: &Tables) -> Vec<Trouble> {
        let plan = tables.plan();
        let mut troubles = Vec::new();
        for (&network, data) in &self.data {
            let known = data.iter().filter_map(|id| Some((*id, tables.table(*id).ok()?.stream().alignment.clone()?)));
            let known: Vec<(NodeId, String)> = known.collect();
            let Some((first, one)) = known.first() else { continue };
            let Some((second, other)) = known.iter().find(|(_, alignment)| alignment != one) else { continue };
            let [network, first, name] = [network, *first, *second].map(|id| &plan.node(id).name);
            let message = format!("`{network}` sees faces aligned as \"{one}\" (`{first}`) and as \"{other}\" (`{name}`)");
            let failure =
                Failure::new(Code::DataClash, message).help("align one of them anew; where both are of one template, give it one name");
            if troubles.iter().all(|trouble: &Trouble| trouble.node != *second) {
                troubles.push(Trouble { node: *second, failure });
            }
        }
        troubles
    }
}

/// Images whose sides are in another proportion than the network's.
fn stretched(plan: &Plan, (data, found): (NodeId, Size), (network, size): (NodeId, Size)) -> Option<Finding> {
    if u64::from(found.0) * u64::from(size.1) == u64::from(found.1) * u64::from(size.0) {
        return None;
    }
    let sides = |(width, height): Size| format!("{width}x{height}");
    let (name, net) = (&plan.node(data).name, &plan.node(network).name);
    let message = format!("the images of `{name}`, {}, are stretched to {}, which is what `{net}` sees", sides(found), sides(size));
    let failure = Failure::new(Code::WrongSize, message)
        .help("crop the faces in the network's proportion, or refuse such images: on_size = \"refuse\"");
    let (label, also) = (format!("{} here", sides(found)), Some((network.into(), format!("{} here", sides(size)))));
    Some(Finding { at: data.into(), label, also, severity: Severity::Warning, failure })
}

/// How many images of a known size are not of this width and height, and the first of them as an error.
fn resized(table: &Table, wanted: Size) -> (usize, Option<DataError>) {
    let other = |row: &crate::data::table::Row| row.size().is_some_and(|size| size != wanted);
    let first =
        table.rows().find(other).and_then(|row| Some(DataError::Size { image: row.path().into_owned(), found: row.size()?, wanted }));
    (table.rows().filter(other).count(), first)
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::data::probe::ProbeCache;
    use crate::diag::Severity;
    use crate::plan::Plan;
    use crate::source::Disk;
    use std::path::Path;

    /// The plan of these lines over two folders of four images, 24 wide and 16 high, and what is said of it.
    fn plan(lines: &str) -> (Plan, Vec<(Severity, String)>) {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a/ann/0.png", "a/ann/1.png", "a/bob/0.png", "a/bob/1.png", "b/cia/0.png", "b/cia/1.png", "b/dan/0.png", "b/dan/1.png"]
        {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
            image::RgbImage::new(24, 16).save(path).unwrap();
        }
        let text = format!(
            "ddl 1\n{lines}stage s = train(net, classify(a, arcface()) + classify(b, arcface()), batch = 2, for = 1 epoch, optimizer = sgd(lr = 0.1))\n"
        );
        std::fs::write(folder.path().join("r.ddl"), text).unwrap();
        let compiled = compile(&Disk, &folder.path().join("r.ddl"), &Options::default()).unwrap();
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        let (plan, said) = compiled.known_plan(ProbeCache::none());
        assert!(said.iter().all(|it| !it.labels.is_empty() && it.help.is_some()), "{said:?}");
        (plan, said.into_iter().map(|it| (it.severity, it.message)).collect())
    }

    #[test]
    fn two_known_alignments_are_an_error() {
        let lines = |a: &str, b: &str| {
            plan(&format!("dataset a = image_folder(\"a\"{a})\ndataset b = image_folder(\"b\"{b})\nbackbone net = tiny(side = 24px)\n")).1
        };
        let errors = |said: Vec<(Severity, String)>| -> Vec<String> {
            said.into_iter().filter(|(severity, _)| *severity == Severity::Error).map(|(_, message)| message).collect()
        };
        let (one, two) = (", alignment = \"arcface112\"", ", alignment = \"mtcnn160\"");
        assert_eq!(errors(lines(one, two)), ["`net` sees faces aligned as \"arcface112\" (`a`) and as \"mtcnn160\" (`b`)"]);
        for (a, b) in [(one, one), (one, ""), ("", "")] {
            assert_eq!(errors(lines(a, b)), Vec::<String>::new(), "{a} {b}");
        }
        // how faces are aligned is no part of what a node means
        let key = |a: &str| {
            let text = format!("dataset a = image_folder(\"a\"{a})\ndataset b = image_folder(\"b\")\nbackbone net = tiny(side = 24px)\n");
            let plan = plan(&text).0;
            let stage = plan.nodes.iter().find(|node| node.name == "s").unwrap();
            stage.key
        };
        assert_eq!(key(one), key(""));
    }

    #[test]
    fn stretched_faces_are_a_warning_and_refused_sizes_an_error() {
        let lines = |a: &str, net: &str| {
            plan(&format!("dataset a = image_folder(\"a\"{a})\ndataset b = image_folder(\"b\")\nbackbone net = {net}\n")).1
        };
        let said = lines("", "tiny(side = 24px)");
        assert_eq!(said.len(), 2, "{said:?}");
        let wanted = "the images of `a`, 24x16, are stretched to 24x24, which is what `net` sees";
        assert_eq!(said[0], (Severity::Warning, wanted.to_owned()));
        let said = lines(", on_size = \"refuse\"", "tiny(side = 24px)");
        assert_eq!((said.len(), said[0].0), (2, Severity::Error), "{said:?}");
        assert!(said[0].1.contains("24x16") && said[0].1.contains("24x24"), "{said:?}");
    }

    #[test]
    fn drawn_faces_of_another_size_are_noted() {
        let plan = plan("dataset a = synthetic_faces(identities = 4, images = 4, size = 32px)\ndataset b = image_folder(\"b\")\nbackbone net = tiny(side = 48px)\n").0;
        let drawn = plan.nodes.iter().find(|node| node.name == "a").unwrap();
        assert_eq!(drawn.facts.notes, ["16 of 16 images are not 48x48 and are resized"]);
    }
}
