"""Writes a model as a standard checkpoint: rounded weights in safetensors, readable by all users."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedModel


def write_model(model: PreTrainedModel, folder: Path, dtype: str) -> None:
    """Write weights and configuration; the model in memory keeps its precision.

    Args:
        dtype: dtype of the written weights and in the configuration, such as "bfloat16".
    """
    copy.deepcopy(model).to("cpu", getattr(torch, dtype)).save_pretrained(folder)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors makes files readable by the owner only
