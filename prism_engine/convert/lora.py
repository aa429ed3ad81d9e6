"""Merges a LoRA adapter in PEFT's layout into the weights of its base model."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from prism_engine.convert.weights import Weights, read_json
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import torch

_PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
_UNKNOWN = ("rank_pattern", "alpha_pattern", "fan_in_fan_out", "modules_to_save", "use_dora")
"""Settings that would change how the adapter is merged; xtuner uses none of them."""


class Adapter:
    """Replaces each weight W for which the adapter has a pair A, B by W + s B A, computed in float32.

    s is lora_alpha / r, or lora_alpha / sqrt(r) if the adapter sets `use_rslora`. E. J. Hu et al., "LoRA: low-rank
    adaptation of large language models", arXiv:2106.09685.

    Raises:
        ConfigError: the adapter is of a kind that cannot be merged this way.
    """

    def __init__(self, folder: Path) -> None:
        config = read_json(folder / "adapter_config.json")
        for setting in _UNKNOWN:
            if config.get(setting):
                raise ConfigError(f"{folder}: an adapter with {setting!r} is not supported; merge it with PEFT first")
        rank, alpha = config.get("r"), config.get("lora_alpha")
        if not (isinstance(rank, int) and rank > 0 and isinstance(alpha, int | float)):
            raise ConfigError(f"{folder / 'adapter_config.json'}: r and lora_alpha must be numbers")
        self.base = config.get("base_model_name_or_path")
        """The base model that the adapter's configuration names."""
        self._scale = alpha / (sqrt(rank) if config.get("use_rslora") else rank)
        self._weights = Weights(folder)
        self._left = {self._target(name) for name in self._weights}

    @property
    def unused(self) -> list[str]:
        """Names of the weights that the adapter changes and that have not been merged."""
        return sorted(self._left)

    def merged(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """Return a weight with the adapter merged in; the same object if the adapter does not change it.

        Raises:
            ConfigError: the adapter's pair does not fit the weight's shape.
        """
        stem = _PREFIX + name.removesuffix(".weight")
        if stem + _DOWN not in self._weights:
            return weight
        self._left.discard(name)
        down, up = self._weights[stem + _DOWN].float(), self._weights[stem + _UP].float()
        if (up.shape[0], down.shape[1]) != tuple(weight.shape):
            raise ConfigError(
                f"{self._weights.folder}: the adapter does not fit {name!r} ({tuple(weight.shape)}); "
                "it was trained on another model"
            )
        return weight.float() + self._scale * (up @ down)

    def _target(self, name: str) -> str:
        for end in (_DOWN, _UP):
            if name.startswith(_PREFIX) and name.endswith(end):
                return name.removeprefix(_PREFIX).removesuffix(end) + ".weight"
        raise ConfigError(
            f"{self._weights.folder}: {name!r} is not part of a LoRA pair; merge this adapter with PEFT first"
        )
