"""Calls for the tests of backends."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from prism_engine.records import Call, Image, Message, ModelIdentity, Part, Sampling

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ModelIdentity("m", (("model", "m"),))


def call_of(*parts: Part, sampling: Sampling | None = None) -> Call:
    return Call("reason", MODEL, (Message("user", parts or ("Hello?",)),), sampling or Sampling())


def image_at(path: Path) -> Image:
    return Image(hashlib.sha256(path.read_bytes()).hexdigest(), path)
