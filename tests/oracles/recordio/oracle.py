"""RecordIO files written and read back by MXNet itself, to compare the reader `recordio` with. The faces in them are drawn here.

Made again with (numpy after 1.23 has no `np.bool`, which this MXNet wants; both need Python 3.11):
    pip install mxnet==1.9.1 numpy==1.23.5 pillow && python3 tests/oracles/recordio/oracle.py tests/oracles/recordio
"""

import base64
import io
import json
import pathlib
import struct
import sys

import mxnet as mx
import numpy as np
from PIL import Image, ImageDraw

MAGIC = struct.pack("<I", 0xCED7230A)


def face(person, image, form):
    """A head with two eyes and a mouth; who it is tells the colour, and the image how far the head is turned."""
    picture = Image.new("RGB", (16, 16), (20 * person, 40, 200 - 30 * person))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((2, 1, 13, 14), fill=(230, 190 - 10 * person, 160))
    for eye in (4, 9):
        draw.rectangle((eye + image % 3, 5, eye + 1 + image % 3, 6), fill=(10, 10, 10 * person))
    draw.line((5 + image % 3, 11, 9 + image % 3, 11), fill=(150, 20, 20))
    file = io.BytesIO()
    picture.save(file, form, **({"quality": 80} if form == "JPEG" else {}))
    return file.getvalue()


def raw(places):
    """A picture without compression in whose pixels the magic number stands at these words."""
    words = [struct.pack("<I", 0x01010101 * (at % 200)) for at in range(8 * 8 * 3 // 4)]
    for at in places:
        words[at] = MAGIC
    return b"P6  8 8 255\n" + b"".join(words)  # 12 bytes before the pixels: words of the picture are words of the record


def written(folder, name, records):
    """Writes records (number, label, bytes) and reads them back; what MXNet says of each."""
    rec, idx = str(folder / f"{name}.rec"), str(folder / f"{name}.idx")
    out = mx.recordio.MXIndexedRecordIO(idx, rec, "w")
    for number, label, data in records:
        out.write_idx(number, mx.recordio.pack(mx.recordio.IRHeader(0, label, number, 0), data))
    out.close()
    return mx.recordio.MXIndexedRecordIO(idx, rec, "r")


def said(read, numbers):
    found = []
    for number in numbers:
        header, data = mx.recordio.unpack(read.read_idx(number))
        label = header.label if np.isscalar(header.label) else header.label[0]
        found.append({"record": number, "person": int(label), "image": base64.b64encode(data).decode()})
    return found


def main(folder):
    golden = {}
    # as insightface's face2rec2.py writes them: where images and people end, images person by person, whose images each person has
    images = [(person, face(person, at, "JPEG")) for person, count in enumerate((3, 2, 4)) for at in range(count)]
    end = 1 + len(images)
    records = [(0, [end, end + 3], b"")]
    records += [(1 + at, [person, 1.0], data) for at, (person, data) in enumerate(images)]
    for person in range(3):
        own = [1 + at for at, (whose, _) in enumerate(images) if whose == person]
        records.append((end + person, [own[0], own[-1] + 1], b""))
    (folder / "insightface").mkdir(exist_ok=True)
    read = written(folder / "insightface", "train", records)
    (folder / "insightface" / "property").write_text("3,16,16")
    header, _ = mx.recordio.unpack(read.read_idx(0))
    golden["insightface/train"] = said(read, range(1, int(header.label[0])))
    # as im2rec.py writes a shuffled list: every record is an image, one number is its label
    records = [(number, float(number % 3), face(number % 3, number, "PNG")) for number in (4, 0, 6, 2, 1, 5, 3)]
    golden["im2rec"] = said(written(folder, "im2rec", records), range(7))
    # several labels, as im2rec.py --pack-label writes; a person's number is the first
    records = [(number, [float(10 + number // 2), 0.5, 7.0], face(number // 2, number, "PNG")) for number in range(4)]
    golden["labels"] = said(written(folder, "labels", records), range(4))
    # records that MXNet writes in parts
    places = [[], [0], [5, 6], [0, 1, 2], [47], [0, 47], list(range(48))]
    records = [(number, float(number), raw(at)) for number, at in enumerate(places)]
    golden["parts"] = said(written(folder, "parts", records), range(len(places)))
    json.dump(golden, (folder / "golden.json").open("w"), indent=1)
    print(file=(folder / "golden.json").open("a"))


main(pathlib.Path(sys.argv[1]))
