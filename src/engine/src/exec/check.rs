//! Before anything is computed: every image of the data in use is decoded once.

use super::{Exec, Halt};
use crate::nn::backbone::Backbone as _;
use ddl::data::check::{CorruptPolicy, check_all};
use ddl::data::probe::Sound;
use ddl::events::{Event, Sink as _};
use ddl::inputs::data_codes;
use ddl::lang::value::NodeId;
use ddl::ops::nets::Embedded;
use ddl::ops::node::Node;
use ddl::ops::readers::Reader;
use std::collections::BTreeSet;

/// Corrupt images that an event names.
const NAMED: usize = 10;

impl Exec<'_> {
    /// Looks at every image of the data that will be used, so that a broken one does not stop the run an hour later. What was decoded well
    /// before is not decoded again, and what only stored results were made of is left alone; but whoever leaves out what can't be decoded
    /// must know which images these are, to know which rows stored features have.
    pub(super) fn check_data(&self, compute: &[NodeId]) -> Result<(), Halt> {
        if compute.is_empty() {
            return Ok(());
        }
        let size = self.input_size(compute)?;
        let looked_at = ddl::store::due::looked_at(&self.job.plan, compute);
        let mut sound = self.tables.cache().sound();
        let looked = ddl::store::due::sources(&self.job.plan, compute).into_iter().try_for_each(|id| {
            self.halt_if_asked()?;
            let policy = self.policy(id)?;
            if policy == CorruptPolicy::Stop && !looked_at.contains(&id) {
                return Ok(());
            }
            self.check(id, policy, size.filter(|_| looked_at.contains(&id)), &mut sound)
        });
        sound.save(); // of a data set that stopped the run too
        looked
    }

    /// Looks at the numbers of every file of weights that will be used, for the same reason.
    pub(super) fn check_weights(&self, compute: &[NodeId]) -> Result<(), Halt> {
        let plan = &self.job.plan;
        let mut seen: BTreeSet<NodeId> = compute.iter().flat_map(|id| plan.node(*id).inputs.iter().copied()).collect();
        let extended: Vec<NodeId> = seen.iter().filter(|id| matches!(plan.work(**id), Ok(Node::Extension(_)))).copied().collect();
        seen.extend(extended.iter().flat_map(|id| plan.node(*id).inputs.iter().copied()));
        for id in seen {
            if let Node::Backbone(backbone) = plan.work(id)?
                && backbone.weights().is_some()
            {
                self.halt_if_asked()?;
                let known = self.model(id).map(drop);
                if matches!(known, Err(Halt::Missing(_))) {
                    continue; // its people are chosen by what an observer will say
                }
                known.map_err(|halt| match halt {
                    Halt::Failed(None, failure) => Halt::Failed(Some(plan.node(id).name.clone()), failure),
                    halt => halt,
                })?;
            }
        }
        Ok(())
    }

    fn policy(&self, id: NodeId) -> Result<CorruptPolicy, Halt> {
        Ok(self.job.plan.get::<Reader>(id)?.there().map_or(CorruptPolicy::Stop, |there| there.said.policy()))
    }

    /// Looks at every image of a data set.
    fn check(&self, id: NodeId, policy: CorruptPolicy, size: Option<(u32, u32)>, sound: &mut Sound) -> Result<(), Halt> {
        let node = self.job.plan.node(id);
        let table = self.tables.table(id)?;
        let failed = |error| Halt::Failed(Some(node.name.clone()), data_codes::failure(None, &error));
        let checked = check_all(&table, policy, size, &self.images, sound).map_err(failed)?;
        self.events.emit(Event::Dataset {
            node: node.name.clone(),
            images: checked.table.len() as u64,
            people: checked.table.people() as u64,
            skipped: checked.corrupt.iter().take(NAMED).map(ToString::to_string).collect(),
            skipped_count: checked.corrupt.len() as u64,
        });
        if !checked.corrupt.is_empty() {
            self.tables.replace(id, checked.table);
        }
        Ok(())
    }

    /// The one size of images that all networks in use want, if it is one.
    fn input_size(&self, compute: &[NodeId]) -> Result<Option<(u32, u32)>, Halt> {
        let mut sizes = Vec::new();
        for id in compute {
            let models: BTreeSet<NodeId> = match self.job.plan.work(*id)? {
                Node::Train(train) => {
                    let nets = train.model.all().into_iter().map(|(_, model)| model.node);
                    crate::train::teachers(train).into_iter().chain(nets).collect()
                }
                Node::Features(it) if self.job.plan.node(it.model.node).is::<Embedded>() => continue, // sees numbers alone
                Node::Features(_) => BTreeSet::from([*id]),
                _ => continue, // sees no images
            };
            for model in models {
                sizes.push(self.made(model)?.network()?.input.size());
            }
        }
        sizes.sort_unstable();
        sizes.dedup();
        Ok(if sizes.len() == 1 { sizes.pop() } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::walk;
    use ddl::compile::{Options, compile};
    use ddl::events::Collected;
    use ddl::inputs::probe::DiskProber;
    use ddl::job::{CheckpointEvery, Device, Job};
    use ddl::source::Disk;
    use ddl::store::Judged;
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    const IMAGES: u64 = 8 * 4;

    fn picture(seed: u8) -> Vec<u8> {
        let value = |at: usize| (at / 96 * 31 + at % 96 * 7 + usize::from(seed) * 53) as u8;
        [b"P6 32 32 255\n".to_vec(), (0..32 * 32 * 3).map(value).collect()].concat()
    }

    fn write_images(folder: &Path) {
        for person in 0..8 {
            std::fs::create_dir_all(folder.join(format!("images/p{person}"))).unwrap();
            for image in 0..4 {
                std::fs::write(folder.join(format!("images/p{person}/{image}.ppm")), picture(person * 4 + image)).unwrap();
            }
        }
    }

    /// The same pictures as records of one file.
    fn write_records(folder: &Path) {
        let mut all = Vec::new();
        for number in 0..IMAGES as u8 {
            let bytes = picture(number);
            let words = [0xced7_230a, 24 + bytes.len() as u32, 0, f32::from(number / 4).to_bits(), 0, 0, 0, 0];
            all.extend(words.map(u32::to_le_bytes).as_flattened());
            all.extend(&bytes);
            all.resize(all.len().next_multiple_of(4), 0);
        }
        std::fs::write(folder.join("images.rec"), all).unwrap();
    }

    fn job(folder: &Path, store: &str, recipe: &str) -> Job {
        std::fs::write(folder.join("r.ddl"), format!("ddl 1\n{recipe}")).unwrap();
        let prober = DiskProber::forgetful();
        let compiled = compile(&Disk, &folder.join("r.ddl"), &Options { prober: Some(&prober), ..Options::default() }).unwrap();
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        Job {
            plan: compiled.plan(),
            paths: compiled.paths,
            contents: compiled.contents,
            device: Device::Cpu,
            threads: None,
            loaders: None,
            eval_batch: None,
            store: folder.join(store),
            out: folder.join("out"),
            only: Vec::new(),
            again: Vec::new(),
            checkpoint: CheckpointEvery { seconds: 1e9, steps: None },
        }
    }

    /// Computes what is due; how many files were decoded, and the events.
    fn run(job: &Job) -> (u64, Vec<Event>) {
        let (events, stop) = (Collected::default(), AtomicBool::new(false));
        let exec = Exec::start(job, &events, &stop).unwrap();
        let due = ddl::store::due::due(&job.plan, &exec.store, &[], &[]).unwrap();
        exec.check_data(&due.compute).unwrap();
        walk::all(&exec, &due.compute).unwrap();
        let decoded = exec.images.decoded();
        drop(exec);
        (decoded, events.events())
    }

    fn judged(job: &Job) -> Vec<Judged> {
        let store = ddl::store::Store::open(&job.store).unwrap();
        let judges = job.plan.iter().filter(|(_, node)| node.op == "judge");
        judges.map(|(_, node)| Judged::read(&store.peek(node.key).unwrap()).unwrap()).collect()
    }

    fn recipe(policy: &str, more: &str, columns: &str) -> String {
        format!(
            "dataset faces = image_folder(\"images\", on_corrupt = \"{policy}\")
backbone net = tiny(embedding = 8, side = 32px, width = 4)
backbone other = tiny(embedding = 8, side = 32px, width = 4, seed = 1)
eval v = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4))
eval w = verification(faces, pairs = all_pairs())
{more}report t = compare({{\"net\" = net}}, columns = [{columns}])
"
        )
    }

    #[test]
    fn a_second_run_decodes_nothing_that_it_does_not_use() {
        for policy in ["stop", "skip"] {
            let folder = tempfile::tempdir().unwrap();
            write_images(folder.path());
            let job = |more: &str, columns: &str| job(folder.path(), "store", &recipe(policy, more, columns));
            // each image is looked at once, and embedded once
            assert_eq!(run(&job("", "v.gap")).0, 2 * IMAGES, "{policy}");
            // another protocol is judged by stored features: no image is seen
            assert_eq!(run(&job("", "v.gap, w.auc")).0, 0, "{policy}");
            // another network sees each image once; that they can be decoded is known
            let other = "report u = compare({\"other\" = other}, columns = [v.gap])\n";
            assert_eq!(run(&job(other, "v.gap")).0, IMAGES, "{policy}");
            // a new image is looked at, the others are known
            std::fs::write(folder.path().join("images/p0/new.ppm"), picture(99)).unwrap();
            assert_eq!(run(&job("", "v.gap")).0, 1 + IMAGES + 1, "{policy}");
        }
    }

    #[test]
    fn records_are_looked_at_like_files_and_one_that_is_no_image_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        write_records(folder.path());
        let of_records = |policy: &str, columns: &str| {
            let recipe = recipe(policy, "", columns).replace("image_folder(\"images\"", "recordio(\"images.rec\"");
            job(folder.path(), "store", &recipe)
        };
        assert_eq!(run(&of_records("stop", "v.gap")).0, 2 * IMAGES);
        assert_eq!(run(&of_records("stop", "v.gap, w.auc")).0, 0);
        let rec = folder.path().join("images.rec");
        let mut bytes = std::fs::read(&rec).unwrap();
        bytes[32..36].copy_from_slice(b"none");
        std::fs::write(&rec, bytes).unwrap();
        // the others are known to be images
        let (decoded, events) = run(&of_records("skip", "v.gap"));
        assert_eq!(decoded, 1 + IMAGES - 1);
        let skipped = |event: &Event| matches!(event, Event::Dataset { images: 31, skipped_count: 1, skipped, .. } if skipped[0].contains("images.rec, record 0: "));
        assert!(events.iter().any(skipped), "{events:?}");
    }

    #[test]
    fn a_file_that_is_damaged_and_whole_again_shifts_no_row() {
        let folder = tempfile::tempdir().unwrap();
        write_images(folder.path());
        let job = |store: &str, columns: &str| job(folder.path(), store, &recipe("skip", "", columns));
        let damaged = folder.path().join("images/p3/1.ppm");
        let whole = std::fs::read(&damaged).unwrap();
        run(&job("store", "w.auc"));
        let before = judged(&job("store", "w.auc"));
        for content in [&whole[..100], &whole[..], &whole[..100]] {
            std::fs::write(&damaged, content).unwrap();
            // a protocol more each time: stored features meet the table again
            for columns in ["w.auc", "w.auc, v.gap"] {
                let (fresh, stored) = (tempfile::tempdir().unwrap(), job("store", columns));
                run(&stored);
                let fresh = self::job(folder.path(), fresh.path().to_str().unwrap(), &recipe("skip", "", columns));
                run(&fresh);
                assert_eq!(judged(&stored), judged(&fresh), "{} bytes, {columns}", content.len());
            }
        }
        assert_ne!(judged(&job("store", "w.auc")), before, "one image is left out");
    }

    #[test]
    fn features_of_another_number_of_images_are_computed_again() {
        let folder = tempfile::tempdir().unwrap();
        write_images(folder.path());
        let first = job(folder.path(), "store", &recipe("stop", "", "w.auc"));
        run(&first);
        // as another version of ddl might have left them, which could not decode one of the images
        let store = ddl::store::Store::open(&first.store).unwrap();
        let features = first.plan.iter().find(|(_, node)| node.op == "features").unwrap().1;
        let lock = store.lock(features.key, || false).unwrap().unwrap();
        let rows = store.peek(features.key).unwrap().read("features.f32").unwrap();
        let mut draft = lock.draft().unwrap();
        draft.write("features.f32", &rows[..rows.len() - 8 * 4]).unwrap();
        lock.commit(draft, "features", &features.name, serde_json::json!({"images": IMAGES - 1, "width": 8})).unwrap();
        drop(lock);
        let second = job(folder.path(), "store", &recipe("stop", "", "w.auc, v.gap"));
        let (decoded, events) = run(&second);
        assert_eq!(decoded, IMAGES);
        assert!(
            events.iter().any(|event| format!("{event:?}").contains("holds features of 31 images, and its data set has 32")),
            "{events:?}"
        );
        let fresh = job(folder.path(), "fresh", &recipe("stop", "", "w.auc, v.gap"));
        run(&fresh);
        assert_eq!(judged(&second), judged(&fresh));
    }

    #[cfg(unix)]
    #[test]
    fn what_may_not_be_read_is_never_left_out() {
        let folder = tempfile::tempdir().unwrap();
        write_images(folder.path());
        let job = job(folder.path(), "store", &recipe("skip", "", "w.auc"));
        let image = folder.path().join("images/p3/1.ppm");
        std::fs::remove_file(&image).unwrap();
        nix_fifo(&image);
        let (events, stop) = (Collected::default(), AtomicBool::new(false));
        let exec = Exec::start(&job, &events, &stop).unwrap();
        let due = ddl::store::due::due(&job.plan, &exec.store, &[], &[]).unwrap();
        let halt = exec.check_data(&due.compute).unwrap_err();
        assert!(format!("{halt:?}").contains("it is a named pipe, not a regular file"), "{halt:?}");
    }

    #[cfg(unix)]
    fn nix_fifo(path: &Path) {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }
}
