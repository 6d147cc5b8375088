#!/usr/bin/env python3
"""PyTorch's side of src/engine/tests/torch.rs, one process for all networks.

A line of JSON comes in for each network (`op`, `args`, `sides`, `modes`, `files`, `folder`); the folder holds what ddl exported
(`weights.safetensors`) and what both sides work on (`given.safetensors`: `pixels` `[n, height, width, 3]` as bytes, red first, and
`functional` `[n, d]`, and `shuffle` where training hides tokens). Into it go `found.safetensors`, in float64: for each mode the embedding, the gradients of `sum(embedding *
functional)` with respect to the network's input and to each parameter, and the running statistics after it; and the weights again, as
`torch.save` writes them (`legacy.pth`: as it did before 1.6). Then a line goes out.

Ends with 77, and says why, where Python's torch is not to be had.
"""

import ctypes
import json
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / ".tools" / "bench")]
import eager

torch = eager.with_torch(__name__ == "__main__")
from networks import FAMILIES

KINDS = {"F32": torch.float32, "F64": torch.float64, "U8": torch.uint8, "I64": torch.int64}


def read(path: Path) -> dict:
    raw = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, about in header.items():
        kind, (begin, end) = KINDS[about["dtype"]], about["data_offsets"]
        flat = torch.frombuffer(raw, dtype=kind, offset=8 + length + begin, count=(end - begin) // kind.itemsize)
        tensors[name] = flat.reshape(about["shape"]).clone()
    return tensors


def write(path: Path, tensors: dict) -> None:
    header, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        tensor = tensor.detach().double().contiguous()
        parts.append(ctypes.string_at(tensor.data_ptr(), tensor.nbytes))
        header[name] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def measure(network, images, functional, mode) -> dict:
    """The embedding and every gradient."""
    network.train(mode == "train")
    network.zero_grad()
    images = images.clone().requires_grad_()
    embedding = network(images)
    (embedding * functional).sum().backward()
    found = {f"{mode}.embedding": embedding, f"{mode}.input": images.grad}
    found |= {f"{mode}.gradient.{name}": p.grad for name, p in network.named_parameters() if p.grad is not None}
    if mode == "train":
        found |= {f"{mode}.after.{name}": b for name, b in network.named_buffers() if not name.endswith("num_batches_tracked")}
    return {name: tensor.clone() for name, tensor in found.items()}


def run(case: dict, folder: Path) -> None:
    network, prepare = FAMILIES[case["op"]](sides=case["sides"], **case["args"])
    network.load_state_dict(read(folder / "weights.safetensors"), strict=True)
    for file in case["files"]:
        torch.save(network.state_dict(), folder / file, _use_new_zipfile_serialization=file != "legacy.pth")
    given = read(folder / "given.safetensors")
    images = prepare(given["pixels"].double().permute(0, 3, 1, 2))
    network.double()
    network.shuffle = given.get("shuffle")
    found = {}
    for mode in case["modes"]:
        found |= measure(network, images, given["functional"], mode)
    write(folder / "found.safetensors", found)


def main() -> None:
    for line in sys.stdin:
        case = json.loads(line)
        run(case, Path(case["folder"]))
        print("done", flush=True)


if __name__ == "__main__":
    main()
