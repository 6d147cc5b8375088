#!/usr/bin/env python3
"""`make bench`: ddl beside PyTorch eager of the same libtorch, and the process times of `ddl`; written into docs/performance.md.

Speeds are ratios taken in one sitting: both sides are started, then take turns, and the median over the rounds counts. Other work on the
machine disturbs both alike, but not equally: look at the spread that is printed with each ratio.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import eager

CHECKOUT = eager.CHECKOUT
PAGE = CHECKOUT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ARM_SECONDS = 2.0  # about how long one side runs in one round


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=7, help="turns of each side (7)")
    options.add_argument("--batch", type=int, default=32, help="images per step (32)")
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of each side (all cores)")
    options.add_argument("--only", choices=["networks", "ddl", "loader", "processes"], help="one part of the measurements")
    options.add_argument("--dry", action="store_true", help="print, and leave docs/performance.md as it is")
    options = options.parse_args()
    parts = [machine(options)]
    if options.only in (None, "networks"):
        parts.append(networks(options))
    if options.only in (None, "ddl"):
        parts.append(distillation(options))
    if options.only in (None, "loader"):
        parts.append(loader(options))
    if options.only in (None, "processes"):
        parts.append(processes())
    text = "\n\n".join(parts)
    print(text)
    if not options.dry and options.only is None:
        write(text)


def machine(options) -> str:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    command = f"make bench ARGS='--rounds {options.rounds} --batch {options.batch} --threads {options.threads}'"
    return f"Measured on {date.today()} by `{command}`: {platform.machine()}, {model}, {len(os.sched_getaffinity(0))} cores."


# --- networks -------------------------------------------------------------------------------------------------------------------


class Side:
    """A process that runs steps of one network when asked."""

    def __init__(self, name: str, command: list, env: dict):
        self.name = name
        self.process = subprocess.Popen([str(c) for c in command], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.answer())
        self.seconds = []

    def answer(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench: {self.name} ended with code {self.process.wait()}")
        return line

    def steps(self, count: int) -> float:
        print(count, file=self.process.stdin, flush=True)
        return float(self.answer()) / count

    def peak_mib(self) -> float:
        self.process.stdin.close()
        peak = float(self.answer())
        self.process.wait()
        return peak


def networks(options) -> str:
    env, speed = eager.environment(), build("speed")
    rows = []
    for network in ("mobilefacenet", "iresnet18"):
        for mode in ("train", "infer"):
            what = ["--network", network, "--mode", mode, "--batch", options.batch, "--threads", options.threads]
            worker = [sys.executable, Path(__file__).parent / "worker.py", *what]
            sides = [
                Side("ddl", [speed, *what], dict(os.environ)),
                Side("eager", worker, env),
                Side("eager, channels last", [*worker, "--channels-last"], env),
            ]
            if len({side.about["parameters"] for side in sides}) != 1:
                sys.exit(f"bench: the sides of {network} differ: {[side.about for side in sides]}")
            rows.append(row(network, mode, options, take_turns(sides, options.rounds)))
            print(rows[-1], file=sys.stderr, flush=True)
    head = [
        "| network | | ddl images/s | eager images/s | **ratio** (quartiles) | ratio to eager in channels-last | ddl peak MiB | eager peak MiB | **eager / ddl** |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    note = (
        f"Batch {options.batch}, 112x112, {options.threads} threads, full precision. Training: forward, ArcFace over 1,000 people, backward, SGD with "
        "momentum and weight decay. Eager: PyTorch's modules as their authors write them, same libtorch; in the extra column, converted to "
        "`channels_last`. Ratios above 1 mean that ddl is faster, or smaller."
    )
    return "\n".join(["### Networks", "", *head, *rows, "", note])


def take_turns(sides: list, rounds: int) -> list:
    for side in sides:
        side.count = max(1, round(ARM_SECONDS / side.steps(1)))
    for turn in range(rounds):
        for side in sides[turn % len(sides) :] + sides[: turn % len(sides)]:
            side.seconds.append(side.steps(side.count))
    return sides


def row(network: str, mode: str, options, sides: list) -> str:
    ddl, plain, channels_last = sides
    rate = lambda side: f"{options.batch / statistics.median(side.seconds):.1f}"
    ratios = lambda other: [theirs / ours for ours, theirs in zip(ddl.seconds, other.seconds)]
    low, middle, high = statistics.quantiles(ratios(plain), n=4)
    ours, theirs, _ = [side.peak_mib() for side in sides]
    return (
        f"| {network} | {'training' if mode == 'train' else 'inference'} | {rate(ddl)} | {rate(plain)} | **{middle:.2f}** ({low:.2f}-{high:.2f}) "
        f"| {statistics.median(ratios(channels_last)):.2f} | {ours:.0f} | {theirs:.0f} | **{theirs / ours:.2f}** |"
    )


def build(bench: str, package: str = "ddl-engine") -> Path:
    command = ["cargo", "build", "--release", "--locked", "-p", package, "--bench", bench, "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return Path(next(m["executable"] for m in messages if m.get("target", {}).get("name") == bench and m.get("executable")))


# --- images of files --------------------------------------------------------------------------------------------------------------

LOW = ", augment = std.degrade.adaface_low_resolution(p = 100%)"
CHANGES = {"none": ("", []), "flip": (", augment = flip()", ["--flip"]), "flip, low resolution": (LOW.replace("= std", "= [flip(), std") + "]", ["--flip", "--low"])}


def loader(options) -> str:
    env, ours, theirs = eager.environment(), build("loader", "ddl"), Path(__file__).parent / "loading.py"
    batch, rows, bounds = 128, [], []
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([sys.executable, theirs, "make", folder], env=env)
        if made.returncode != 0:
            return "### Images of files\n\nNot measured: the loader that ddl is held against needs OpenCV and NumPy (`pip install opencv-python-headless numpy`)."
        for what in ("read", "decode"):
            command = [ours, "--what", what, "--data", f"{folder}/faces", "--threads", str(options.threads)]
            bounds.append(float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
        for kind in ("faces", "faces.rec", "faces.tar"):
            for name, (augment, flags) in CHANGES.items():
                common = ["--data", f"{folder}/{kind}", "--batch", batch, "--threads", options.threads]
                sides = [
                    Side("ddl", [ours, "--what", "batches", *common, "--augment", augment], dict(os.environ)),
                    Side("torch", [sys.executable, theirs, "serve", *common, *flags], env),
                ]
                sides = take_turns(sides, options.rounds)
                rates = [batch / statistics.median(side.seconds) for side in sides]
                low, middle, high = statistics.quantiles([b / a for a, b in zip(sides[0].seconds, sides[1].seconds)], n=4)
                peaks = [side.peak_mib() for side in sides]
                rows.append(
                    f"| {kind.replace('faces.', '.').replace('faces', 'folder')} | {name} | {rates[0]:.0f} | {rates[1]:.0f} | **{middle:.2f}** ({low:.2f}-{high:.2f}) "
                    f"| {peaks[0]:.0f} | {peaks[1]:.0f} | **{peaks[1] / peaks[0]:.2f}** |"
                )
                print(rows[-1], file=sys.stderr, flush=True)
    head = [
        "| files | changes | ddl images/s | PyTorch images/s | **ratio** (quartiles) | ddl MiB | PyTorch MiB | **PyTorch / ddl** |",
        "|---|---|---|---|---|---|---|---|",
    ]
    note = (
        f"4,000 JPEGs of 112 pixels, batches of {batch}, shuffled, normalised numbers of 32 bits, {options.threads} threads of ddl and as many workers of "
        "PyTorch's `DataLoader` over OpenCV; files lie in the system's cache. Low resolution is AdaFace's, for every image. Memory is the peak of all processes of a side. "
        f"On its own, reading the folder's files goes at {bounds[0]:.0f} images/s and decoding them at {bounds[1]:.0f}: no loader over this decoder is faster."
    )
    return "\n".join(["### Images of files", "", *head, *rows, "", note])


# --- the distribution distillation loss -----------------------------------------------------------------------------------------

PAIRS = 32  # of each branch, and as many different people


def distillation(options) -> str:
    env, loss, images = eager.environment(), build("distillation"), 3 * PAIRS
    what = ["--network", "mobilefacenet", "--mode", "train", "--batch", images, "--threads", options.threads]
    step, rows = Side("a step", [build("speed"), *what], dict(os.environ)), []
    for students in (1, 4):
        what = ["--students", students, "--pairs", PAIRS, "--threads", options.threads]
        worker = [sys.executable, Path(__file__).parent / "worker.py", "--mode", "distil", *what]
        ours, theirs = Side("ddl's loss", [loss, *what], dict(os.environ)), Side("eager's loss", worker, env)
        if abs(ours.about["value"] - theirs.about["value"]) > 1e-4 * abs(theirs.about["value"]):
            sys.exit(f"bench: the losses differ: {ours.about} and {theirs.about}")
        step.seconds = []
        take_turns([step, ours, theirs], options.rounds)
        shares = lambda side: [100 * own / (whole * (students + 1)) for own, whole in zip(side.seconds, step.seconds)]
        low, middle, high = statistics.quantiles(shares(ours), n=4)
        rows.append(
            f"| {students} | {1000 * statistics.median(ours.seconds):.2f} | {1000 * (students + 1) * statistics.median(step.seconds):.0f} "
            f"| **{middle:.2f} %** ({low:.2f}-{high:.2f}) | {statistics.median(shares(theirs)):.2f} % |"
        )
        print(rows[-1], file=sys.stderr, flush=True)
        ours.peak_mib(), theirs.peak_mib()
    step.peak_mib()
    head = ["| students | loss ms | step ms | **share** (quartiles) | share of eager's loss |", "|---|---|---|---|---|"]
    note = (
        f"Forward and backward of the distribution distillation loss alone, {PAIRS} pairs and {PAIRS} different people in each branch, embeddings "
        f"128 wide, beside ddl's training step of MobileFaceNet (as above) on as many images, {images} for each branch; the step is timed on "
        f"the images of one branch and counted once for each. {options.threads} threads. Eager: the loss as released, in PyTorch's own operators."
    )
    return "\n".join(["### The distribution distillation loss", "", *head, *rows, "", note])


# --- processes ------------------------------------------------------------------------------------------------------------------


def processes() -> str:
    ddl = CHECKOUT / "target" / "release" / "ddl"
    quickstart = CHECKOUT / "pipelines" / "quickstart.ddl"
    rows = ["### Processes", "", "| command | median ms | fastest ms | runs |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        thousand = Path(folder) / "thousand.ddl"
        thousand.write_text(thousand_declarations())
        lines = len(thousand.read_text().splitlines()) - 1
        rows.append(timed("`ddl check pipelines/quickstart.ddl`", [ddl, "check", quickstart], 50))
        rows.append(timed(f"`ddl plan` of {lines:,} declarations", [ddl, "plan", thousand], 50))
        out = ["--out", Path(folder) / "out"]
        subprocess.run([str(c) for c in [ddl, "run", quickstart, *out]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rows.append(timed("`ddl run pipelines/quickstart.ddl` with nothing to do", [ddl, "run", quickstart, *out], 20))
    rows += ["", "Whole processes, from start to exit."]
    return "\n".join(rows)


def timed(name: str, command: list, runs: int) -> str:
    command, seconds = [str(c) for c in command], []
    for _ in range(runs + 2):
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seconds.append(time.perf_counter() - start)
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} ended with code {done.returncode}:\n{done.stdout}")
    seconds = seconds[2:]
    return f"| {name} | {statistics.median(seconds) * 1000:.1f} | {min(seconds) * 1000:.1f} | {runs} |"


def thousand_declarations() -> str:
    """100 data sets with 9 declarations each on top, and what they share: a recipe of 1,000 declarations in all."""
    lines = [
        "ddl 1",
        "dataset faces = synthetic_faces(identities = 64, images = 8, yaw = -60deg..60deg, size = 112px)",
        'let people = faces |> split({train = 75%, test = 25%}, by = .identity, order = "sorted")',
    ]
    for i in range(112):
        lines += [
            f"dataset easy_{i} = people.train |> where(abs(.yaw) < {5 + i * 0.1:.1f}deg)",
            f"dataset hard_{i} = people.train |> where(abs(.yaw) > {30 + i * 0.1:.1f}deg)",
            f"backbone net_{i} = tiny(embedding = 32, seed = {i})",
            f"head arc_{i} = arcface(scale = 32, margin = {0.2 + i * 0.001:.3f}rad)",
            f"batches e_{i} = draw(easy_{i}, by = balanced(), size = 16, seed = {i})",
            f"batches h_{i} = draw(hard_{i}, by = balanced(), size = 16, seed = {i})",
            f"stage warm_{i} = train(net_{i}, classify(people.train, arc_{i}), batch = 32, for = 1 epoch, seed = {i}, optimizer = sgd(lr = 0.1))",
            f"stage ft_{i} = train(warm_{i}, classify(e_{i}, arc_{i}) + classify(h_{i}, arc_{i}), for = 1 epoch, optimizer = sgd(lr = 0.01))",
            f"export out_{i} = safetensors(ft_{i}, to = \"{i}.safetensors\")",
        ]
    return "\n".join(lines[:1001]) + "\n"


# --- the page -------------------------------------------------------------------------------------------------------------------


def write(text: str) -> None:
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    new = PAGE.with_suffix(".md.new")
    new.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    new.replace(PAGE)
    print(f"written to {PAGE.relative_to(CHECKOUT)}", file=sys.stderr)


if __name__ == "__main__":
    if shutil.which("nm") is None:
        sys.exit("bench: binutils are needed (nm, readelf)")
    try:
        main()
    except eager.NoTorch as why:
        sys.exit(f"bench: {why}")
