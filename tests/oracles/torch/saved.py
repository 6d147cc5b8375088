#!/usr/bin/env python3
"""PyTorch's side of tests/torch_files.rs: files as people save them, and what they hold.

    saved.py write FOLDER            writes a file for each way, and told.json: by the file's name `{name: {dtype, shape, numbers}}` of its state dict
    saved.py mend CODE PATH NEW      does what a message of ddl's tells to do about the file at PATH, with today's PyTorch

Ends with 77, and says why, where Python's torch is not to be had.
"""

import argparse
import collections
import json
import pickle
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / ".tools" / "bench")]
import eager

torch = eager.with_torch(__name__ == "__main__")
warnings.simplefilter("ignore")


class Net(torch.nn.Module):
    """A network of somebody's own code, with a buffer and a weight that two layers share."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.bn = torch.nn.BatchNorm2d(4)
        self.fc = torch.nn.Linear(4, 5)
        self.tied = torch.nn.Linear(4, 5)
        self.tied.weight = self.fc.weight

    def forward(self, x):
        return self.tied(self.fc(self.bn(self.conv(x)).mean((2, 3))).matmul(self.fc.weight))


class Options:
    """Options of a training script."""

    def __init__(self):
        self.lr = 0.1
        self.betas = (0.9, 0.999)


class Subclass(torch.Tensor):
    pass


def state():
    torch.manual_seed(0)
    return Net().state_dict()


def of_kind(kind):
    return {name: tensor.to(kind) if tensor.is_floating_point() else tensor for name, tensor in state().items()}


def views():
    base = torch.arange(60, dtype=torch.float32)
    return {
        "turned": base[:12].reshape(3, 4).t(),
        "later": base[7:13],
        "every second": base[::2],
        "column": base.reshape(6, 10)[:, 3],
        "block": base.reshape(3, 4, 5)[1:, :2, ::2],
        "permuted": base[:24].reshape(2, 3, 4).permute(2, 0, 1),
        "channels last": base[:48].reshape(2, 3, 2, 4).to(memory_format=torch.channels_last),
        "scalar": base[5],
        "none": base[:0],
        "one side": base[:6].reshape(1, 6, 1),
    }


def trained():
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])
    net(torch.ones(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    return net, optimizer, scheduler


def checkpoint():
    net, optimizer, scheduler = trained()
    told = net.state_dict()
    whole = {
        "epoch": 3,
        "state_dict": told,
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "best": 0.5,
        "rng": torch.get_rng_state(),
    }
    return whole, told


def tagged(where):
    """A file that says that its numbers were on another device, as one saved there does."""

    def write(value, path):
        real = torch.serialization.location_tag
        torch.serialization.location_tag = lambda storage: where
        try:
            torch.save(value, path)
        finally:
            torch.serialization.location_tag = real

    return write


def legacy(value, path):
    torch.save(value, path, _use_new_zipfile_serialization=False)


def protocol(number):
    return lambda value, path: torch.save(value, path, pickle_protocol=number)


def scripted(value, path):
    torch.jit.save(torch.jit.trace(value.eval(), torch.ones(1, 3, 8, 8)), path)


def exported(value, path):
    torch.export.save(torch.export.export(value.eval(), (torch.ones(1, 3, 8, 8),)), path)


def quantised():
    return torch.quantize_per_tensor(torch.tensor([0.5, 1.0]), 0.1, 10, torch.quint8)


def numpy_scalar():
    import numpy

    return numpy.float64(0.5), numpy.arange(3)


def files():
    """Each way: its name, what is saved, the state dict that it holds, how it is written."""
    zipped = torch.save
    wrapped = lambda prefix: {prefix + name: tensor for name, tensor in state().items()}
    both = lambda name, make: [(f"{name}.pt", make, None, zipped), (f"{name}.legacy.pt", make, None, legacy)]
    ways = [
        *both("state", state),
        ("protocol1.pt", state, None, protocol(1)),
        ("protocol3.pt", state, None, protocol(3)),
        ("protocol4.pt", state, None, protocol(4)),
        ("protocol5.pt", state, None, protocol(5)),
        *both("f16", lambda: of_kind(torch.float16)),
        *both("bf16", lambda: of_kind(torch.bfloat16)),
        *both("f64", lambda: of_kind(torch.float64)),
        *both("views", views),
        *both("parameters", lambda: collections.OrderedDict(Net().named_parameters(remove_duplicate=False))),
        *both("plain dict", lambda: dict(state())),
        ("module.pt", lambda: wrapped("module."), None, zipped),
        ("orig_mod.pt", lambda: wrapped("_orig_mod."), None, zipped),
        ("subclass.pt", lambda: {name: tensor.as_subclass(Subclass) for name, tensor in state().items()}, None, zipped),
        ("cuda.pt", state, None, tagged("cuda:3")),
        ("cuda.legacy.pt", state, None, lambda value, path: legacy_tagged(value, path, "cuda:3")),
        ("mps.pt", state, None, tagged("mps")),
        ("xla.pt", state, None, tagged("xla:0")),
        ("options.pt", lambda: {"state_dict": state(), "args": Options(), "ns": argparse.Namespace(lr=0.1)}, "state_dict", zipped),
        ("requires_grad.pt", lambda: {name: tensor.clone().requires_grad_(tensor.is_floating_point()) for name, tensor in state().items()}, None, zipped),
        ("expanded.pt", lambda: {"fc.weight": torch.arange(3.0).expand(2, 3)}, None, zipped),
        ("complex.pt", lambda: {"fc.weight": torch.ones(2, 3, dtype=torch.complex64)}, None, zipped),
        ("conjugate.pt", lambda: {"fc.weight": torch.ones(2, dtype=torch.complex64).conj()}, None, zipped),
        ("sparse.pt", lambda: {"fc.weight": torch.eye(3).to_sparse()}, None, zipped),
        ("quantised.pt", lambda: {"fc.weight": quantised()}, None, zipped),
        ("meta.pt", lambda: {"fc.weight": torch.ones(2, 3, device="meta")}, None, zipped),
        ("nested.pt", lambda: {"fc.weight": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])}, None, zipped),
        *both("model", Net),
        ("parallel model.pt", lambda: torch.nn.DataParallel(Net()), "module", zipped),
        ("sequential.pt", lambda: torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.PReLU()), None, zipped),
        ("model in checkpoint.pt", lambda: {"epoch": 1, "model": Net()}, None, zipped),
        ("one tensor.pt", lambda: torch.ones(3), None, zipped),
        ("list.pt", lambda: [torch.ones(3), torch.zeros(2)], None, zipped),
        ("script.pt", Net, None, scripted),
        ("exported.pt2", Net, None, exported),
        ("plain pickle.pkl", lambda: {"lr": 0.1}, None, lambda value, path: path.write_bytes(pickle.dumps(value))),
        ("numpy.pt", lambda: {"state_dict": state(), "best": numpy_scalar()}, "state_dict", zipped),
    ]
    for name, make, inside, write in ways:
        torch.manual_seed(0)
        try:
            value = make()
            yield name, value, inside, write
        except ImportError as why:
            print(f"{name} is not written: {why}", file=sys.stderr)
    whole, told = checkpoint()
    yield "checkpoint.pt", whole, "state_dict", zipped
    yield "checkpoint.legacy.pt", whole, "state_dict", legacy


def legacy_tagged(value, path, where):
    real = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: where
    try:
        legacy(value, path)
    finally:
        torch.serialization.location_tag = real


def state_dict_of(value, inside):
    value = value[inside] if isinstance(value, dict) and inside else value
    if isinstance(value, dict) and isinstance(value.get("model"), torch.nn.Module):
        value = value["model"]
    if isinstance(value, torch.nn.Module):
        value = value.state_dict()
    return value if isinstance(value, dict) else {}


def told_of(tensors):
    told = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            continue
        if tensor.is_sparse or tensor.is_quantized:
            tensor = tensor.dequantize() if tensor.is_quantized else tensor.to_dense()  # as they are after mending
        about = {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": None, "numbers": None}
        try:
            plain = tensor.detach().as_subclass(torch.Tensor) if isinstance(tensor, Subclass) else tensor.detach()
            about["shape"] = list(plain.shape)
            about["numbers"] = plain.to(torch.float64).reshape(-1).tolist()
        except (RuntimeError, NotImplementedError):
            pass  # no numbers that anything could be compared with
        told[name] = about
    return told


def write(folder):
    told = {}
    for name, value, inside, save in files():
        save(value, folder / name)
        told[name] = told_of(state_dict_of(value, inside))
    (folder / "told.json").write_text(json.dumps(told))


def mend(code, path, new):
    exec(code, {"torch": torch, "path": path, "new": new})


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        mend(*sys.argv[2:5])
