//! 1:N identification of templates: whom the templates of a gallery and of the probes show.

use super::doubt::{Doubt, Oddity, Tally};
use super::templates::{Counted, whole};
use super::{Strangers, TemplateFaces};
use crate::probe::ProbeCache;
use crate::readers::{SubjectLine, subject_list};
use crate::{DataError, Table};
use ddl_base::text::quoted;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A template, and whom it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateOf {
    /// The template's place.
    pub template: u32,
    /// The person, by their place among all names of both lists.
    pub person: u32,
}

/// A gallery and probes of templates.
#[derive(Debug, Clone)]
pub struct TemplateSearch {
    /// The templates.
    pub of: TemplateFaces,
    /// The templates that are searched.
    pub gallery: Vec<TemplateOf>,
    /// The templates whose people are looked for.
    pub probe: Vec<TemplateOf>,
    /// What happens to strangers.
    pub strangers: Strangers,
    /// The names of the people of both lists, by their places.
    pub names: Vec<Arc<str>>,
    /// How many people the gallery shows.
    pub people: u64,
    /// Probes whose people are in the gallery.
    pub mated: u64,
    /// Probes whose people are not.
    pub unmated: u64,
    /// What is odd about the lists.
    pub doubts: Vec<Doubt>,
    /// The (first) list of the gallery's templates, and that of the probes'.
    files: [PathBuf; 2],
}

/// What can be counted of a search of templates, by the names that a recipe says.
pub const SEARCH_COUNTS: [&str; 5] = ["faces", "templates", "media", "gallery", "probe"];

impl TemplateSearch {
    /// A gallery (of one list, or of several together) and probes, each a csv of `template,subject` (`ijbc_1N_gallery_G1.csv`,
    /// `ijbc_1N_probe_mixed.csv`), over templates.
    ///
    /// # Errors
    /// As [`subject_list`]; a template without faces, of two people, or in the gallery and among the probes; no probe whose person is in
    /// the gallery; a closed set ([`Strangers::Refuse`]) with strangers.
    pub fn read(of: TemplateFaces, gallery: &[&Path], probe: &Path, strangers: Strangers, cache: &ProbeCache) -> Result<Self, DataError> {
        let with_lines = |file: &Path| Ok((file.to_owned(), subject_list(file, cache)?));
        let galleries = gallery.iter().map(|file| with_lines(file)).collect::<Result<Vec<_>, DataError>>()?;
        let probes = [with_lines(probe)?];
        let names: BTreeSet<&str> = galleries.iter().chain(&probes).flat_map(|(_, lines)| lines).map(|line| &*line.subject).collect();
        let names: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
        let places: HashMap<&str, u32> = names.iter().map(|name| &**name).zip(0..).collect();
        let mut doubts = of.doubts.clone();
        doubts.extend(contradictions(galleries.iter().chain(&probes), &of));
        let (searched, sought) = (templates(&galleries, &of, &places)?, templates(&probes, &of, &places)?);
        let known: HashSet<u32> = searched.iter().map(|it| it.person).collect();
        let unmated: Vec<TemplateOf> = sought.iter().copied().filter(|it| !known.contains(&it.person)).collect();
        let name = |it: &TemplateOf| places.iter().find(|(_, place)| **place == it.person).map_or("nobody", |(name, _)| *name);
        if unmated.len() == sought.len() {
            let first = |list: &[TemplateOf]| list.first().map_or("nobody", name);
            let why = format!(
                "none of {} probes shows a person of the gallery; the first is `{}` there and `{}` among the probes",
                sought.len(),
                first(&searched),
                first(&sought)
            );
            return Err(DataError::Search { why });
        }
        if let (Strangers::Refuse, Some(first)) = (strangers, unmated.first()) {
            let why = format!(
                "{} of {} probes show people who are not in the gallery, first `{}` in template {}; leave them out with strangers = \"drop\", or \
                 keep them for open-set rates with \"keep\"",
                unmated.len(),
                sought.len(),
                name(first),
                of.ids[first.template as usize]
            );
            return Err(DataError::Search { why });
        }
        itself(&of, &searched, &sought)?;
        doubts.extend(shared_faces(&of, &searched, &sought));
        let (unmated, people) = (unmated.len() as u64, known.len() as u64);
        let mated = sought.len() as u64 - unmated;
        Ok(TemplateSearch {
            of,
            gallery: searched,
            probe: sought,
            strangers,
            names,
            people,
            mated,
            unmated,
            doubts,
            files: [gallery.first().copied().unwrap_or(probe).into(), probe.into()],
        })
    }

    /// The same of files and a table.
    ///
    /// # Errors
    /// As [`TemplateFaces::read`] and [`TemplateSearch::read`].
    pub fn of_files(
        list: &Path,
        scores: Option<&Path>,
        (gallery, probe): (&[&Path], &Path),
        strangers: Strangers,
        table: &Table,
        cache: &ProbeCache,
    ) -> Result<Self, DataError> {
        Self::read(TemplateFaces::read(list, scores, table, cache)?, gallery, probe, strangers, cache)
    }

    /// How many probes are judged.
    pub fn judged(&self) -> u64 {
        self.mated + if self.strangers == Strangers::Keep { self.unmated } else { 0 }
    }

    /// An error if something of these files is not there as often as is expected.
    ///
    /// # Errors
    /// The first count that is another one.
    pub fn expect(&self, expected: &IndexMap<String, u64>) -> Result<(), DataError> {
        let [gallery, probe] = &self.files;
        let ends = [
            Counted { what: "gallery", file: gallery, found: self.gallery.len() as u64 },
            Counted { what: "probe", file: probe, found: self.probe.len() as u64 },
        ];
        let counted: Vec<Counted> = self.of.counted().into_iter().chain(ends).collect();
        whole(&counted, expected)
    }
}

/// The templates of some lists, each once, in the order of their places.
fn templates(lists: &[(PathBuf, Vec<SubjectLine>)], of: &TemplateFaces, people: &HashMap<&str, u32>) -> Result<Vec<TemplateOf>, DataError> {
    let mut found: BTreeMap<u32, (u32, Arc<str>)> = BTreeMap::new();
    for (file, SubjectLine { line, template, subject }) in lists.iter().flat_map(|(file, lines)| lines.iter().map(move |line| (file, line)))
    {
        let wrong = |line: u64, why: String| DataError::Line { file: file.clone(), line, why };
        let place = of.place(*template).ok_or_else(|| wrong(*line, format!("template {template} has no face in the list of faces")))?;
        let (_, before) = found.entry(place).or_insert_with(|| (people[&**subject], subject.clone()));
        if before != subject {
            return Err(wrong(*line, format!("template {template} shows `{subject}` here and `{before}` before")));
        }
    }
    Ok(found.into_iter().map(|(template, (person, _))| TemplateOf { template, person }).collect())
}

/// Templates that the lists give to another person than the data set does: a person of a list is the one of the data set whom their first
/// template shows.
fn contradictions<'l>(lists: impl Iterator<Item = &'l (PathBuf, Vec<SubjectLine>)>, of: &TemplateFaces) -> Vec<Doubt> {
    let Some(shows) = &of.shows else { return Vec::new() };
    let mut class_of: HashMap<&str, u32> = HashMap::new();
    let mut subject_of: HashMap<u32, &str> = HashMap::new();
    let mut doubts = Vec::new();
    for (file, lines) in lists {
        let mut tally = Tally::new(Oddity::Contradiction);
        for SubjectLine { line, template, subject } in lines {
            let Some(class) = of.place(*template).and_then(|place| shows[place as usize]) else { continue };
            let (known, other) = (*class_of.entry(&**subject).or_insert(class), *subject_of.entry(class).or_insert(&**subject));
            if known != class || other != &**subject {
                tally.add(*line, || format!("template {template}, which is said to show {}", quoted(subject)));
            }
        }
        doubts.extend(tally.doubt(file, "templates", lines.len()));
    }
    doubts
}

/// Faces that are of a template of the gallery and of one of the probes.
fn shared_faces(of: &TemplateFaces, gallery: &[TemplateOf], probe: &[TemplateOf]) -> Option<Doubt> {
    let places = |list: &[TemplateOf]| list.iter().map(|it| it.template).collect::<HashSet<u32>>();
    let (gallery, probe) = (places(gallery), places(probe));
    let searched: HashSet<u32> = of.faces.iter().filter(|face| gallery.contains(&face.template)).map(|face| face.row).collect();
    let sought = || of.faces.iter().filter(|face| probe.contains(&face.template));
    let mut both = sought().filter(|face| searched.contains(&face.row));
    let first = both.next()?;
    let example = format!("one of template {}", of.ids[first.template as usize]);
    Some(Doubt { oddity: Oddity::Itself, count: 1 + both.count(), of: sought().count(), what: "images", at: None, example })
}

/// An error if a template is in both lists: it would find itself.
fn itself(of: &TemplateFaces, gallery: &[TemplateOf], probe: &[TemplateOf]) -> Result<(), DataError> {
    let searched: HashSet<u32> = gallery.iter().map(|it| it.template).collect();
    let mut both = probe.iter().filter(|it| searched.contains(&it.template));
    match both.next() {
        None => Ok(()),
        Some(first) => {
            let (number, count) = (of.ids[first.template as usize], 1 + both.count());
            let why = format!("{count} templates are in the gallery and among the probes, first {number}: each would find itself");
            Err(DataError::Search { why })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::people;
    use std::io::Write;

    const FACES: &str = "a/0 1 1\na/1 2 1\nb/0 3 1\nb/1 4 2\nc/0 5 1\nc/1 6 1\n";

    fn read(gallery: &str, probe: &str, strangers: Strangers) -> Result<TemplateSearch, String> {
        let file = |text: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file
        };
        let (list, gallery, probe) = (file(FACES), file(gallery), file(probe));
        let table = people([("a", 2), ("b", 2), ("c", 2)]);
        let read = TemplateSearch::of_files(list.path(), None, (&[gallery.path()], probe.path()), strangers, &table, &ProbeCache::none());
        read.map_err(|error| {
            let names = [(gallery.path(), "gallery"), (probe.path(), "probe")];
            names.into_iter().fold(error.to_string(), |text, (path, name)| text.replace(&path.display().to_string(), name))
        })
    }

    const GALLERY: &str = "TEMPLATE_ID,SUBJECT_ID,FILENAME\n1,10,x\n3,20,y\n3,20,z\n";
    const PROBE: &str = "TEMPLATE_ID,SUBJECT_ID\r\n6,30\r\n2,10\r\n4,20\r\n";

    #[test]
    fn templates_of_several_lines_count_once() {
        let search = read(GALLERY, PROBE, Strangers::Keep).unwrap();
        let of = |template, person| TemplateOf { template, person };
        assert_eq!(search.gallery, [of(0, 0), of(2, 1)]);
        assert_eq!(search.probe, [of(1, 0), of(3, 1), of(5, 2)]);
        assert_eq!((search.people, search.mated, search.unmated, search.judged()), (2, 2, 1, 3));
        assert_eq!(read(GALLERY, PROBE, Strangers::Drop).unwrap().judged(), 2);
        let expect = |name: &str, count| search.expect(&[(name.to_owned(), count)].into_iter().collect());
        assert_eq!([expect("gallery", 2), expect("probe", 3), expect("templates", 6)], [const { Ok(()) }; 3]);
        assert!(expect("probe", 4).unwrap_err().to_string().ends_with("it comes to 3 probe, and 4 are expected; is it whole?"));
    }

    #[test]
    fn several_galleries_are_searched_together() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let list = file("list", FACES);
        let (one, two) = (file("one", "T,S\n1,10\n"), file("two", "T,S\n3,20\n5,30\n1,10\n"));
        let (probe, other) = (file("probe", PROBE), file("other", "T,S\n1,20\n"));
        let table = people([("a", 2), ("b", 2), ("c", 2)]);
        let read = |galleries: &[&Path]| {
            TemplateSearch::of_files(&list, None, (galleries, &probe), Strangers::Refuse, &table, &ProbeCache::none())
        };
        let search = read(&[&one, &two]).unwrap();
        assert_eq!((search.gallery.len(), search.people, search.mated, search.unmated), (3, 3, 3, 0));
        assert!(read(&[&one]).unwrap_err().to_string().contains("2 of 3 probes show people who are not in the gallery"));
        let said = read(&[&one, &other]).unwrap_err().to_string();
        assert!(said.contains("other") && said.contains("template 1 shows `20` here and `10` before"), "{said}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |gallery: &str, probe: &str| read(gallery, probe, Strangers::Refuse).unwrap_err();
        let head = "TEMPLATE_ID,SUBJECT_ID\n";
        assert!(said(GALLERY, PROBE).contains("1 of 3 probes show people who are not in the gallery, first `30` in template 6"));
        assert!(
            said(GALLERY, &format!("{head}6,30\n"))
                .contains("none of 1 probes shows a person of the gallery; the first is `10` there and `30`")
        );
        assert!(said(GALLERY, &format!("{head}1,10\n2,10\n")).contains("1 templates are in the gallery and among the probes, first 1"));
        assert_eq!(said(&format!("{head}9,10\n"), PROBE), "gallery:2: template 9 has no face in the list of faces");
        assert_eq!(said(&format!("{head}1,10\n1,20\n"), PROBE), "gallery:3: template 1 shows `20` here and `10` before");
        assert_eq!(said("1,10\n", PROBE), "gallery:1: the first line is a header, `TEMPLATE_ID,SUBJECT_ID`, and this is a template");
        assert_eq!(said(&format!("{head}1\n"), PROBE), "gallery:2: 1 fields, where a line begins with `template,subject`");
        assert_eq!(said(&format!("{head}x,10\n"), PROBE), "gallery:2: the template `x` is not a whole number from 0");
        assert_eq!(said(head, PROBE), "gallery: it lists no template");
    }
}
