"""Parquet files written by Apache Arrow (pyarrow), to compare the reader `parquet` with. The faces in them are drawn.

Made again with (in an environment with `pip install pyarrow blake3`):
    python3 tests/oracles/parquet/oracle.py tests/oracles/parquet
"""

import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from drawn import face, told

NAMES = ["ann", "bob", "éva"]


def images(column):
    return [value["bytes"] if isinstance(value, dict) else value for value in column.to_pylist()]


def hugging_face(numbers):
    """As `datasets` writes images and labels, with what it leaves of them in the file."""
    features = {"image": {"_type": "Image"}, "label": {"names": NAMES, "_type": "ClassLabel"}}
    table = pa.table({
        "image": pa.array([{"bytes": face(at // 4, at), "path": f"{at}.ppm"} for at in numbers],
                          pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        "label": pa.array([at // 4 for at in numbers], pa.int64()),
    })
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def main(folder):
    golden = {}

    def written(name, table, **how):
        (folder / name).parent.mkdir(exist_ok=True)
        pq.write_table(table, folder / name, **how)
        return pq.read_table(folder / name)

    # groups of few rows, pages of fewer, in every manner that pages are packed and values written
    for codec in ["none", "snappy", "zstd", "gzip", "lz4"]:
        for version in ["1.0", "2.0"]:
            name = f"hugging_face-{codec}-{version[0]}.parquet"
            read = written(name, hugging_face(range(12)), row_group_size=5, data_page_size=900, write_batch_size=1, compression=codec,
                           data_page_version=version, use_dictionary=version == "1.0", write_page_index=codec == "zstd")
            golden[name] = told([NAMES[at] for at in read["label"].to_pylist()], images(read["image"]))

    reads = [written(f"shards/train-{shard:05}-of-00003.parquet", hugging_face(range(4 * shard, 4 * shard + 4))) for shard in range(3)]
    golden["shards"] = told([NAMES[at] for read in reads for at in read["label"].to_pylist()], [it for read in reads for it in images(read["image"])])

    # bytes alone, people by name, and attributes of every type, some of them missing
    table = pa.table({
        "face": pa.array([face(at // 2, at) for at in range(6)], pa.binary()),
        "identity": pa.array([NAMES[at // 2] for at in range(6)]).dictionary_encode(),
        "pose": pa.array([None if at == 3 else {"yaw": at * 7.5 - 20, "pitch": -at} for at in range(6)],
                         pa.struct([("yaw", pa.float32()), ("pitch", pa.int16())])),
        "camera": pa.array([None, 1, 2, 3, 4, 255], pa.uint8()),
        "frame": pa.array([2**40 + at for at in range(6)], pa.int64()),
        "glasses": pa.array([True, False, None, True, False, True]),
        "boxes": pa.array([[1, 2, 3, 4]] * 6),
    })
    read = written("attributes.parquet", table, compression="snappy", row_group_size=4)
    poses = [pose or {"yaw": None, "pitch": None} for pose in read["pose"].to_pylist()]
    number = lambda value: None if value is None else float(value)
    golden["attributes.parquet"] = told(read["identity"].to_pylist(), images(read["face"]), {
        "yaw": [number(pose["yaw"]) for pose in poses], "pitch": [number(pose["pitch"]) for pose in poses],
        "camera": list(map(number, read["camera"].to_pylist())), "frame": list(map(number, read["frame"].to_pylist())),
        "glasses": list(map(number, read["glasses"].to_pylist())),
    })
    # what is whole and not read
    pq.write_table(hugging_face(range(4)), folder / "not_read-brotli.parquet", compression="brotli")
    pq.write_table(pa.table({"image": pa.array([face(0, at) for at in range(4)], pa.binary()), "label": [0, 0, 1, 1]}), folder / "not_read-delta_byte_array.parquet",
                   use_dictionary=False, column_encoding={"image": "DELTA_BYTE_ARRAY", "label": "PLAIN"})
    (folder / "golden.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


main(pathlib.Path(sys.argv[1]))
