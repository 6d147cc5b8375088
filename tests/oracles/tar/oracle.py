"""Tar archives written by Python's tarfile in each of its formats, to compare the reader `image_tar` with. The pictures in them are drawn here.

Made again with (any Python 3 will do):
    python3 tests/oracles/tar/oracle.py tests/oracles/tar
"""

import base64
import io
import json
import pathlib
import sys
import tarfile


def picture(number):
    return b"P6 4 4 255\n" + bytes((at * 5 + number) % 256 for at in range(48))


def written(path, form, members):
    """Writes members (path, bytes), folders of their own before them; what is read back."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for folder in sorted({name.rsplit("/", 1)[0] for name, _ in members if "/" in name}):
            info = tarfile.TarInfo(folder)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        end = archive.offset + 1024  # two empty blocks, without what fills the tape's last record
    path.write_bytes(out.getvalue()[:end])
    with tarfile.open(path) as archive:
        return {it.name: archive.extractfile(it).read() for it in archive.getmembers() if it.isfile()}


def main(folder):
    people = [(f"person_{at // 2}/image_{at}.ppm", picture(at)) for at in range(6)]
    # longer than the hundred bytes that the first form of archives has for names
    deep = [("/".join(["a_folder_in_a_folder"] * 9) + f"/{at}.ppm", picture(10 + at)) for at in range(2)]
    far = [("é" * 60 + "/1.ppm", picture(20))]
    left = [("notes.txt", b"hello"), ("person_0/.hidden.ppm", picture(30)), ("person_0/._image_0.ppm", b"of another system")]
    shard = [it for at in range(4) for it in ((f"{at:06}.ppm", picture(40 + at)), (f"{at:06}.cls", f"{at % 2 + 7}\n".encode()))]
    archives = {
        "ustar": (tarfile.USTAR_FORMAT, people + left),
        "gnu": (tarfile.GNU_FORMAT, people + deep + far + left),
        "pax": (tarfile.PAX_FORMAT, people + deep + far + left),
        "shard": (tarfile.USTAR_FORMAT, shard),
    }
    golden = {}
    for name, (form, members) in archives.items():
        read = written(folder / f"{name}.tar", form, members)
        classes = {key[:-4]: f"{int(text):08}/" for key, text in read.items() if key.endswith(".cls")}
        images = {key: data for key, data in read.items() if key.endswith(".ppm") and not key.rsplit("/", 1)[-1].startswith(".")}
        golden[name] = {classes.get(key[:-4], "") + key: base64.b64encode(data).decode() for key, data in images.items()}
    (folder / "golden.json").write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")


main(pathlib.Path(sys.argv[1]))
