"""The base class of everything read from user files."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


def secret_error(reason: str) -> PydanticCustomError:
    """Return an error that is reported without the value."""
    return PydanticCustomError("secret", "{reason}", {"reason": reason})


class Frozen(BaseModel):
    """Base class of everything read from user files: immutable; unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False, hide_input_in_errors=True
    )
