//! What every reader promises, whatever holds its images: a reader that is new has no example here, and so does not pass.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

use ddl::compile::{Compiled, Options, compile};
use ddl::data::check::{CorruptPolicy, check_all};
use ddl::data::loader::ImageCache;
use ddl::data::probe::ProbeCache;
use ddl::data::writers::{Container, Pairs, WriteError, Written, write};
use ddl::data::{DataError, Table};
use ddl::diag::Code;
use ddl::inputs::probe::DiskProber;
use ddl::inputs::tables::{TableError, Tables};
use ddl::lang::decl::Decl;
use ddl::lang::types::Type;
use ddl::ops::node::{Gives, Kind};
use ddl::ops::readers::Reader;
use ddl::ops::registry;
use ddl::quantity::Bytes;
use ddl::source::Disk;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// A picture, or what is none, and whom it shows.
type Shown = (u8, Vec<u8>);

/// How a reader is called, and how images come to lie where it reads them.
struct Example {
    /// What stands before its other arguments.
    call: &'static str,
    /// Writes images into a folder.
    put: fn(&Path, &[Shown]),
}

fn example(reader: &str) -> Example {
    match reader {
        "image_folder" => Example { call: "image_folder(\"data\"", put: files },
        "images" => Example { call: "images(\"data\"", put: files },
        "image_list" => Example {
            call: "image_list(\"data/list.csv\"",
            put: |folder, images| {
                files(folder, images);
                let line = |(at, (person, _)): (usize, &Shown)| format!("p{person}/{at}.ppm,p{person}\n");
                let lines: String = images.iter().enumerate().map(line).collect();
                std::fs::write(folder.join("data/list.csv"), format!("path,identity\n{lines}")).unwrap();
            },
        },
        "image_tar" => Example {
            call: "image_tar(\"data.tar\"",
            put: |folder, images| {
                let mut archive = tar::Builder::new(std::fs::File::create(folder.join("data.tar")).unwrap());
                for (at, (person, bytes)) in images.iter().enumerate() {
                    let mut header = tar::Header::new_ustar();
                    header.set_size(bytes.len() as u64);
                    archive.append_data(&mut header, format!("p{person}/{at}.ppm"), &bytes[..]).unwrap();
                }
                archive.finish().unwrap();
            },
        },
        "bin" => Example {
            call: "bin(\"data.bin\"",
            put: |folder, images| {
                // neighbours are a pair; one who has none is its own
                let mut all = images.to_vec();
                all.extend(images.last().filter(|_| images.len() % 2 == 1).cloned());
                let image = |(_, bytes): &Shown| [b"B".to_vec(), (bytes.len() as u32).to_le_bytes().to_vec(), bytes.clone()].concat();
                let same = |pair: &[Shown]| if pair[0].0 == pair[1].0 { 0x88 } else { 0x89 };
                let (pieces, same): (Vec<Vec<u8>>, Vec<u8>) = (all.iter().map(image).collect(), all.chunks(2).map(same).collect());
                let pack = [b"\x80\x03](".to_vec(), pieces.concat(), b"e](".to_vec(), same, b"e\x86.".to_vec()].concat();
                std::fs::write(folder.join("data.bin"), pack).unwrap();
            },
        },
        "recordio" => Example { call: "recordio(\"data.rec\"", put: records },
        "tfrecord" => Example { call: "tfrecord(\"data.tfrecord\"", put: examples },
        "lmdb" => Example { call: "lmdb(\"data.mdb\"", put: database },
        "parquet" => Example { call: "parquet(\"data.parquet\"", put: rows },
        other => panic!("`{other}` has no example here"),
    }
}

fn files(folder: &Path, images: &[Shown]) {
    for (at, (person, bytes)) in images.iter().enumerate() {
        let path = folder.join(format!("data/p{person}/{at}.ppm"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn records(folder: &Path, images: &[Shown]) {
    let mut all = Vec::new();
    for (person, bytes) in images {
        let length = 24 + bytes.len() as u32;
        all.extend([0xced7_230a, length, 0, f32::from(*person).to_bits(), 0, 0, 0, 0].map(u32::to_le_bytes).as_flattened());
        all.extend(bytes);
        all.resize(all.len().next_multiple_of(4), 0);
    }
    std::fs::write(folder.join("data.rec"), all).unwrap();
}

fn examples(folder: &Path, images: &[Shown]) {
    let field = |number: u8, bytes: &[u8]| {
        let length = [bytes.len() as u8 | 128, (bytes.len() >> 7) as u8]; // in two bytes, whatever it is
        [&[number << 3 | 2][..], &length, bytes].concat()
    };
    let feature =
        |name: &str, kind: u8, bytes: &[u8]| field(1, &[field(1, name.as_bytes()), field(2, &field(kind, &field(1, bytes)))].concat());
    let masked = |bytes: &[u8]| crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let record = |(person, bytes): &Shown| {
        let example = field(1, &[feature("image", 1, bytes), feature("label", 3, &[*person])].concat());
        let length = (example.len() as u64).to_le_bytes();
        [&length[..], &masked(&length), &example, &masked(&example)].concat()
    };
    std::fs::write(folder.join("data.tfrecord"), images.iter().flat_map(record).collect::<Vec<u8>>()).unwrap();
}

/// A leaf of a page that all of it fits in.
fn database(folder: &Path, images: &[Shown]) {
    const PAGE: usize = 1 << 15;
    let head = |number: u64, flags: u16, free: usize| {
        let mut page = [&number.to_le_bytes()[..], &[0; 2], &flags.to_le_bytes(), &(free as u16).to_le_bytes(), &[0; 2]].concat();
        page.resize(PAGE, 0);
        page
    };
    let (mut leaf, mut end) = (head(2, 2, 16 + 2 * images.len()), PAGE);
    for (at, (person, bytes)) in images.iter().enumerate() {
        let key = format!("p{person}/{at:02}.ppm");
        let lengths = [&(bytes.len() as u32).to_le_bytes()[..], &[0; 2], &(key.len() as u16).to_le_bytes()].concat();
        let node = [lengths, key.into_bytes(), bytes.clone()].concat();
        end -= node.len().next_multiple_of(2);
        leaf[end..end + node.len()].copy_from_slice(&node);
        leaf[16 + 2 * at..18 + 2 * at].copy_from_slice(&(end as u16).to_le_bytes());
    }
    let meta = |number: u64| {
        let mut page = head(number, 8, 0);
        page[16..24].copy_from_slice(&[0xde, 0xc0, 0xef, 0xbe, 1, 0, 0, 0]);
        for (at, value) in [(40, PAGE as u64), (94, 1), (120, images.len() as u64), (128, 2), (144, number)] {
            page[at..at + 2].copy_from_slice(&(value as u16).to_le_bytes());
        }
        page
    };
    std::fs::write(folder.join("data.mdb"), [meta(0), meta(1), leaf].concat()).unwrap();
}

fn rows(folder: &Path, images: &[Shown]) {
    let schema = parquet::schema::parser::parse_message_type("message m { required binary image; required int64 label; }").unwrap();
    let file = std::fs::File::create(folder.join("data.parquet")).unwrap();
    let mut file = SerializedFileWriter::new(file, schema.into(), Arc::default()).unwrap();
    for images in images.chunks(5) {
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let bytes: Vec<ByteArray> = images.iter().map(|(_, bytes)| bytes.clone().into()).collect();
        column.typed::<ByteArrayType>().write_batch(&bytes, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let people: Vec<i64> = images.iter().map(|(person, _)| i64::from(*person)).collect();
        column.typed::<Int64Type>().write_batch(&people, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    file.close().unwrap();
}

const PEOPLE: u8 = 3;
const EACH: u8 = 4;

fn picture(number: u8) -> Vec<u8> {
    [b"P6 8 8 255\n".to_vec(), (0..192).map(|at: u8| at.wrapping_mul(7).wrapping_add(number)).collect()].concat()
}

fn pictures() -> Vec<Shown> {
    (0..PEOPLE * EACH).map(|at| (at / EACH, picture(at))).collect()
}

/// The same with other bytes for one of them.
fn other(at: usize, bytes: Vec<u8>) -> Vec<Shown> {
    let mut images = pictures();
    images[at].1 = bytes;
    images
}

/// A folder with images, and a recipe that reads them.
struct World {
    folder: TempDir,
    example: Example,
}

impl World {
    fn new(reader: &str, images: &[Shown]) -> Self {
        let world = World { folder: tempfile::tempdir().unwrap(), example: example(reader) };
        world.put(images);
        world
    }

    fn put(&self, images: &[Shown]) {
        (self.example.put)(self.folder.path(), images);
    }

    fn compiled(&self, more: &str) -> Compiled {
        let recipe = self.folder.path().join("r.ddl");
        let call = self.example.call;
        let text = format!(
            "ddl 1\ndataset faces = {call}{more})\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\n\
             eval v = verification(faces, pairs = all_pairs())\nreport t = compare([net], columns = [v.auc])\n"
        );
        std::fs::write(&recipe, text).unwrap();
        let prober = DiskProber::in_folder(self.folder.path().join("probes"));
        compile(&Disk, &recipe, &Options { prober: Some(&prober), ..Options::default() }).unwrap()
    }

    /// The content key of the data set.
    fn key(&self, more: &str) -> String {
        let compiled = self.compiled(more);
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        let plan = compiled.plan();
        plan.iter().find(|(_, node)| node.is::<Reader>()).unwrap().1.key.to_string()
    }

    /// The table of the data set of a plan.
    fn table(compiled: &Compiled, cache: ProbeCache) -> Result<Table, TableError> {
        let plan = compiled.plan();
        let id = plan.all::<Reader>().next().unwrap().0;
        Tables::new(&plan, &compiled.paths, cache).table(id)
    }
}

/// The readers of images that lie on the disk.
fn on_disk() -> Vec<&'static str> {
    Reader::decls().iter().map(|decl| decl.name).filter(|name| Reader::reads(name).is_some()).collect()
}

#[test]
fn every_data_set_that_is_made_of_no_other_is_a_reader_and_says_where_its_images_lie() {
    let holds_data = |ty: &Type| format!("{ty:?}").contains("Dataset");
    let is_source = |decl: &&Decl| matches!(decl.yields(), Type::Dataset(_)) && !decl.params.iter().any(|param| holds_data(&param.ty));
    let mut sources: Vec<&str> = registry().values().copied().filter(is_source).map(|decl| decl.name).collect();
    let mut readers: Vec<&str> = Reader::decls().iter().map(|decl| decl.name).collect();
    sources.sort_unstable();
    readers.sort_unstable();
    assert_eq!(sources, readers);
    for decl in Reader::decls() {
        let Some(reads) = Reader::reads(decl.name) else {
            assert_eq!(Kind::of(decl.name).unwrap().gives, Gives::Samples, "{}", decl.name);
            continue;
        };
        assert_eq!(Kind::of(decl.name).unwrap().gives, Gives::Files, "{}", decl.name);
        let path = |name: &str| decl.param(name).unwrap_or_else(|| panic!("{} has no `{name}`", decl.name)).ty.clone();
        assert_eq!(path(reads.path), Type::Path, "{}", decl.name);
        assert!(reads.below.is_none_or(|below| path(below) == Type::Path.optional()), "{}", decl.name);
        // no other path: nobody would look at it together with these
        let paths = decl.params.iter().filter(|param| format!("{:?}", param.ty).contains("Path"));
        assert!(paths.clone().all(|param| reads.names(param.name)), "{}", decl.name);
        for said in ["on_corrupt", "on_size", "alignment"] {
            assert!(decl.param(said).is_some(), "{} has no `{said}`", decl.name);
        }
        assert_eq!(decl.observes, Some("alignment"), "{}", decl.name);
    }
}

#[test]
fn data_is_known_by_its_content_and_not_by_its_place() {
    for reader in on_disk() {
        let world = World::new(reader, &pictures());
        let key = world.key("");
        assert_eq!(World::new(reader, &pictures()).key(""), key, "{reader}: in another place");
        assert_eq!(world.key(", alignment = \"arcface112\""), key, "{reader}: what only observes");
        assert_ne!(world.key(", on_corrupt = \"skip\""), key, "{reader}");
        assert_ne!(World::new(reader, &pictures()[1..]).key(""), key, "{reader}: an image less");
        world.put(&other(5, picture(200)));
        assert_ne!(world.key(""), key, "{reader}: another image");
        world.put(&pictures());
        assert_eq!(world.key(""), key, "{reader}: as it was");
    }
}

#[test]
fn a_table_has_what_lies_there_and_what_is_said_of_it() {
    for reader in on_disk() {
        let world = World::new(reader, &pictures());
        let compiled = world.compiled(", on_size = \"refuse\", alignment = \"arcface112\", on_corrupt = \"skip\"");
        let plan = compiled.plan();
        let said = plan.all::<Reader>().next().unwrap().1.there().unwrap().said;
        assert_eq!(said.policy(), CorruptPolicy::Skip, "{reader}");
        let table = World::table(&compiled, ProbeCache::none()).unwrap();
        // of a pack it is known of pairs alone who is one person
        let people = if reader == "bin" { PEOPLE * EACH / 2 } else { PEOPLE };
        assert_eq!((table.len(), table.people()), (usize::from(PEOPLE * EACH), usize::from(people)), "{reader}");
        let stream = table.stream();
        assert_eq!((stream.size, stream.refuse_resize, stream.alignment.as_deref()), (Some((8, 8)), true, Some("arcface112")), "{reader}");
        let mut seen: Vec<Vec<u8>> = table.rows().map(|row| row.source().open(row.source().digest()).unwrap().pixels().to_vec()).collect();
        let mut put: Vec<Vec<u8>> = pictures().into_iter().map(|(_, bytes)| bytes[11..].to_vec()).collect();
        seen.sort_unstable();
        put.sort_unstable();
        assert_eq!(seen, put, "{reader}");
    }
}

/// A reader that `images` never means is one that it should mean.
#[test]
fn images_means_whatever_reader_reads_what_lies_there() {
    for reader in on_disk().into_iter().filter(|reader| *reader != "images") {
        let named = World::new(reader, &pictures());
        let Example { call, put } = example(reader);
        let call = call.replacen(reader, "images", 1).leak();
        let told = World { folder: tempfile::tempdir().unwrap(), example: Example { call, put } };
        told.put(&pictures());
        for more in ["", ", on_corrupt = \"skip\"", ", kernel = \"pil_bicubic\", alignment = \"arcface112\""] {
            assert_eq!(told.key(more), named.key(more), "{reader}{more}");
        }
        let ops = |world: &World| world.compiled("").plan().iter().map(|(_, node)| node.op.to_string()).collect::<Vec<_>>();
        assert_eq!(ops(&told), ops(&named), "{reader}");
    }
}

#[test]
fn what_no_reader_knows_is_said_once_at_its_place() {
    let world = |bytes: &[u8]| {
        let world = World { folder: tempfile::tempdir().unwrap(), example: Example { call: "images(\"data\"", put: |_, _| {} } };
        std::fs::write(world.folder.path().join("data"), bytes).unwrap();
        world
    };
    for bytes in [&b"\x89PNG\r\n\x1a\n\0\0"[..], b"\0", b"PK\x03\x04"] {
        let compiled = world(bytes).compiled("");
        let [said] = &compiled.diagnostics[..] else { panic!("{bytes:?}: {:?}", compiled.diagnostics) };
        assert_eq!((said.code, said.span().is_some()), (Code::BadTable, true), "{bytes:?}");
        assert!(said.message.contains("no reader knows what this is (`image_folder`, `image_list`, "), "{}", said.message);
    }
}

/// Files, and a list of them whose lines are these.
fn listed(folder: &Path, images: &[Shown], line: fn(usize, u8) -> String) {
    files(folder, images);
    let lines: String = images.iter().enumerate().map(|(at, (person, _))| line(at, *person)).collect();
    std::fs::write(folder.join("list"), lines).unwrap();
}

#[test]
fn a_list_and_the_records_made_of_it_know_the_same_people() {
    let people = |example: Example| {
        let world = World { folder: tempfile::tempdir().unwrap(), example };
        world.put(&pictures());
        let table = World::table(&world.compiled(""), ProbeCache::none()).unwrap();
        table.rows().map(|row| (row.cell("identity").unwrap().to_string(), row.source().digest())).collect::<Vec<_>>()
    };
    let records = people(example("recordio"));
    let puts: [fn(&Path, &[Shown]); 4] = [
        |folder, images| listed(folder, images, |at, person| format!("p{person}/{at}.ppm {person}\n")),
        |folder, images| listed(folder, images, |at, person| format!("1\tp{person}/{at}.ppm\t{person}\n")),
        |folder, images| listed(folder, images, |at, person| format!("{at}\t{person}.000000\tp{person}/{at}.ppm\n")),
        |folder, images| listed(folder, images, |at, person| format!("{at}\t{person}\t1\t0.5\tp{person}/{at}.ppm\n")),
    ];
    for (at, put) in puts.into_iter().enumerate() {
        assert_eq!(people(Example { call: "image_list(\"list\", root = \"data\"", put }), records, "list {at}");
    }
}

/// Files whose names are numbers, and a list that may be insightface's or MXNet's.
#[test]
fn a_list_that_can_not_be_told_is_read_as_the_recipe_says() {
    let put = |folder: &Path, images: &[Shown]| {
        std::fs::create_dir(folder.join("data")).unwrap();
        for (at, (_, bytes)) in images.iter().take(2).enumerate() {
            std::fs::write(folder.join(format!("data/{at}")), bytes).unwrap();
        }
        std::fs::write(folder.join("list"), "0\t1\t0\n1\t0\t1\n").unwrap();
    };
    let world = World { folder: tempfile::tempdir().unwrap(), example: Example { call: "image_list(\"list\", root = \"data\"", put } };
    world.put(&pictures());
    let compiled = world.compiled("");
    let [said] = &compiled.diagnostics[..] else { panic!("{:?}", compiled.diagnostics) };
    assert_eq!((said.code, said.span().is_some()), (Code::BadTable, true));
    assert!(said.message.contains("columns = \"insightface\" or columns = \"im2rec\""), "{}", said.message);
    for (columns, paths) in [("insightface", ["1", "0"]), ("im2rec", ["0", "1"])] {
        let table = World::table(&world.compiled(&format!(", columns = \"{columns}\"")), ProbeCache::none()).unwrap();
        assert_eq!(table.rows().map(|row| row.path().to_string()).collect::<Vec<_>>(), paths, "{columns}");
    }
}

#[test]
fn images_that_can_not_be_decoded_stop_or_are_left_out() {
    for reader in on_disk() {
        let world = World::new(reader, &other(6, b"no image".to_vec()));
        let table = World::table(&world.compiled(""), ProbeCache::none()).unwrap();
        let check = |policy| check_all(&table, policy, None, &ImageCache::new(Bytes(0)).as_probed(), &mut ProbeCache::none().sound());
        let error = check(CorruptPolicy::Stop).unwrap_err();
        assert!(matches!(error, DataError::CorruptImages { count: 1, total: 12, .. }), "{reader}: {error}");
        let checked = check(CorruptPolicy::Skip).unwrap();
        assert_eq!((checked.table.len(), checked.corrupt.len()), (11, 1), "{reader}");
    }
}

#[test]
fn what_is_not_what_the_plan_was_made_from_is_never_used() {
    for reader in on_disk() {
        let world = World::new(reader, &pictures());
        let compiled = world.compiled("");
        let kept = ProbeCache::in_folder(world.folder.path().join("probes"));
        let (fresh, kept) = (ProbeCache::none().expecting(&compiled.contents), kept.expecting(&compiled.contents));
        assert!(World::table(&compiled, fresh.clone()).is_ok(), "{reader}");
        world.put(&other(5, picture(200)));
        let changed = World::table(&compiled, ProbeCache::none().expecting(&compiled.contents)).unwrap_err();
        assert!(
            matches!(&changed, TableError::Data { source, .. } if matches!(**source, DataError::Changed { .. })),
            "{reader}: {changed}"
        );
        // who remembers what was there finds it when the image is opened
        let Ok(table) = World::table(&compiled, kept) else { continue };
        let images = ImageCache::new(Bytes(0)).as_probed();
        let wrong: Vec<DataError> = table.rows().filter_map(|row| images.open(&row.source()).err()).collect();
        assert!(matches!(&wrong[..], [DataError::Changed { .. }]), "{reader}: {wrong:?}");
    }
}

#[test]
fn what_is_not_there_is_said_once_at_its_place() {
    for reader in on_disk() {
        let world = World { folder: tempfile::tempdir().unwrap(), example: example(reader) };
        let compiled = world.compiled("");
        let [said] = &compiled.diagnostics[..] else { panic!("{reader}: {:?}", compiled.diagnostics) };
        assert_eq!((said.code, said.span().is_some()), (Code::UnreadableData, true), "{reader}");
    }
}

/// Each image by its digest: whom it shows, what it is called, what is known of it.
type Known = std::collections::BTreeMap<String, (String, String, Vec<String>)>;

fn known(table: &Table) -> Known {
    let schema = table.schema();
    let cells = |row: &ddl::data::table::Row| schema.added().map(|(name, _)| row.cell(name).unwrap().to_string()).collect();
    let one = |row: ddl::data::table::Row| {
        (row.source().digest().unwrap().to_string(), (row.identity().to_owned(), row.path().into_owned(), cells(&row)))
    };
    table.rows().map(one).collect()
}

/// Whom images show, without the names of people: those of the first image of each.
fn parted(known: &Known) -> Vec<(String, String)> {
    let first = |person: &str| known.iter().find(|(_, (other, ..))| other == person).unwrap().0.clone();
    known.iter().map(|(image, (person, ..))| (image.clone(), first(person))).collect()
}

/// The readers of a container.
fn reader_of(container: Container) -> Vec<&'static str> {
    let reads = |name: &&str| matches!(Reader::written(name), Some(Written::As(all)) if all.contains(&container));
    Reader::decls().into_iter().map(|decl| decl.name).filter(reads).collect()
}

/// A reader without a writer does not compile, and says here why it has none; a container is read by one reader.
#[test]
fn what_is_read_is_written_too() {
    for decl in Reader::decls() {
        match Reader::written(decl.name).unwrap() {
            Written::As(all) => assert!(!all.is_empty(), "{}", decl.name),
            Written::Not(why) => {
                let why_not =
                    ["its images are drawn, and no file of theirs is read", "it stands for the reader that knows what lies there"];
                assert!(why_not.contains(&why), "{}: {why}", decl.name);
            }
        }
    }
    for container in Container::ALL {
        assert_eq!(reader_of(container).len(), 1, "{}", container.name());
    }
}

/// Reads what was written.
fn read_back(folder: &Path, reader: &str, to: &str, more: &str) -> Table {
    let recipe = folder.join("back.ddl");
    let text = format!(
        "ddl 1\ndataset faces = {reader}(\"{to}\"{more})\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\n\
         eval v = verification(faces, pairs = all_pairs())\nreport t = compare([net], columns = [v.auc])\n"
    );
    std::fs::write(&recipe, text).unwrap();
    let compiled = compile(&Disk, &recipe, &Options { prober: Some(&DiskProber::forgetful()), ..Options::default() }).unwrap();
    assert!(!compiled.has_errors(), "{reader} {to}: {:?}", compiled.diagnostics);
    World::table(&compiled, ProbeCache::none()).unwrap()
}

fn target(container: Container) -> &'static str {
    match container {
        Container::Folder => "to/faces",
        Container::List => "data/back.csv",
        Container::RecordIo => "to/x.rec",
        Container::Tar => "to/x-{08..10}.tar",
        Container::WebDataset => "to/w-{0..1}.tar",
        Container::TfRecord => "to/x-{0..2}.tfrecord",
        Container::Tface => "to/x.index",
        Container::Parquet => "to/x-{00000..00002}-of-00003.parquet",
        Container::Lmdb => "to/x.lmdb",
        Container::Bin => "to/x.bin",
    }
}

#[test]
fn whatever_is_read_is_the_same_in_every_container() {
    for reader in on_disk() {
        let world = World::new(reader, &pictures());
        let table = World::table(&world.compiled(""), ProbeCache::none()).unwrap();
        let before = known(&table);
        for container in Container::ALL {
            let what = format!("{reader} as {}", container.name());
            let to = world.folder.path().join(target(container));
            let pairs = (container == Container::Bin && reader == "bin").then(|| Pairs {
                lines: ddl::data::readers::pair_file(&world.folder.path().join("data.bin"), &table, &ProbeCache::none()).unwrap(),
            });
            let written = write(&table, &to, container, pairs.as_ref());
            let names_files = ["image_folder", "images", "image_list"].contains(&reader);
            if container == Container::List && !names_files || container == Container::Bin && pairs.is_none() {
                assert!(matches!(written, Err(WriteError::Misfit(_))), "{what}");
                continue;
            }
            let done = written.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(done.made.iter().all(|path| path.exists()), "{what}: {done:?}");
            assert_eq!(done.images, before.len(), "{what}");
            let after = known(&read_back(world.folder.path(), reader_of(container)[0], target(container), ""));
            assert_eq!(parted(&after), parted(&before), "{what}");
            if container.keeps().people {
                let people = |known: &Known| known.values().map(|(person, ..)| person.clone()).collect::<Vec<_>>();
                assert_eq!(people(&after), people(&before), "{what}");
            }
            if container.keeps().names && names_files {
                let names = |known: &Known| known.values().map(|(_, path, _)| path.clone()).collect::<Vec<_>>();
                assert_eq!(names(&after), names(&before), "{what}");
            }
            // nothing is overwritten, and nothing half is left
            let listed = || {
                walkdir::WalkDir::new(to.parent().unwrap())
                    .into_iter()
                    .map(|it| it.unwrap().path().to_owned())
                    .collect::<std::collections::BTreeSet<_>>()
            };
            let there = listed();
            assert!(matches!(write(&table, &to, container, pairs.as_ref()), Err(WriteError::There(_))), "{what}: again");
            assert_eq!(listed(), there, "{what}: again");
            assert!(!there.iter().any(|path| path.to_string_lossy().contains(".ddl-")), "{what}: {there:?}");
        }
    }
}

#[test]
fn attributes_come_back_to_the_bit_where_a_container_holds_them() {
    let world = World::new("image_list", &pictures());
    let at = |name: &str| world.folder.path().join(name);
    let value = |at: u8| ["0.1", "-3", "1e-9", "", "0.30000000000000004", "12"][usize::from(at) % 6];
    let line = |at: u8| {
        format!(
            "p{}/{at}.ppm,p{},{},{},{},{}\n",
            at / EACH,
            at / EACH,
            value(at),
            at,
            ["left", "right", "ü b"][usize::from(at) % 3],
            f32::from(at) / 10.0
        )
    };
    let lines: String = (0..PEOPLE * EACH).map(line).collect();
    std::fs::write(at("data/list.csv"), format!("path,identity,yaw,count,side,weight\n{lines}")).unwrap();
    let schema = ", schema = {yaw: rad, count: int, side: category, weight: float}";
    let table = World::table(&world.compiled(schema), ProbeCache::none()).unwrap();
    let before = known(&table);
    assert_eq!(before.values().next().unwrap().2.len(), 4);
    for container in Container::ALL.into_iter().filter(|it| it.keeps().attributes) {
        let done = write(&table, &at(target(container)), container, None).unwrap();
        assert!(done.lost.is_empty());
        let after = known(&read_back(world.folder.path(), reader_of(container)[0], target(container), schema));
        let cells = |known: &Known| known.values().map(|(_, _, cells)| cells.clone()).collect::<Vec<_>>();
        assert_eq!(cells(&after), cells(&before), "{}", container.name());
    }
    let done = write(&table, &at("to/x.tar"), Container::Tar, None).unwrap();
    assert_eq!(done.lost, ["yaw", "count", "side", "weight"]);
}

#[test]
fn people_keep_their_names_or_are_refused() {
    for (names, container, refused) in [
        (["7", "007"], Container::Parquet, false),
        (["7", "007"], Container::TfRecord, false),
        (["-1", "1e3"], Container::Parquet, false),
        (["00000007", "00000008"], Container::TfRecord, false),
        (["-1", "b"], Container::Tface, false),
        ([&"7".repeat(200), "b"], Container::Parquet, true),
        ([&"x".repeat(201), "b"], Container::TfRecord, true),
        (["nan", "b"], Container::Folder, false),
        (["7", "007"], Container::Tar, false),
        (["a", "b"], Container::RecordIo, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (at, name) in names.iter().enumerate() {
            std::fs::create_dir_all(folder.path().join("from").join(name)).unwrap();
            std::fs::write(folder.path().join("from").join(name).join("1.ppm"), picture(at as u8)).unwrap();
        }
        let rule = ddl::data::readers::IdentityRule::FirstFolder;
        let table = ddl::data::readers::image_folder(&folder.path().join("from"), &rule, &ProbeCache::none()).unwrap().table;
        let to = match container {
            Container::Parquet => "to/x.parquet",
            Container::TfRecord => "to/x.tfrecord",
            Container::Tar => "to/x.tar",
            other => target(other),
        };
        let written = write(&table, &folder.path().join(to), container, None);
        assert_eq!(matches!(written, Err(WriteError::Misfit(_))), refused, "{names:?} {}: {written:?}", container.name());
        if container.keeps().people && !refused {
            let table = read_back(folder.path(), reader_of(container)[0], to, "");
            let mut read: Vec<String> = table.stretches().map(|stretch| stretch.first.identity().to_owned()).collect();
            read.sort_unstable();
            let mut wanted = names.map(str::to_owned);
            wanted.sort_unstable();
            assert_eq!(read, wanted, "{}", container.name());
        }
    }
}

#[test]
fn a_database_of_many_long_keys_is_a_tree_of_several_levels() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{}/{}", "x".repeat(180), "y".repeat(180));
    for at in 0..400_usize {
        let place = folder.path().join(format!("from/p{}/{long}", at / 20));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(format!("{at}.ppm")), [b"P6 1 1 255\n".to_vec(), vec![1, (at >> 8) as u8, at as u8]].concat()).unwrap();
    }
    let rule = ddl::data::readers::IdentityRule::FirstFolder;
    let table = ddl::data::readers::image_folder(&folder.path().join("from"), &rule, &ProbeCache::none()).unwrap().table;
    write(&table, &folder.path().join("to.mdb"), Container::Lmdb, None).unwrap();
    let bytes = std::fs::read(folder.path().join("to.mdb")).unwrap();
    assert!(u16::from_le_bytes([bytes[4096 + 94], bytes[4096 + 95]]) >= 3, "it is not deep");
    assert_eq!(known(&read_back(folder.path(), "lmdb", "to.mdb", "")), known(&table));
}

#[test]
fn what_is_ended_leaves_nothing() {
    let world = World::new("image_folder", &pictures());
    let table = World::table(&world.compiled(""), ProbeCache::none()).unwrap();
    for container in Container::ALL.into_iter().filter(|container| *container != Container::Bin) {
        let to = world.folder.path().join("ended").join(target(container).rsplit('/').next().unwrap());
        let ended = ddl::data::writers::write_until(&table, &to, container, None, &|| true);
        assert!(matches!(ended, Err(WriteError::Ended)), "{}: {ended:?}", container.name());
        assert_eq!(std::fs::read_dir(to.parent().unwrap()).unwrap().count(), 0, "{}", container.name());
    }
}
