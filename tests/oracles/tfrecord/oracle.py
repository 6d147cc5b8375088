"""TFRecord files written by the package `tfrecord` (its writer, and google's crc32c), to compare the reader `tfrecord` with. The faces in them are drawn.

Made again with (in an environment with `pip install tfrecord crc32c blake3`):
    python3 tests/oracles/tfrecord/oracle.py tests/oracles/tfrecord
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from drawn import face, told
from tfrecord.reader import tfrecord_loader
from tfrecord.writer import TFRecordWriter


def sample(at):
    return at // 2, face(at // 2, at)


def written(path, records):
    path.parent.mkdir(exist_ok=True)
    writer = TFRecordWriter(str(path))
    for record in records:
        writer.write({name: (value, {bytes: "byte", int: "int", float: "float"}[type(value[0] if isinstance(value, list) else value)])
                      for name, value in record.items()})
    writer.close()


def read(path, feature):
    """What the package itself reads."""
    return [bytes(record[feature]) for record in tfrecord_loader(str(path), None, {feature: "byte"})]


def offsets(path):
    data, at, all_ = path.read_bytes(), 0, []
    while at < len(data):
        all_.append(at)
        at += 16 + int.from_bytes(data[at:at + 8], "little")
    return all_


def main(folder):
    golden = {}

    # as TensorFlow's own scripts for ImageNet name features
    people, images = zip(*map(sample, range(6)))
    records = [{"image/encoded": image, "image/format": b"ppm", "image/class/label": person, "image/class/text": f"person {person}".encode(),
                "face/yaw": at * 7.5 - 20, "face/box": [0.1, 0.2, 0.9, 0.8], "camera": at % 3}
               for at, (person, image) in enumerate(zip(people, images))]
    written(folder / "imagenet.tfrecord", records)
    golden["imagenet.tfrecord"] = told([f"{person:08}" for person in people], read(folder / "imagenet.tfrecord", "image/encoded"),
                                       {"yaw": [at * 7.5 - 20 for at in range(6)], "camera": [at % 3 for at in range(6)]})

    # several files, a name of its own for the image, and people who have names
    names = ["ann", "bob", "éva"]
    for shard in range(3):
        written(folder / f"shards/part-{shard:02}.tfrecord",
                [{"face": face(shard, 10 + 2 * shard + at), "identity": names[shard].encode()} for at in range(2)])
    read_all = [image for shard in range(3) for image in read(folder / f"shards/part-{shard:02}.tfrecord", "face")]
    golden["shards"] = told([names[at // 2] for at in range(6)], read_all)

    # TFace: the record has the image alone, and an index says the rest
    lines, people, images = [], [], []
    for shard in range(2):
        path = folder / f"drawn/drawn-{shard:05}.tfrecord"
        written(path, [{"image": face(shard, 30 + 3 * shard + at)} for at in range(3)])
        for at, (offset, image) in enumerate(zip(offsets(path), read(path, "image"))):
            if (shard, at) != (0, 1):  # an index may leave out what its records hold
                lines.append(f"drawn\t{shard}\t{offset}\t{7 + shard}")
                people.append(f"{7 + shard:08}")
                images.append(image)
    (folder / "drawn.txt").write_text("\n".join(lines) + "\n")
    (folder / "drawn_pairs.txt").write_text("\n".join("\t".join(lines[at:at + 2]) for at in range(len(lines) - 1)) + "\n")
    golden["drawn.txt"] = told(people, images)
    golden["drawn_pairs.txt"] = told(people, images)
    (folder / "golden.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")


main(pathlib.Path(sys.argv[1]))
