"""Makes the PyTorch that lies beside our libtorch importable, so that ddl and what it is held against run the very same library.

The benchmark uses it, and the test that holds every network against PyTorch (src/engine/tests/torch.rs). Run as a program, it prepares what
`import_torch` needs. libtorch is looked for in LIBTORCH, else in the checkout's link `.libtorch`.

The CPU variant of .tools/setup-libtorch holds the wheel's Python files too, but `libtorch_python.so` still asks for CUDA libraries by
name. Nothing of them is called on a CPU: stand-ins that define the symbols are enough. What PyTorch imports in pure Python is fetched
beside them, into the user's cache.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("LIBTORCH") or CHECKOUT / ".libtorch").resolve()
PURE = {
    "filelock": "filelock==3.20.0",
    "typing_extensions": "typing_extensions==4.15.0",
    "mpmath": "mpmath==1.3.0",
    "sympy": "sympy==1.14.0",
    "networkx": "networkx==3.4.2",
    "markupsafe": "markupsafe==3.0.3",
    "jinja2": "jinja2==3.1.6",
    "fsspec": "fsspec==2025.10.0",
}
# libtorch_python.so asks for these; the symbols all lie in the first stand-in.
STAND_INS = ["libtorch_cuda.so", "libc10_cuda.so", "libcudnn.so.9", "libcufile.so.0", "libnccl.so.2"]


class NoTorch(Exception):
    """Why there is no PyTorch to import."""


def environment(prepare: bool = True) -> dict:
    """The environment in which `import_torch` works. Prepares the stand-ins and packages when they are not there, if it may."""
    tag = f"cpython-{sys.version_info[0]}{sys.version_info[1]}"
    if not list(HOME.glob(f"_C.{tag}-*.so")):
        raise NoTorch(f"the PyTorch in {HOME} is not for this Python ({tag}): name the one that it is for, PYTHON=...")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ddl"
    place = base / f"bench-{HOME.parent.name}-{tag}"
    if not place.is_dir() and not prepare:
        raise NoTorch(f"what PyTorch imports is not prepared ({place}): run `{sys.executable} .tools/bench/eager.py`")
    if not place.is_dir():
        base.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=base, prefix=f".{place.name}."))
        try:
            fetch_pure(made / "site")
            (made / "lib").mkdir()
            if not (HOME / "lib" / "libtorch_cuda.so").exists():
                make_stand_ins(made / "lib")
            try:
                made.rename(place)
            except OSError:
                if not place.is_dir():  # else another bench was first
                    raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    paths = [str(HOME.parent), str(place / "site")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "LD_LIBRARY_PATH": str(place / "lib")}


def fetch_pure(into: Path) -> None:
    into.mkdir()
    missing = [wheel for name, wheel in PURE.items() if importlib.util.find_spec(name) is None]
    if missing:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--root-user-action=ignore", "--no-deps", "--no-compile", f"--target={into}", *missing]
        subprocess.run(command, check=True, stdout=sys.stderr)


def make_stand_ins(into: Path) -> None:
    calls, objects = missing_symbols()
    lines = ['.section .note.GNU-stack,"",@progbits', ".data", ".balign 65536", "nothing: .zero 65536"]
    for name in objects:
        lines += [".balign 16", f".globl {name}", f".type {name},@object", f"{name}:"]
        if name.startswith("_ZTI"):  # pybind11 looks into type infos
            lines += [".quad _ZTVN10__cxxabiv117__class_type_infoE+16, 1f", f'1: .asciz "{name[4:]}"']
        else:
            lines += [".zero 512"]
    # A call gives the address of zeros whose own low byte is zero: a reference to nothing, null inside, false as a bool.
    lines += [".text"]
    for name in calls:
        lines += [f".globl {name}", f".type {name},@function", f"{name}: lea nothing(%rip), %rax", "ret"]
    source = into / "nothing.s"
    source.write_text("\n".join(lines) + "\n")
    compiler = os.environ.get("CXX", "c++").split()
    for name in STAND_INS:
        content = [str(source)] if name == STAND_INS[0] else ["-x", "c", os.devnull]
        subprocess.run([*compiler, "-shared", "-o", str(into / name), f"-Wl,-soname,{name}", *content], check=True)
    source.unlink()


def missing_symbols():
    """What libtorch_python.so wants and nobody here defines: functions that are only called, and everything else."""
    asking = HOME / "lib" / "libtorch_python.so"
    wanted = {line.split()[0].split("@")[0] for line in output("nm", "-D", "-P", "--undefined-only", asking) if line.split()[1] == "U"}
    loaded = re.findall(r"=> (/\S+)", "\n".join(output("ldd", HOME / "lib" / "libtorch_cpu.so")))
    present = set()
    for library in [*loaded, HOME / "lib" / "libtorch_cpu.so", HOME / "lib" / "libshm.so", asking]:
        present |= {line.split()[0].split("@")[0] for line in output("nm", "-D", "-P", "--defined-only", library)}
    missing = sorted(name for name in wanted - present if not name.startswith(("Py", "_Py")))
    slots = "\n".join(line for line in output("readelf", "-rW", asking) if "R_X86_64_JUMP_SLO" in line)
    called = {name.split("@")[0] for name in re.findall(r"R_X86_64_JUMP_SLO\w*\s+\S+\s+(\S+)", slots)}
    return [name for name in missing if name in called], [name for name in missing if name not in called]


def output(*command) -> list:
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


class WithoutDistributed(importlib.abc.MetaPathFinder):
    """Takes away the entries by which PyTorch finds that its distributed part was built in: it would ask for NCCL."""

    def find_spec(self, name, path, target=None):
        if name != "torch._C":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            for entry in ("_c10d_init", "_rpc_init", "_dist_autograd_init"):
                if hasattr(module, entry):
                    delattr(module, entry)

        spec.loader.exec_module = exec_module
        return spec


def import_torch():
    """`torch`, in a process that was started with `environment()`."""
    if not (HOME / "lib" / "libtorch_cuda.so").exists():
        sys.meta_path.insert(0, WithoutDistributed())
    import torch

    return torch


NO_TORCH = 77  # exit code of a script that needs PyTorch where there is none
INSIDE = "DDL_EAGER"  # set where the environment is PyTorch's already


def with_torch(started: bool):
    """PyTorch for a script. One that was started itself (and not imported) starts again in PyTorch's environment, or ends and says why there is none."""
    if started and INSIDE not in os.environ:
        try:
            inside = environment(prepare=False)
        except NoTorch as why:
            print(why, file=sys.stderr)
            sys.exit(NO_TORCH)
        os.execve(sys.executable, [sys.executable, *sys.argv], {**inside, INSIDE: "1"})
    return import_torch()


def main() -> None:
    try:
        environment()
    except (NoTorch, OSError, subprocess.CalledProcessError) as why:
        sys.exit(f"PyTorch can't be imported here: {why}")


if __name__ == "__main__":
    main()
