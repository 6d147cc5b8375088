"""Draws many faces into one file of each kind, to measure how fast they are read (`tests/containers/speed.rs`).

    python3 tests/oracles/containers.py FOLDER 50000    # needs pyarrow lmdb tfrecord crc32c blake3
"""

import io
import pathlib
import random
import sys
import tarfile

import lmdb
import pyarrow as pa
import pyarrow.parquet as pq
from tfrecord.writer import TFRecordWriter


def main(folder, count):
    folder.mkdir(exist_ok=True)
    drawn = random.Random(0)
    images = [b"P6 58 58 255\n" + drawn.randbytes(58 * 58 * 3) for _ in range(count)]
    with tarfile.open(folder / "faces.tar", "w") as archive:
        for at, image in enumerate(images):
            info = tarfile.TarInfo(f"{at // 20}/{at}.ppm")
            info.size = len(image)
            archive.addfile(info, io.BytesIO(image))
    writer = TFRecordWriter(str(folder / "faces.tfrecord"))
    for at, image in enumerate(images):
        writer.write({"image": (image, "byte"), "label": (at // 20, "int")})
    writer.close()
    with lmdb.open(str(folder / "faces.lmdb"), map_size=1 << 36) as env, env.begin(write=True) as change:
        for at, image in enumerate(images):
            change.put(f"{at // 20}/{at}.ppm".encode(), image)
    pq.write_table(pa.table({"image": pa.array([{"bytes": image, "path": None} for image in images]), "label": [at // 20 for at in range(count)]}),
                   folder / "faces.parquet", row_group_size=1000)


main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
