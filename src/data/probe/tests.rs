#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "rows, sides and lengths that were held against their limits"
)]
use super::*;
use ::image::{ExtendedColorType, ImageEncoder, codecs::bmp::BmpEncoder};
use std::fs;
use tempfile::TempDir;

/// Files of one length and one time, as archives with rounded times leave them, and what is remembered of them.
struct Files {
    folder: TempDir,
    memory: TempDir,
}

fn bmp(value: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    BmpEncoder::new(&mut bytes).write_image(&[value; 12], 2, 2, ExtendedColorType::Rgb8).unwrap();
    bytes
}

impl Files {
    fn new() -> Self {
        let files = Files { folder: tempfile::tempdir().unwrap(), memory: tempfile::tempdir().unwrap() };
        for (value, name) in ["images/ann/1.bmp", "images/ann/2.bmp", "images/bob/1.bmp", "other/1.bmp"].iter().enumerate() {
            files.write(name, value as u8);
        }
        files
    }
    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn write(&self, name: &str, value: u8) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), bmp(value)).unwrap();
        self.restore_time(name);
    }
    fn restore_time(&self, name: &str) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        fs::File::options().write(true).open(self.at(name)).unwrap().set_modified(time).unwrap();
    }
    fn mv(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).unwrap();
    }
    fn swap(&self, a: &str, b: &str) {
        self.mv(a, "t");
        self.mv(b, a);
        self.mv("t", b);
    }
    /// What another command remembers, as if the files had been there for an hour.
    fn cache(&self) -> ProbeCache {
        ProbeCache { ahead: Duration::from_secs(3600), ..ProbeCache::in_folder(self.memory.path()) }
    }
    fn digest(&self, cache: &ProbeCache) -> String {
        cache.images(&self.at("images")).unwrap().digest().to_owned()
    }
}

#[test]
fn no_depth_of_folders_is_too_deep() {
    const DEPTH: usize = 1_500;
    let files = Files::new();
    let mut folders = vec![files.at("images/ann")];
    for _ in 0..DEPTH {
        let inner = folders[folders.len() - 1].join("d");
        fs::create_dir(&inner).unwrap();
        folders.push(inner);
    }
    fs::write(folders[DEPTH].join("3.bmp"), bmp(9)).unwrap();
    let small = rayon::ThreadPoolBuilder::new().num_threads(2).stack_size(256 << 10).build().unwrap();
    let found = small.install(|| files.cache().images(&files.at("images")));
    // std's own removal of folders would hold as many open
    fs::remove_file(folders[DEPTH].join("3.bmp")).unwrap();
    folders[1..].iter().rev().for_each(|folder| fs::remove_dir(folder).unwrap());
    let found: Vec<String> = found.unwrap().files.iter().map(|file| file.path.to_string()).collect();
    let deepest = format!("ann/{}3.bmp", "d/".repeat(DEPTH));
    assert_eq!(found, ["ann/1.bmp", "ann/2.bmp", &deepest, "bob/1.bmp"]);
}

#[test]
fn of_many_errors_the_same_is_told_each_time() {
    let files = Files::new();
    for name in ["images/z", "images/bob/x/y", "images/ann/w", "images/ann/v"] {
        fs::create_dir_all(files.at(name)).unwrap();
        std::os::unix::fs::symlink(files.at("images"), files.at(name).join("up")).unwrap();
    }
    let first = files.cache().images(&files.at("images")).unwrap_err();
    let path = files.at("images/z/up");
    assert_eq!(first, DataError::LinkLoop { path, ancestor: files.at("images") });
    for _ in 0..20 {
        assert_eq!(files.cache().images(&files.at("images")).unwrap_err(), first);
    }
    let file = files.at("images/ann/1.bmp");
    let said = files.cache().images(&file).unwrap_err().to_string();
    assert!(said.ends_with("1.bmp: it is a file, not a folder"), "{said}");
}

#[test]
fn an_unchanged_file_is_read_once_and_one_cache_looks_once() {
    let files = Files::new();
    let (first, second) = (files.cache(), files.cache());
    assert_eq!(files.digest(&first), files.digest(&second));
    assert_eq!((first.read(), second.read()), (3, 0));
    files.write("images/bob/1.bmp", 9);
    assert_eq!(files.digest(&first), files.digest(&second.clone()), "a command holds to what it learned");
    let third = files.cache();
    assert_ne!(files.digest(&third), files.digest(&first));
    assert_eq!(third.read(), 1);
    // what has just been written is not remembered
    let (now, again) = (ProbeCache::in_folder(files.memory.path()), ProbeCache::in_folder(files.memory.path()));
    fs::remove_dir_all(files.memory.path()).unwrap();
    assert_eq!(files.digest(&now), files.digest(&again));
    assert_eq!((now.read(), again.read()), (3, 3));
}

#[test]
fn what_is_remembered_and_damaged_is_as_if_it_were_not_there() {
    let files = Files::new();
    let first = files.digest(&files.cache());
    let place = fs::read_dir(files.memory.path()).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&place).unwrap();
    for at in [0, MAGIC_AND_MORE, whole.len() / 2, whole.len() - 1] {
        let mut spoiled = whole.clone();
        spoiled[at] ^= 1;
        for bytes in [spoiled, whole[..at].to_vec()] {
            fs::write(&place, bytes).unwrap();
            let cache = files.cache();
            assert_eq!((files.digest(&cache), cache.read()), (first.clone(), 3), "{at}");
        }
    }
}

/// A place in the number of records.
const MAGIC_AND_MORE: usize = 14;

/// Every way to put other bytes under a name that keeps length and time of change.
#[cfg(unix)]
#[test]
fn no_change_is_hidden_by_length_and_time() {
    use std::os::unix::fs::symlink;
    type Edit = fn(&Files);
    let edits: [(&str, Edit); 9] = [
        ("mv", |it| it.swap("images/ann/1.bmp", "images/bob/1.bmp")),
        ("mv of folders", |it| it.swap("images/ann", "images/bob")),
        ("mv over it", |it| it.mv("other/1.bmp", "images/ann/1.bmp")),
        ("cp -p", |it| it.write("images/ann/1.bmp", 3)),
        ("tar x", |it| {
            fs::remove_file(it.at("images/ann/1.bmp")).unwrap();
            it.write("images/ann/1.bmp", 3);
        }),
        ("ln -sf", |it| {
            fs::remove_file(it.at("images/ann/1.bmp")).unwrap();
            symlink(it.at("other/1.bmp"), it.at("images/ann/1.bmp")).unwrap();
        }),
        ("ln -f", |it| {
            fs::remove_file(it.at("images/ann/1.bmp")).unwrap();
            fs::hard_link(it.at("other/1.bmp"), it.at("images/ann/1.bmp")).unwrap();
        }),
        ("a folder that is a link now", |it| {
            fs::remove_dir_all(it.at("images/bob")).unwrap();
            symlink(it.at("other"), it.at("images/bob")).unwrap();
        }),
        ("an edit in place", |it| {
            use std::io::{Seek, SeekFrom, Write};
            let mut file = fs::File::options().write(true).open(it.at("images/ann/1.bmp")).unwrap();
            file.seek(SeekFrom::End(-1)).unwrap();
            file.write_all(&[7]).unwrap();
            it.restore_time("images/ann/1.bmp");
        }),
    ];
    for (how, edit) in edits {
        let files = Files::new();
        let before = files.digest(&files.cache());
        edit(&files);
        let after = files.digest(&files.cache());
        assert_eq!(after, files.digest(&ProbeCache::none()), "{how}");
        assert_ne!(after, before, "{how}");
        let planned = Content { path: files.at("images"), root: None, digest: before };
        let error = files.cache().expecting(&[planned]).images(&files.at("images")).unwrap_err();
        assert!(matches!(error, DataError::Changed { .. }), "{how}: {error}");
    }
}

#[test]
fn an_engine_holds_to_what_was_planned_and_sees_what_changed_by_name() {
    let files = Files::new();
    let root = files.at("images");
    let planned = Content { path: root.clone(), root: None, digest: files.digest(&files.cache()) };
    // what was saved is what was planned: the folder is not even looked at
    files.write("images/ann/2.bmp", 8);
    let engine = files.cache().expecting(std::slice::from_ref(&planned));
    let probe = engine.images(&root).unwrap();
    assert_eq!((probe.digest(), engine.read()), (planned.digest.as_str(), 0));
    // … and the file shows itself when it is read
    let digest = |name| probe.file(name).unwrap().digest;
    assert_eq!(digest("ann/1.bmp"), Digest::of(&bmp(0)));
    assert_ne!(digest("ann/2.bmp"), Digest::of(&fs::read(files.at("images/ann/2.bmp")).unwrap()));
    // another command remembers the new content meanwhile
    files.digest(&files.cache());
    let error = files.cache().expecting(&[planned]).images(&root).unwrap_err();
    assert!(matches!(&error, DataError::Changed { .. }), "{error}");
}

#[test]
fn a_list_and_its_folder_are_remembered_side_by_side() {
    let files = Files::new();
    let (root, list) = (files.at("images"), files.at("list.csv"));
    fs::write(&list, "path,identity\n").unwrap();
    let paths: [Arc<str>; 2] = [Arc::from("bob/1.bmp"), Arc::from("ann/1.bmp")];
    let listed = |cache: &ProbeCache| cache.listed(&list, &root, "digest of the list", &paths).unwrap();
    let first = files.cache();
    let probe = listed(&first);
    assert_eq!(probe.files.iter().map(|file| &*file.path).collect::<Vec<_>>(), ["bob/1.bmp", "ann/1.bmp"], "in the list's order");
    assert_eq!(probe.file("ann/1.bmp").unwrap().digest, Digest::of(&bmp(0)));
    let folder = files.digest(&first);
    let second = files.cache();
    assert_eq!((listed(&second).digest(), files.digest(&second)), (probe.digest(), folder));
    assert_eq!(second.read(), 0);
}

#[test]
fn a_file_of_many_images_is_looked_into_once_and_again_when_it_or_what_lies_beside_it_changes() {
    let files = Files::new();
    let (pack, beside) = (files.at("pack"), files.at("pack.idx"));
    fs::write(&pack, "two images").unwrap();
    fs::write(&beside, "0 4").unwrap();
    let facts = |path: &str, offset| FileFacts {
        path: Arc::from(path),
        offset,
        bytes: 4,
        digest: Digest::of(path.as_bytes()),
        size: Some((8, 6)),
        told: None,
    };
    let looked = |cache: &ProbeCache| {
        let mut looked = false;
        let probe = cache.inside(At { path: &pack, below: None }, &[pack.clone(), beside.clone()], || {
            looked = true;
            Ok(vec![facts("b", 0), facts("a", 4)])
        });
        (looked, probe.unwrap())
    };
    let (is_first, probe) = looked(&files.cache());
    assert_eq!((is_first, &probe.files[..]), (true, &[facts("a", 4), facts("b", 0)][..]));
    let (is_looked_into, again) = looked(&files.cache());
    assert_eq!((is_looked_into, &again.files[..], again.digest()), (false, &probe.files[..], probe.digest()));
    for file in [&pack, &beside] {
        fs::write(file, "other").unwrap();
        assert_eq!([looked(&files.cache()).0, looked(&files.cache()).0], [true, false], "{}", file.display());
    }
    // what can't be looked into was something else when the plan was made
    let planned = Content { path: pack.clone(), root: None, digest: probe.digest().to_owned() };
    let unreadable = || Err(DataError::File { file: pack.clone(), why: "it is damaged".to_owned() });
    let said = |cache: ProbeCache| cache.inside(At { path: &pack, below: None }, std::slice::from_ref(&pack), unreadable).unwrap_err();
    assert!(matches!(said(ProbeCache::none()), DataError::File { .. }));
    assert!(matches!(said(ProbeCache::none().expecting(&[planned])), DataError::Changed { path } if path == pack));
}

#[cfg(unix)]
#[test]
fn hidden_folders_and_what_systems_leave_are_no_people_and_the_rest_is_counted() {
    let files = Files::new();
    let hidden =
        ["images/.ipynb_checkpoints/0.png", "images/ann/.thumbnails/1.png", "images/.Trash-1000/files/x.png", "images/__MACOSX/ann/1.png"];
    hidden.iter().chain(&["images/ann/._1.bmp", "images/bob/@eaDir/1.jpg"]).for_each(|name| files.write(name, 1));
    for name in ["images/ann/3.heic", "images/ann/4.HEIC", "images/ann/5", "images/notes.txt", "images/bob/x.csv"] {
        files.write(name, 1);
    }
    for name in ["images/bob/2.JFIF", "images/bob/3.jpe", "images/bob/4.tif", "images/bob/4.tiff", "images/bob/5.gif", "images/bob/6.pgm"] {
        files.write(name, 1);
    }
    let probe = files.cache().images(&files.at("images")).unwrap();
    assert_eq!(probe.files.len(), 3 + 6);
    assert_eq!(probe.left_out.to_string(), "5 other files, 3 of them pictures (.heic 2, no ending 1)");
    // below a hidden folder that somebody names, all is as anywhere
    files.write(".cache/ann/1.bmp", 1);
    assert_eq!(files.cache().images(&files.at(".cache")).unwrap().files.len(), 1);
}

#[cfg(unix)]
#[test]
fn an_image_that_is_no_regular_file_is_an_error_at_once() {
    for what in ["pipe", "/dev/zero"] {
        let files = Files::new();
        let place = files.at("images/ann/3.png");
        if what == "pipe" {
            nix::unistd::mkfifo(&place, nix::sys::stat::Mode::S_IRWXU).unwrap();
        } else {
            std::os::unix::fs::symlink(what, &place).unwrap();
        }
        let error = files.cache().images(&files.at("images")).unwrap_err().to_string();
        assert!(error.ends_with("not a regular file"), "{error}");
    }
}

#[test]
fn what_was_decoded_is_remembered_by_digest() {
    let files = Files::new();
    let cache = files.cache();
    let mut sound = cache.sound();
    let [good, bad, never] = [0, 1, 2].map(|value| Digest::of(&bmp(value)));
    sound.learn(good, Verdict::Good);
    sound.learn(bad, Verdict::Corrupt("it ends too early".to_owned()));
    sound.save();
    let mut again = cache.sound();
    assert_eq!(again.of(good), Some(Verdict::Good));
    assert_eq!(again.of(bad), Some(Verdict::Corrupt("it ends too early".to_owned())));
    assert_eq!(again.of(never), None);
    again.learn(never, Verdict::Good);
    again.save();
    assert_eq!([good, never].map(|digest| cache.sound().of(digest)), [Some(Verdict::Good), Some(Verdict::Good)]);
    let place = files.memory.path().join("sound");
    let mut bytes = fs::read(&place).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&place, bytes).unwrap();
    assert_eq!(cache.sound().of(good), None);
}

/// What a probe of many files costs beside looking at each of them once.
/// `PROBED=200000 cargo test --release --lib probe_scale -- --ignored --nocapture`
#[test]
#[ignore = "writes many files and prints seconds"]
fn probe_scale() {
    let count: usize = std::env::var("PROBED").map_or(200_000, |count| count.parse().unwrap());
    let files = Files { folder: tempfile::tempdir().unwrap(), memory: tempfile::tempdir().unwrap() };
    for person in 0..count / 50 {
        let folder = files.at(&format!("images/person_{person:06}"));
        fs::create_dir_all(&folder).unwrap();
        (0..50).for_each(|image| fs::write(folder.join(format!("{image:04}.bmp")), bmp(image)).unwrap());
    }
    let timed = |what: &str, work: &dyn Fn()| {
        let begun = std::time::Instant::now();
        work();
        let seconds = begun.elapsed().as_secs_f64();
        println!("{what}: {seconds:.2} s, {:.2} s for a million", seconds * 1e6 / count as f64);
    };
    let look = || {
        let names = files.at("images").read_dir().unwrap().map(|entry| entry.unwrap().path());
        let stats = names.flat_map(|folder| folder.read_dir().unwrap()).map(|entry| entry.unwrap().metadata().unwrap().len());
        assert!(stats.sum::<u64>() > 0);
    };
    timed("each file looked at once, one after the other", &look);
    let first = files.cache();
    timed("the first probe", &|| drop(first.images(&files.at("images")).unwrap()));
    timed("the same after nothing changed", &|| {
        let cache = files.cache();
        assert_eq!(cache.images(&files.at("images")).unwrap().digest(), first.images(&files.at("images")).unwrap().digest());
        assert_eq!(cache.read(), 0);
    });
    let planned = Content { path: files.at("images"), root: None, digest: files.digest(&first) };
    timed("an engine that is told the digest", &|| {
        drop(files.cache().expecting(std::slice::from_ref(&planned)).images(&files.at("images")).unwrap());
    });
    let saved = fs::read_dir(files.memory.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum::<u64>();
    println!("{} bytes an image on the disk", saved / count as u64);
}
