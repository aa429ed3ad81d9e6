from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prism_engine.backends.vllm import checkpoints
from prism_engine.backends.vllm.checkpoints import SIDECAR, checkpoint_facts, local_folder
from prism_engine.errors import ConfigError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja", "modeling_x.py"):
        (folder / name).write_text(f"contents of {name}")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def digest(folder: Path, cache: Path) -> str:
    ((kind, value),) = checkpoint_facts(str(folder), None, cache_dir=cache)
    assert kind == "weights"
    return value


def test_a_copy_elsewhere_is_the_same_model(model: Path, cache: Path, tmp_path: Path):
    before = digest(model, cache)
    assert before.startswith("sha256:")
    assert digest(model.rename(tmp_path / "moved"), cache) == before


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "chat_template.jinja",
        "modeling_x.py",
        "generation_config.json",
    ],
)
def test_what_shapes_the_output_changes_the_digest(model: Path, cache: Path, name: str):
    before = digest(model, cache)
    (model / name).write_text("something else")
    assert digest(model, cache) != before


def test_a_renamed_file_changes_the_digest(model: Path, cache: Path):
    before = digest(model, cache)
    (model / "model.safetensors").rename(model / "other.safetensors")
    assert digest(model, cache) != before


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        ".gitattributes",
        ".git/config.json",
        "optimizer.pt",
        "training_args.bin",
        "checkpoint-5/model.safetensors",
    ],
)
def test_other_files_do_not(model: Path, cache: Path, name: str):
    before = digest(model, cache)
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_text("whatever")
    assert digest(model, cache) == before


def test_weights_are_read_once(model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    first = digest(model, cache)
    assert len(json.loads((cache / SIDECAR).read_text())) == 5
    monkeypatch.setattr(checkpoints, "_file_digest", lambda path: pytest.fail(f"read {path} again"))
    assert digest(model, cache) == first


def test_a_damaged_sidecar_costs_nothing_but_time(model: Path, cache: Path):
    first = digest(model, cache)
    for damage in ("not json", "[]", '{"a": '):
        (cache / SIDECAR).write_text(damage)
        assert digest(model, cache) == first


def test_a_changed_file_of_the_same_size_is_noticed(model: Path, cache: Path):
    before = digest(model, cache)
    weights = model / "model.safetensors"
    weights.write_text("CONTENTS OF MODEL.SAFETENSORS"[: weights.stat().st_size])
    os.utime(weights, ns=(1, 1))
    assert digest(model, cache) != before


def test_weights_that_cannot_be_read_are_named(model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # not chmod: tests may run as root
    with pytest.raises(ConfigError, match=r"model/.*: cannot read this file of the model \(Permission denied\)"):
        checkpoint_facts(str(model), None, cache_dir=cache)


def test_a_folder_may_start_with_a_tilde(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(model.parent))
    assert local_folder("~/model") == local_folder(str(model)) == model


@pytest.mark.parametrize("name", ["org/name", "~nobody-is-called-so/model", "x" * 5000, "nul\0"])
def test_anything_else_is_not_a_folder(name: str):
    assert local_folder(name) is None


def test_a_folder_without_weights_is_no_checkpoint(tmp_path: Path, cache: Path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match="contains no weights"):
        checkpoint_facts(str(tmp_path), None, cache_dir=cache)


def test_a_hub_model_is_its_commit(cache: Path):
    assert checkpoint_facts("org/name", COMMIT, cache_dir=cache) == (("hub", f"org/name@{COMMIT}"),)


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"])
def test_a_downloaded_branch_needs_no_network(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
):
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    inside = {"HF_HOME": "hub", "HF_HUB_CACHE": ".", "XDG_CACHE_HOME": "huggingface/hub"}[variable]
    refs = tmp_path / inside / "models--org--name" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text(COMMIT)
    (refs / "v1").write_text(COMMIT[::-1])
    assert checkpoint_facts("org/name", None, cache_dir=cache) == (("hub", f"org/name@{COMMIT}"),)
    assert checkpoint_facts("org/name", "v1", cache_dir=cache) == (("hub", f"org/name@{COMMIT[::-1]}"),)


@pytest.mark.parametrize("model", ["/no/such/folder", "not a name", "a/b/c", ""])
def test_neither_folder_nor_hub_id_is_an_error(cache: Path, model: str):
    with pytest.raises(ConfigError):
        checkpoint_facts(model, None, cache_dir=cache)


def test_an_unreachable_hub_says_what_to_do(cache: Path, tmp_path: Path):
    code = (
        "from pathlib import Path; from prism_engine.backends.vllm.checkpoints import checkpoint_facts\n"
        "from prism_engine.errors import ConfigError\n"
        f"try: checkpoint_facts('org/name', None, cache_dir=Path({str(cache)!r}))\n"
        "except ConfigError as error: print(error)\n"
    )
    environment = os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "org/name" in done.stdout
    assert "commit (40 hex digits)" in done.stdout


def test_identifying_a_folder_imports_nothing_heavy(model: Path, cache: Path):
    code = (
        "import sys; from pathlib import Path; from prism_engine.backends.vllm.checkpoints import checkpoint_facts\n"
        f"checkpoint_facts({str(model)!r}, None, cache_dir=Path({str(cache)!r}))\n"
        "print(sorted({'torch', 'vllm', 'transformers', 'huggingface_hub'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
