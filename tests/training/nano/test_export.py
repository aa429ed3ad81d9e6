"""Tests of the written weights."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from prism_engine.training.nano.export import write_model


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_weights_are_rounded_on_disk_and_nowhere_else(reasoner, tmp_path, dtype):
    before = {name: weight.clone() for name, weight in reasoner.state_dict().items()}
    write_model(reasoner, tmp_path, dtype)
    saved = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(weight, before[name].to(getattr(torch, dtype))) for name, weight in saved.items())
    assert all(torch.equal(weight, before[name]) for name, weight in reasoner.state_dict().items())
    assert (tmp_path / "model.safetensors").stat().st_mode & 0o777 == 0o644
    assert f'"dtype": "{dtype}"' in (tmp_path / "config.json").read_text()
