"""PyTorch's side of `make bench ARGS='--only loader'`: a DataLoader over files that OpenCV decodes. It talks as `worker.py` does; its
memory is that of all of its processes.

    loading.py make FOLDER       draws 4,000 JPEGs of 112 pixels: a folder, a .rec with its .idx, a tar archive
    loading.py serve …           gives batches
"""

import argparse
import io
import json
import os
import random
import struct
import sys
import tarfile
import time
from pathlib import Path

import cv2
import numpy

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from eager import import_torch

PEOPLE, EACH, SIDE = 200, 20, 112
KERNELS = [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]


# --- files ----------------------------------------------------------------------------------------------------------------------


def make(folder: Path) -> None:
    """Pictures with the detail of a face crop: about 5 KB each at quality 95."""
    draw = numpy.random.default_rng(0)
    records, index = io.BytesIO(), []
    with tarfile.open(folder / "faces.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for person in range(PEOPLE):
            (folder / "faces" / f"p{person:03}").mkdir(parents=True)
            coarse = draw.integers(0, 256, (10, 10, 3), numpy.uint8)
            for number in range(EACH):
                smooth = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(numpy.float32)
                pixels = numpy.clip(smooth + draw.normal(0, 6, (SIDE, SIDE, 1)), 0, 255).astype(numpy.uint8)
                jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
                name = f"p{person:03}/{number:02}.jpg"
                (folder / "faces" / name).write_bytes(jpeg)
                info = tarfile.TarInfo(name)
                info.size = len(jpeg)
                tar.addfile(info, io.BytesIO(jpeg))
                index.append((len(index), records.tell()))
                body = struct.pack("<IfQQ", 0, float(person), len(index), 0) + jpeg
                records.write(struct.pack("<II", 0xCED7230A, len(body)) + body + b"\0" * (-len(body) % 4))
    (folder / "faces.rec").write_bytes(records.getvalue())
    (folder / "faces.idx").write_text("".join(f"{number}\t{at}\n" for number, at in index))


class Folder:
    def __init__(self, path):
        self.files = sorted(str(file) for file in Path(path).rglob("*.jpg"))

    def __len__(self):
        return len(self.files)

    def bytes(self, at):
        return Path(self.files[at]).read_bytes()


class Inside:
    """Bytes at places of one file, which each process opens for itself."""

    def __init__(self, path, places):
        self.path, self.places, self.file = path, places, None

    def __len__(self):
        return len(self.places)

    def bytes(self, at):
        if self.file is None:
            self.file = os.open(self.path, os.O_RDONLY)
        return os.pread(self.file, *reversed(self.places[at]))


def inside_record(path):
    places = []
    with open(path, "rb") as file:
        for line in Path(path).with_suffix(".idx").read_text().splitlines():
            at = int(line.split("\t")[1])
            file.seek(at)
            places.append((at + 8 + 24, (struct.unpack("<II", file.read(8))[1] & ((1 << 29) - 1)) - 24))
    return Inside(path, places)


def inside_tar(path):
    with tarfile.open(path) as tar:
        return Inside(path, [(member.offset_data, member.size) for member in tar if member.isfile()])


# --- batches --------------------------------------------------------------------------------------------------------------------


class Pictures:
    """What `torch.utils.data.DataLoader` takes."""

    def __init__(self, torch, files, flip, low):
        self.torch, self.files, self.flip, self.low = torch, files, flip, low

    def __len__(self):
        return len(self.files)

    def __getitem__(self, at):
        pixels = cv2.imdecode(numpy.frombuffer(self.files.bytes(at), numpy.uint8), cv2.IMREAD_COLOR)
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        if self.low:  # AdaFace's: one kernel down, one up
            side = random.randint(22, 111)
            small = cv2.resize(pixels, (side, side), interpolation=random.choice(KERNELS))
            pixels = cv2.resize(small, (SIDE, SIDE), interpolation=random.choice(KERNELS))
        if self.flip and random.random() < 0.5:
            pixels = numpy.ascontiguousarray(pixels[:, ::-1])
        numbers = self.torch.from_numpy(pixels).permute(2, 0, 1).to(self.torch.float32)  # torchvision's ToTensor and Normalize in two passes
        return numbers.sub_(127.5).div_(127.5)


def serve(options) -> None:
    torch = import_torch()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    kind = Path(options.data)
    files = Folder(kind) if kind.is_dir() else inside_record(kind) if kind.suffix == ".rec" else inside_tar(kind)
    pictures = Pictures(torch, files, options.flip, options.low)
    loader = torch.utils.data.DataLoader(
        pictures, batch_size=options.batch, shuffle=True, drop_last=True, num_workers=options.threads, persistent_workers=True, prefetch_factor=2
    )

    def endless():
        while True:
            yield from loader

    batches = endless()
    next(batches)
    print(json.dumps({}), flush=True)
    peak = memory()
    for line in sys.stdin:
        begun = time.perf_counter()
        for _ in range(int(line)):
            next(batches)
        print(time.perf_counter() - begun, flush=True)
        peak = max(peak, memory())
    print(peak, flush=True)


def memory() -> float:
    """MiB of this process and of those that it started: what they share is counted once."""
    total = 0
    for process in [os.getpid(), *children()]:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def children() -> list:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue  # it has ended
        if parent == os.getpid():
            found.append(int(stat.parent.name))
    return found


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("what", choices=["make", "serve"])
    options.add_argument("folder", nargs="?", type=Path)
    options.add_argument("--data")
    options.add_argument("--batch", type=int)
    options.add_argument("--threads", type=int)
    options.add_argument("--flip", action="store_true")
    options.add_argument("--low", action="store_true")
    options = options.parse_args()
    make(options.folder) if options.what == "make" else serve(options)


if __name__ == "__main__":
    main()
