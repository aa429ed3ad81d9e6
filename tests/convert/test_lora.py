"""Tests of LoRA adapters: they are merged as PEFT would merge them."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from prism_engine.convert.lora import Adapter
from prism_engine.errors import ConfigError


def adapter(folder, tensors=None, **config):
    down, up = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0], [5.0]])
    stem = "base_model.model.model.layers.0.wo"
    save_file(tensors or {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}, folder / "adapter.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 2, **config}))
    return Adapter(folder)


@pytest.mark.parametrize(("rslora", "scale"), [(False, 0.5), (True, 1.0)])
def test_a_weight_gets_the_scaled_product_of_its_pair(tmp_path, rslora, scale):
    made = adapter(tmp_path, use_rslora=rslora)
    weight = torch.ones(3, 2, dtype=torch.float16)
    merged = made.merged("model.layers.0.wo.weight", weight)
    assert merged.tolist() == [
        [1 + scale * 3, 1 + scale * 6],
        [1 + scale * 4, 1 + scale * 8],
        [1 + scale * 5, 1 + scale * 10],
    ]
    assert made.unused == []


def test_a_weight_that_it_does_not_know_is_unchanged_and_the_unused_ones_are_listed(tmp_path):
    made = adapter(tmp_path)
    weight = torch.ones(1)
    assert made.merged("model.norm.weight", weight) is weight
    assert made.unused == ["model.layers.0.wo.weight"]


def test_another_shape_is_another_model(tmp_path):
    with pytest.raises(ConfigError, match="does not fit"):
        adapter(tmp_path).merged("model.layers.0.wo.weight", torch.ones(2, 2))


@pytest.mark.parametrize("setting", [{"use_dora": True}, {"rank_pattern": {"wo": 8}}, {"modules_to_save": ["norm"]}])
def test_a_kind_of_adapter_that_is_added_differently_is_refused(tmp_path, setting):
    with pytest.raises(ConfigError, match=next(iter(setting))):
        adapter(tmp_path, **setting)


def test_a_tensor_that_is_no_pair_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not part of a LoRA pair"):
        adapter(tmp_path, {"base_model.model.wo.bias": torch.ones(1)})


def test_numbers_that_are_none_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="must be numbers"):
        adapter(tmp_path, r="four")
