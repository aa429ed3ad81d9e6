"""Tests of reading and writing tensors one at a time."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from prism_engine.convert.weights import Shards, Weights, read_json
from prism_engine.errors import ConfigError


def test_several_files_are_one_checkpoint(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({"b": torch.zeros(3)}, tmp_path / "model-00002-of-00002.safetensors")
    with Weights(tmp_path) as weights:
        assert list(weights) == ["a", "b"]
        assert weights["b"].shape == (3,)
        with pytest.raises(ConfigError, match="no tensor 'c'"):
            weights["c"]


def test_pickled_weights_are_read_as_data_and_never_as_code(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "pytorch_model.bin")
    with Weights(tmp_path) as weights:
        assert weights["a"].tolist() == [1, 1]

    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "harmed"), "w"))

    torch.save({"a": Harmful()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"pytorch_model\.bin"), Weights(tmp_path):
        pass
    assert not (tmp_path / "harmed").exists()


def test_a_folder_without_weights_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no weights here"):
        Weights(tmp_path)


def test_what_is_too_large_for_one_file_goes_into_several_with_an_index(tmp_path):
    shards = Shards(tmp_path, torch.float16, max_bytes=16)
    tensors = {name: torch.full((4,), float(number)) for number, name in enumerate("abc")}
    for name, tensor in tensors.items():
        shards.add(name, tensor)
    shards.finish()
    places = json.loads((tmp_path / "model.safetensors.index.json").read_text())["weight_map"]
    assert places == {
        "a": "model-00001-of-00002.safetensors",
        "b": "model-00001-of-00002.safetensors",
        "c": "model-00002-of-00002.safetensors",
    }
    read = {name: load_file(tmp_path / file)[name] for name, file in places.items()}
    assert {name: tensor.tolist() for name, tensor in read.items()} == {n: t.tolist() for n, t in tensors.items()}
    assert shards.total == 3 * 4 * 2


@pytest.mark.parametrize(("content", "message"), [("{", "is not JSON"), ("[]", "JSON object")])
def test_a_broken_configuration_is_named(tmp_path, content, message):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_json(tmp_path / "config.json")
