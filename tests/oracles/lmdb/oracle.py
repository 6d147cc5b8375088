"""Databases written by LMDB itself (py-lmdb), to compare the reader `lmdb` with. The faces in them are drawn.

Made again with (in an environment with `pip install lmdb blake3`):
    python3 tests/oracles/lmdb/oracle.py tests/oracles/lmdb
"""

import json
import pathlib
import shutil
import sys

import lmdb

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from drawn import face, told


def written(path, entries, subdir=True):
    """Writes entries in several transactions; what the library reads of them, in its order."""
    shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)
    with lmdb.open(str(path), map_size=1 << 24, subdir=subdir) as env:
        for begin in range(0, len(entries), 5):
            with env.begin(write=True) as change:
                for key, value in entries[begin:begin + 5]:
                    change.put(key.encode(), value)
        with env.begin(write=True) as change:  # pages that are free again
            change.delete(entries[0][0].encode())
        with env.begin(write=True) as change:
            change.put(entries[0][0].encode(), entries[0][1])
    with lmdb.open(str(path), subdir=subdir, readonly=True, lock=False) as env, env.begin() as read:
        all_ = {key.decode(): bytes(value) for key, value in read.cursor()}
    (path / "lock.mdb" if subdir else path.with_name(path.name + "-lock")).unlink(missing_ok=True)
    return all_


def field(number, kind, value):
    """A field of a message: 0 a number, 2 bytes."""
    def varint(number):
        out = b""
        while number > 127:
            out, number = out + bytes((number & 127 | 128,)), number >> 7
        return out + bytes((number,))
    return bytes((number << 3 | kind,)) + (varint(value) if kind == 0 else varint(len(value)) + value)


def datum(image, label):
    """As Caffe's convert_imageset writes with -encoded."""
    return field(1, 0, 3) + field(2, 0, 12) + field(3, 0, 12) + field(4, 2, image) + field(5, 0, label) + field(7, 0, 1)


def main(folder):
    golden = {}
    names = ["ann", "bob", "éva"]
    # some longer than a page, so that they lie in pages of their own
    long = [(f"{name}/{at}.ppm", face(person, at) + b"\0" * (2000 * at)) for person, name in enumerate(names) for at in range(4)]
    read = written(folder / "paths", long + [("__len__", b"12"), ("__keys__", b"a pickle")])
    images = {key: value for key, value in read.items() if not key.startswith("__")}
    golden["paths"] = told([key.split("/")[0] for key in images], list(images.values()))

    # a tree of several levels: many keys, long ones
    many = [(f"{at % 3:08}/" + "x" * 300 + f"{at:03}.ppm", face(at % 3, at)) for at in range(24)]
    read = written(folder / "many", many)
    golden["many"] = told([key.split("/")[0] for key in read], list(read.values()))

    written(folder / "caffe", [(f"{at:08}_{names[at // 2]}.ppm", datum(face(at // 2, at), at // 2 + 5)) for at in range(6)])
    golden["caffe"] = told([f"{at // 2 + 5:08}" for at in range(6)], [face(at // 2, at) for at in range(6)])

    numbered = [(f"image-{at + 1:09}", face(at // 2, at)) for at in range(6)] + [(f"label-{at + 1:09}", str(at // 2).encode()) for at in range(6)]
    written(folder / "numbered", numbered + [("num-samples", b"6")])
    golden["numbered"] = told([f"{at // 2:08}" for at in range(6)], [face(at // 2, at) for at in range(6)])

    (folder / "listed").mkdir(exist_ok=True)
    written(folder / "listed/faces.lmdb", [(f"{at}", face(at // 2, at)) for at in range(6)], subdir=False)
    (folder / "listed/labels.txt").write_text("".join(f"{at}\t{names[at // 2]}\n" for at in range(6)))
    golden["listed/faces.lmdb"] = told([names[at // 2] for at in range(6)], [face(at // 2, at) for at in range(6)])
    (folder / "golden.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")


main(pathlib.Path(sys.argv[1]))
