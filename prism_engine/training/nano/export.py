"""A model's weights as an ordinary checkpoint: rounded, in safetensors, readable for everybody."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedModel


def write_model(model: PreTrainedModel, folder: Path, dtype: str) -> None:
    """Write weights and configuration; the model itself keeps its precision.

    Args:
        dtype: what the weights are rounded to and the configuration says, such as "bfloat16".
    """
    copy.deepcopy(model).to("cpu", getattr(torch, dtype)).save_pretrained(folder)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors writes for the owner alone
