"""Writes packs of pairs of drawn pictures as InsightFace's tools write them, and what Python reads from them, for tests/bin.rs.

    python3 -m venv v && v/bin/pip install numpy && v/bin/python tests/oracles/bin/oracle.py

`python2.bin` is written by hand, opcode by opcode, as Python 2 writes byte strings; all others by pickle itself.
"""

import base64
import json
import pickle
import struct
from pathlib import Path

import numpy

HERE = Path(__file__).parent


def picture(number):
    return b"P6 4 4 255\n" + bytes((at * 5 + number) % 256 for at in range(48))


IMAGES = [picture(number) for number in (0, 1, 2, 3, 4, 5, 1, 6)]
SAME = [True, False, False, True]


def python2(images, same):
    """A pickle of protocol 2 whose byte strings are those of Python 2: BINSTRING, and SHORT_BINSTRING where they are short."""
    out = bytearray(b"\x80\x02]q\x01(")
    for at, image in enumerate(images):
        long = b"T" + struct.pack("<i", len(image)) if at % 2 else b"U" + bytes([len(image)])
        out += long + image + b"r" + struct.pack("<i", 2 + at)
    out += b"e]q\x00(" + b"".join(b"\x88" if it else b"\x89" for it in same) + b"e\x86q\x63."
    return bytes(out)


def arrays(images, column):
    return [numpy.frombuffer(image, dtype=numpy.uint8).copy().reshape((-1, 1) if column else -1) for image in images]


def main():
    packs = {"python2": python2(IMAGES, SAME)}
    for protocol in (3, 4, 5):
        packs[f"bytes{protocol}"] = pickle.dumps((IMAGES, SAME), protocol=protocol)
        packs[f"arrays{protocol}"] = pickle.dumps((arrays(IMAGES, True), [numpy.bool_(it) for it in SAME]), protocol=protocol)
    packs["flat"] = pickle.dumps((arrays(IMAGES, False), numpy.array(SAME)), protocol=4)
    packs["listed"] = pickle.dumps([IMAGES, [int(it) for it in SAME]], protocol=4)
    golden = {}
    for name, pack in packs.items():
        (HERE / f"{name}.bin").write_bytes(pack)
        images, same = pickle.loads(pack, encoding="bytes")
        read = [image if isinstance(image, bytes) else image.tobytes() for image in images]
        golden[name] = {"images": [base64.b64encode(image).decode() for image in read], "same": [bool(it) for it in same]}
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    # by Python 3 with the protocol of Python 2: bytes become texts
    (HERE / "texts.bin").write_bytes(pickle.dumps((IMAGES, SAME), protocol=2))
    # numbers that are no bytes, in the form of protocol 5
    wide = [numpy.frombuffer(image + b"0", dtype=numpy.int32).copy() for image in IMAGES]
    (HERE / "wide.bin").write_bytes(pickle.dumps((wide, SAME), protocol=5))
    (HERE / "wide_answers.bin").write_bytes(pickle.dumps((IMAGES, numpy.array([65537], dtype=numpy.int32)), protocol=5))


main()
