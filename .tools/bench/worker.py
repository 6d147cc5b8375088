"""PyTorch's side: runs steps when it is told how many. The Rust sides, src/engine/benches, talk alike.

First line out: what is run, as JSON. Then for each line in, a number of steps, one line out: the seconds that they took. At the end of
the input: the process's peak memory in MiB.
"""

import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "oracles" / "torch")]
from eager import import_torch

torch = import_torch()
import distillation
from networks import FAMILIES
from torch.nn import functional

NETWORKS = {"mobilefacenet": "mobilefacenet", "iresnet18": "iresnet"}  # as families are declared, by default
CLASSES, SCALE, MARGIN = 1000, 64.0, 0.5


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--mode", choices=["train", "infer", "distil"], required=True)
    options.add_argument("--threads", type=int, required=True)
    options.add_argument("--network", choices=sorted(NETWORKS))
    options.add_argument("--batch", type=int)
    options.add_argument("--channels-last", action="store_true")
    options.add_argument("--students", type=int)
    options.add_argument("--pairs", type=int)
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if options.mode == "distil":
        step = distillation.steps(options.students, options.pairs)
        serve({"value": step()}, step)
        return
    network, _ = FAMILIES[NETWORKS[options.network]]()
    images = torch.randn(options.batch, 3, 112, 112)
    if options.channels_last:
        network, images = network.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    parameters = sum(p.numel() for p in network.parameters())
    step = training(network, images) if options.mode == "train" else inference(network, images)
    serve({"parameters": parameters, "torch": torch.__version__}, step)


def serve(about: dict, step) -> None:
    step()
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - start, flush=True)
    print(peak_mib())


def training(network, images):
    """One step: ArcFace over 1,000 people, SGD with momentum and weight decay."""
    network.train()
    prototypes = torch.nn.Parameter(torch.randn(CLASSES, network(images[:2]).shape[1]) * 0.01)
    people = torch.arange(images.shape[0]) % CLASSES
    optimizer = torch.optim.SGD([*network.parameters(), prototypes], lr=1e-3, momentum=0.9, weight_decay=5e-4)

    def step():
        optimizer.zero_grad()
        cosine = functional.linear(functional.normalize(network(images)), functional.normalize(prototypes))
        angle = torch.acos(cosine.clamp(-1 + 1e-7, 1 - 1e-7))
        margin = MARGIN * functional.one_hot(people, CLASSES)
        loss = functional.cross_entropy(SCALE * torch.cos(angle + margin), people)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def inference(network, images):
    network.eval()

    def step():
        with torch.inference_mode():
            return network(images)

    return step


def peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
