//! Every text file that a recipe can name, whole in other writings and broken in every way. A kind of file that is new has no line here,
//! and so doesn't compile.

#[path = "../../../tests/fuzz/changed.rs"]
mod changed;

use super::*;
use crate::predicate::MissingPolicy;
use crate::probe::{Content, Digest, ProbeCache};
use crate::protocol::Templates;
use crate::testing::{paths, people, people_called};
use crate::{DataError, Table};
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::PathBuf;
use tempfile::TempDir;

/// Twenty lines, which are as many pairs.
const LABELLED: &str = "ann/0 ann/1 1\nann/0 bob/0 -1\n";
/// Pairs of one person, and of two.
const HALVES: [&str; 2] = ["ann/0 3\nann/1 3\n", "ann/0 0\nbob/0 0\n"];

/// A file of each kind, over [`table`].
fn good(kind: TextFile) -> String {
    match kind {
        TextFile::ImageList => "path,identity,yaw\nann/0,ann,3\nann/1,ann,4\nbob/0,bob,5\n",
        TextFile::LabelledImages => "ann/0 3\nann/1 3\nbob/0 5\n",
        TextFile::InsightfaceImages => "1\tann/0\t3\t1\t2\t9\t8\n1\tann/1\t3\n0\tbob/0\t5\n",
        TextFile::Im2recImages => "0\t3\t0.5\tann/0\n1\t3\t0.25\tann/1\n2\t5.0\t0.5\tbob/0\n",
        TextFile::Attributes => "image,pose\nann/0,3\nann/1,4\nbob/0,5\n",
        TextFile::Pairs => "fold,same,a,b\n1,1,ann/0,ann/1\n1,0,ann/0,bob/0\n",
        TextFile::NumberedPairs => "2 1\nann 0 1\nbob 0 ann 1\nann 0 1\nbob 0 ann 1\n",
        TextFile::LabelledPairs => return LABELLED.repeat(10),
        TextFile::PairImages => return "ann/0.jpg\nann/1.jpg\nann/0.jpg\nbob/0.jpg\n".repeat(10),
        TextFile::PairHalves => return HALVES.map(|pair| pair.repeat(10)).concat(),
        TextFile::PairList => "a,b\nann/0,ann/1\nann/1,ann/0\n",
        TextFile::Faces => "ann/0 1 1\nann/1 2 1\nbob/0 3 1\n",
        TextFile::DetectorScores => "ann/0 1 2 3 4 5 6 7 8 9 10 0.5\nbob/0 1 2 3 4 5 6 7 8 9 10 0.25\n",
        TextFile::TemplatePairs => "1 2 1\n1 3 0\n",
        TextFile::Subjects => "TEMPLATE_ID,SUBJECT_ID\n1,10\n3,20\n",
        TextFile::Names => "ann\nbob\n",
    }
    .to_owned()
}

fn is_csv(kind: TextFile) -> bool {
    good(kind).contains(',')
}

/// What stands between the fields of a text.
fn sign(text: &str) -> &'static str {
    [",", "\t"].into_iter().find(|sign| text.contains(sign)).unwrap_or(" ")
}

/// A folder with the images of [`table`], and a file of one kind.
struct World {
    folder: TempDir,
    kind: TextFile,
    table: Table,
}

impl World {
    fn new(kind: TextFile) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for path in ["ann/0", "ann/1", "bob/0"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "no image, and nobody looks").unwrap();
        }
        let all = [("ann", 2), ("bob", 1)];
        let table =
            if kind == TextFile::NumberedPairs { people_called(all, |name, at| format!("{name}/{name}_{at:04}.png")) } else { people(all) };
        World { folder, kind, table }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("list")
    }

    /// What the file says, in a few words.
    fn read(&self) -> Result<String, DataError> {
        self.read_by(&ProbeCache::none())
    }

    /// The same where a plan was made from the file.
    fn read_by(&self, cache: &ProbeCache) -> Result<String, DataError> {
        let (file, root, table) = (self.file(), self.folder.path(), &self.table);
        let degrees = |name: &str| [(name.to_owned(), ColumnType::Degrees)].into_iter().collect();
        let cells = |table: &Table, name: &str| table.rows().map(|row| row.cell(name).unwrap().to_string()).collect::<Vec<_>>();
        Ok(match self.kind {
            TextFile::ImageList => {
                let table = image_list(&file, root, None, &degrees("yaw"), cache)?.table;
                format!("{:?} {:?} {:?}", paths(&table), cells(&table, "identity"), cells(&table, "yaw"))
            }
            TextFile::LabelledImages | TextFile::InsightfaceImages | TextFile::Im2recImages => {
                let column = match self.kind {
                    TextFile::InsightfaceImages => Some("left"),
                    TextFile::Im2recImages => Some("label2"),
                    _ => None, // the others have none
                };
                let schema = column.map(|name| (name.to_owned(), ColumnType::Float)).into_iter().collect();
                let table = image_list(&file, root, None, &schema, cache)?.table;
                format!("{:?} {:?} {:?}", paths(&table), cells(&table, "identity"), column.map(|name| cells(&table, name)))
            }
            TextFile::Attributes => {
                let table = annotate(table, &file, &degrees("pose"), MissingPolicy::Error, cache)?.table;
                format!("{:?}", cells(&table, "pose"))
            }
            TextFile::Pairs | TextFile::NumberedPairs | TextFile::LabelledPairs | TextFile::PairHalves | TextFile::PairImages => {
                let shown = |it: &PairLine| format!("{}:{}{}{}", it.fold, it.a, if it.same { '=' } else { '/' }, it.b);
                pair_file(&file, table, cache)?.iter().map(shown).collect::<Vec<_>>().join(" ")
            }
            TextFile::PairList => format!("{:?}", pair_list(&file, table, cache)?.iter().map(|it| it.rows).collect::<Vec<_>>()),
            TextFile::Faces => {
                let faces = face_list(&file, cache)?;
                format!("{:?}", faces.iter().map(|it| (&it.name, it.template, it.medium)).collect::<Vec<_>>())
            }
            TextFile::DetectorScores => {
                let scores = detector_scores(&file, cache)?;
                format!("{:?}", ["ann/0", "bob/0"].map(|name| scores.get(name)))
            }
            TextFile::TemplatePairs => {
                let faces = root.join("faces");
                std::fs::write(&faces, good(TextFile::Faces)).unwrap();
                format!("{:?}", Templates::read(&faces, None, &file, table, cache)?.count()?.0)
            }
            TextFile::Subjects => {
                format!("{:?}", subject_list(&file, cache)?.iter().map(|it| (it.template, &it.subject)).collect::<Vec<_>>())
            }
            TextFile::Names => format!("{:?}", names(&file, cache)?),
        })
    }

    fn read_as(&self, bytes: impl AsRef<[u8]>) -> Result<String, DataError> {
        std::fs::write(self.file(), bytes).unwrap();
        self.read()
    }

    /// What is said of it, without the folder's own name.
    fn said(&self, bytes: impl AsRef<[u8]>) -> String {
        self.shown(self.read_as(bytes))
    }

    fn shown(&self, read: Result<String, DataError>) -> String {
        match read {
            Ok(read) if read.len() > 200 => format!("reads {} bytes of text", read.len()),
            Ok(read) => format!("reads {read}"),
            Err(error) => error.to_string().replace(&format!("{}/", self.folder.path().display()), ""),
        }
    }
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn a_file_in_another_writing_says_the_same() {
    for kind in TextFile::ALL {
        let (world, text) = (World::new(kind), &*good(kind));
        let said = world.read_as(text).unwrap();
        let marked = |text: &str| format!("\u{feff}{text}");
        let parted = match sign(text) {
            "," => (",", " , "),
            "\t" => ("\t", " \t "),
            blank => (blank, "\t "),
        };
        for (writing, bytes) in [
            ("a byte order mark", marked(text)),
            ("line ends of another system", marked(&text.replace('\n', "\r\n"))),
            ("line ends of an old system", text.replace('\n', "\r")),
            ("blank lines", text.replace('\n', "\n\n")),
            ("no end of the last line", text.trim_end().to_owned()),
            ("paths of another system", text.replace('/', "\\").replace("\nann", "\n.\\ann")),
            ("folders of no name", text.replace("ann/", "ann/.//")),
            ("blanks around fields", text.replace(parted.0, parted.1)),
            ("yes and no in words", text.replace(",1,ann", ",TRUE,ann").replace(",0,ann", ",False,ann").replace(" 0\n", " false\n")),
        ] {
            assert_eq!(world.shown(world.read_as(bytes)), format!("reads {said}"), "{kind:?}: {writing}");
        }
    }
}

/// The line of a fault is the one that an editor shows, whatever the lines before it end in or hold.
#[test]
fn a_fault_is_said_with_its_line() {
    for kind in TextFile::ALL {
        let (world, text) = (World::new(kind), &*good(kind));
        let last = text.trim_end().rsplit('\n').next().unwrap();
        let short = last.rsplit_once([',', ' ', '\t']).map_or_else(|| format!("{last}\0"), |it| it.0.to_owned());
        let wrong = match kind {
            TextFile::ImageList | TextFile::Attributes => last.replace('5', "x"),
            TextFile::LabelledImages => last.replace('5', "-5"),
            TextFile::InsightfaceImages => last.replacen('0', "2", 1),
            TextFile::Im2recImages => last.replace("5.0", "5.5"),
            TextFile::Pairs => last.replacen('1', "x", 1),
            TextFile::NumberedPairs => last.replacen('1', "x", 1),
            TextFile::LabelledPairs => last.replace("-1", "x"),
            TextFile::PairHalves => last.replace(" 0", " x"),
            TextFile::PairImages => last.replace("/0.jpg", ""),
            TextFile::PairList => "ann/0,bob/0".to_owned(),
            TextFile::Faces | TextFile::TemplatePairs => last.replace(['1', '3'], "x"),
            TextFile::DetectorScores => last.replace("0.25", "x"),
            TextFile::Subjects => last.replace("20", "x").replace('3', "x"),
            TextFile::Names => format!("{last}\0"),
        };
        for fault in [short, wrong] {
            let whole = format!("{text}{fault}\n");
            let at = whole.lines().count();
            // a column that nobody asks for, whose fields take two lines
            let noted = |line: (usize, &str)| match line {
                (0, head) => format!("{head},note\n"),
                (at, line) if line == fault && at + 1 == whole.lines().count() => format!("{line},\n"),
                (_, line) => format!("{line},\"two\nlines\"\n"),
            };
            let mut writings = vec![
                ("as it is", whole.clone(), at),
                ("a byte order mark", format!("\u{feff}{whole}"), at),
                ("line ends of another system", whole.replace('\n', "\r\n"), at),
                ("line ends of an old system", whole.replace('\n', "\r"), at),
                ("blank lines", whole.replace('\n', "\n\n"), 2 * at - 1),
                ("blank lines of another system", whole.replace('\n', "\r\n\r\n"), 2 * at - 1),
                ("blank lines before", format!("\n\n{whole}"), at + 2),
                ("no end of the last line", whole.trim_end().to_owned(), at),
            ];
            if is_csv(kind) && kind != TextFile::Subjects {
                // whose fields have no quotes
                let (noted, rows) = (whole.lines().enumerate().map(noted).collect::<String>(), at - 2);
                writings.push(("fields of two lines", noted.clone(), at + rows));
                writings.push(("fields of two lines of another system", noted.replace('\n', "\r\n"), at + rows));
            }
            for (writing, text, line) in writings {
                let said = world.said(&text);
                assert!(said.contains(&format!("list:{line}: ")), "{kind:?}, {writing}, line {line}: {said}\n{text}");
            }
        }
    }
}

#[test]
fn a_broken_file_is_said_to_be() {
    let mut all = String::new();
    for kind in TextFile::ALL {
        let (world, text) = (World::new(kind), &*good(kind));
        let _ = writeln!(all, "=== {kind:?}, `{}`", kind.form());
        let mut say = |what: &str, said: String| {
            assert!(said.len() < 300, "{kind:?}, {what}: {} bytes are said", said.len());
            assert!(!said.chars().any(char::is_control), "{kind:?}, {what}: {said:?}");
            let _ = writeln!(all, "{what}: {said}");
        };
        let (head, rest) = text.split_once('\n').unwrap();
        let last = text.trim_end().rsplit('\n').next().unwrap();
        say("nothing", world.said(""));
        say("blank lines", world.said("\n \n\r\n"));
        say("a header alone", world.said(format!("{head}\n")));
        say("no header", world.said(rest));
        say("UTF-16", world.said(utf16(&format!("\u{feff}{text}"), false)));
        say("UTF-16, the other way", world.said(utf16(&format!("\u{feff}{text}"), true)));
        say("UTF-16 without a mark", world.said(utf16(text, false)));
        say("Latin-1", world.said([text.as_bytes(), b"\xe9", last.as_bytes()].concat()));
        say("a zero byte", world.said(format!("{text}\0{last}\n")));
        say("a spreadsheet", world.said(b"PK\x03\x04\x14\0\x06\0\x08\0"));
        say("semicolons", world.said(text.replace([',', ' ', '\t'], ";")));
        say("tabs", world.said(text.replace([',', ' ', '\t'], "\t")));
        say("commas", world.said(text.replace([' ', '\t'], ",")));
        say("a quote that never ends", world.said(format!("{text}\"{last}\n{last}\n")));
        say("a column twice", world.said(format!("{head},{head}\n{last},{last}\n")));
        say("columns without a name", world.said(text.replace('\n', ",,\n")));
        say("a field too few", world.said(format!("{text}{}\n", last.rsplit_once([',', ' ', '\t']).map_or("", |it| it.0))));
        say("a field too many", world.said(format!("{text}{last}{}x\n", sign(text))));
        say("one long line", world.said(format!("{text}{}\n", "x".repeat(1 << 20))));
        say("one long field", world.said(format!("{text}{}\n", last.replace(['1', '2', '3', '4', '5'], &"é".repeat(1 << 18)))));
        say("control characters", world.said(format!("{text}{}\n", last.replace(['0', '1', '2', '5'], "\u{1b}[31m\u{202e}"))));
        std::fs::remove_file(world.file()).unwrap();
        say("not there", world.shown(world.read()));
        std::fs::create_dir(world.file()).unwrap();
        say("a folder", world.shown(world.read()));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn changed_lists_are_read_or_refused() {
    for kind in TextFile::ALL {
        let (world, text) = (World::new(kind), good(kind));
        let (mut read, mut refused) = (0, 0);
        for number in 0..changed::count(200) {
            let said = world.read_as(changed::changed(text.as_bytes(), &format!("{kind:?}"), number));
            if said.is_ok() {
                read += 1;
                continue;
            }
            let said = world.shown(said);
            assert!(!said.is_empty() && said.len() < 400 && !said.chars().any(char::is_control), "{kind:?}, change {number}: {said:?}");
            refused += 1;
        }
        assert!(read > 0 && refused > 0, "{kind:?}: {read} read, {refused} refused");
    }
}

#[test]
fn what_is_not_what_the_plan_was_made_from_is_never_read() {
    for kind in TextFile::ALL {
        let (world, text) = (World::new(kind), &*good(kind));
        let said = world.read_as(text).unwrap();
        let file = world.file();
        // a list stands for its images too
        let planned = match kind {
            TextFile::ImageList | TextFile::LabelledImages | TextFile::InsightfaceImages | TextFile::Im2recImages => {
                let root = world.folder.path().to_owned();
                let probe = image_list(&file, &root, None, &indexmap::IndexMap::new(), &ProbeCache::none()).unwrap().probe;
                Content { path: file.clone(), root: Some(root), digest: probe.digest().to_owned() }
            }
            _ => Content { path: file.clone(), root: None, digest: Digest::of(text.as_bytes()).to_string() },
        };
        let by_the_plan = || world.read_by(&ProbeCache::none().expecting(std::slice::from_ref(&planned)));
        assert_eq!(by_the_plan().unwrap(), said, "{kind:?}");
        let more = format!("{text}{}\n", text.trim_end().rsplit('\n').next().unwrap());
        let mut lines: Vec<&str> = text.lines().collect();
        let last = lines.len() - 1;
        lines.swap(last - 1, last);
        for (how, bytes) in [
            ("another order", format!("{}\n", lines.join("\n")).into_bytes()),
            ("a line more", more.into_bytes()),
            ("a line less", text.trim_end().rsplit_once('\n').unwrap().0.as_bytes().to_vec()),
            ("only another line end", text.replace('\n', "\r\n").into_bytes()),
            ("no text", b"\0\xff".to_vec()),
            ("a zip", b"PK\x03\x04".to_vec()),
            ("nothing", Vec::new()),
        ] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(by_the_plan(), Err(DataError::Changed { path: file.clone() }), "{kind:?}, {how}");
        }
        std::fs::write(&file, text).unwrap();
        assert_eq!(by_the_plan().unwrap(), said, "{kind:?}, as it was");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_in_pieces_ends_as_changed() {
    let world = World::new(TextFile::TemplatePairs);
    let text = "1 2 1\n".repeat(1 << 20);
    std::fs::write(world.file(), &text).unwrap();
    std::fs::write(world.folder.path().join("faces"), good(TextFile::Faces)).unwrap();
    let planned = Content { path: world.file(), root: None, digest: Digest::of(text.as_bytes()).to_string() };
    let cache = ProbeCache::none().expecting(&[planned]);
    let templates = Templates::read(&world.folder.path().join("faces"), None, &world.file(), &world.table, &cache).unwrap();
    let mut blocks = templates.pairs().unwrap();
    assert!(blocks.next().unwrap().is_ok());
    // of the same length, the same file, and pairs as good as the former ones
    std::fs::write(world.file(), "1 2 0\n".repeat(1 << 20)).unwrap();
    assert_eq!(blocks.find_map(Result::err), Some(DataError::Changed { path: world.file() }));
}

#[test]
fn many_columns_are_looked_at_once() {
    // each against each would be 40,000,000,000 comparisons, and more than an hour
    let more: String = (0..200_000).fold(String::new(), |mut more, at| {
        let _ = write!(more, ",c{at}");
        more
    });
    for kind in TextFile::ALL.into_iter().filter(|kind| is_csv(*kind)) {
        let (world, text) = (World::new(kind), &*good(kind));
        let said = world.read_as(text).unwrap();
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let wide: String = lines.flat_map(|line| [line, more.as_str(), "\n"]).collect();
        assert_eq!(world.shown(world.read_as(format!("{head}{more}\n{wide}"))), format!("reads {said}"), "{kind:?}");
        let said = world.said(format!("{}\n{wide}", &more[1..]));
        assert!(said.len() < 400, "{kind:?}: {} bytes are said", said.len());
    }
}

#[test]
fn rows_are_counted_and_not_names() {
    let world = World::new(TextFile::Pairs);
    let said = world.said("fold,same,a,b\n1,1,x,y\n1,0,ann/0,bob/0\n1,0,ann\\0,z\n");
    assert_eq!(said, "list: 2 rows name images that are not there, first `x` (line 2)");
}

#[test]
fn a_file_that_bears_a_backslash_is_found_by_its_name() {
    let world = World::new(TextFile::ImageList);
    std::fs::write(world.folder.path().join("ann\\0"), "").unwrap();
    let text = "path,identity,yaw\nann\\0,ann,1\nann/0,ann,2\n";
    assert!(world.said(text).starts_with("reads [\"ann\\\\0\", \"ann/0\"]"), "{}", world.said(text));
    let table = image_list(&world.file(), world.folder.path(), None, &indexmap::IndexMap::new(), &ProbeCache::none()).unwrap().table;
    assert_eq!((table.place_of("ann\\0"), table.place_of("ann/0"), table.place_of(".\\ann\\0")), (Some(0), Some(1), Some(1)));
}
