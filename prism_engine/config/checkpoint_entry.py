"""Registry entries of checkpoints: run by vLLM in this process, or by a server that the run starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, field_validator

from prism_engine.config.bounds import PositiveFloat  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.frozen import Frozen
from prism_engine.config.image_formats import ImageSide  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.model_entry import ModelEntry, ModelListing
from prism_engine.records import PicturePolicy

_EMBEDDED = "embedded:"
_NANO = Path(__file__).parents[1] / "nano"


def _resolve_embedded(model: str) -> str:
    """Replace `embedded:captioner` and `embedded:reasoner`, the models in the package, with their folders."""
    if not model.startswith(_EMBEDDED):
        return model
    folder = _NANO / model.removeprefix(_EMBEDDED)
    if not (folder / "config.json").is_file():
        known = ", ".join(sorted(f"{_EMBEDDED}{path.parent.name}" for path in _NANO.glob("*/config.json")))
        raise ValueError(f"{model!r} is not part of the package; known: {known}")
    return str(folder)


Checkpoint = Annotated[str, AfterValidator(_resolve_embedded)]
"""A hub id (`org/name`), the path of a local checkpoint, or `embedded:NAME` for a model in the package."""


class VllmModel(ModelEntry):
    """A checkpoint run by vLLM in this process."""

    backend: Literal["vllm"] = "vllm"
    """`vllm`: run the checkpoint in this process."""
    model: Checkpoint
    """A hub id (`org/name`), the path of a local checkpoint, or `embedded:NAME` for a model in the package."""
    revision: str | None = None
    """The branch, tag or commit on the hub; None uses the default branch."""
    engine: dict[str, Any] = Field(default_factory=dict)
    """vLLM engine options by their Python names (`{max_model_len: 4096, dtype: bfloat16}`), passed through
    unchanged."""
    chat_template: str | None = None
    """The chat template, as Jinja text or the path of a file; None uses that of the model's processor."""

    max_image_side: ImageSide | None = None
    """Maximum pixels of a picture's longer side; larger pictures are scaled down. None means no limit."""

    runs_locally: ClassVar[Literal[True]] = True
    is_paid: ClassVar[Literal[False]] = False

    @property
    def listing(self) -> ModelListing:  # noqa: D102 - see ModelEntry
        return ModelListing("vLLM in process", self.model)

    @property
    def pictures(self) -> PicturePolicy:  # noqa: D102
        return PicturePolicy(max_side=self.max_image_side)

    def pinned_to(self, commit: str) -> Self:  # noqa: D102
        return self.model_copy(update={"revision": commit})

    @field_validator("engine")
    @classmethod
    def _check_max_num_seqs(cls, engine: dict[str, Any]) -> dict[str, Any]:
        max_num_seqs = engine.get("max_num_seqs", 1)
        if type(max_num_seqs) is not int or max_num_seqs < 1:  # not isinstance, which would accept YAML's `true`
            raise ValueError(f"max_num_seqs: {max_num_seqs!r} is not a positive whole number")
        return engine


class ServerSpec(Frozen):
    """A vLLM OpenAI server that the run starts on the loopback interface and stops at the end."""

    model: Checkpoint
    """A hub id (`org/name`), the path of a local checkpoint, or `embedded:NAME` for a model in the package."""
    revision: str | None = None
    """The branch, tag or commit on the hub; None uses the default branch."""
    options: dict[str, Any] = Field(default_factory=dict)
    """vLLM server options by name: `max_model_len: 4096` becomes `--max-model-len 4096`; `true` makes a flag."""
    startup_timeout: PositiveFloat = 900.0
    """Seconds within which the server must become healthy."""
