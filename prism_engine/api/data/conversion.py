"""Converts published xtuner checkpoints to plain LLaVA ones: `prism convert` from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prism_engine.config.models import HUB_ID
from prism_engine.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    from collections.abc import Callable

_KNOWN = {
    "prismcaptioner-2b": "internlm/internlm2-chat-1_8b",
    "prismcaptioner-7b": "internlm/internlm2-chat-7b",
}
"""Published models and the language model that their authors' code loads (their model card names the base version)."""
_ENCODER = "google/siglip-so400m-patch14-384"
DTYPES = ("float16", "bfloat16", "float32")


def convert_xtuner(
    model: str,
    out: Path,
    *,
    llm: str | None = None,
    encoder: str | None = None,
    dtype: str = "float16",
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Convert an xtuner LLaVA such as PrismCaptioner to a plain LLaVA checkpoint. Hub ids are downloaded.

    Args:
        model: folder or hub id; holds `projector/`, and `llm_adapter/` or a whole `llm/`.
        out: folder to write; must not exist yet.
        llm: folder or hub id of the InternLM2 chat model; None takes `llm/` of the model, else the one that the
            published model is known to need.
        encoder: folder or hub id of the vision encoder; None takes `visual_encoder/` of the model, else SigLIP-SO400M.
        dtype: of the weights written.
        say: called with a message for each step.

    Returns:
        Bytes of weights written.

    Raises:
        ConfigError: something is missing, damaged or unknown; the message names it.
        DependencyError: torch, transformers or sentencepiece does not import here.
        UserError: the folder cannot be written.
    """
    try:
        from prism_engine.convert.xtuner import PublishedModel, convert  # noqa: PLC0415 - heavy
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision that does not match torch
        raise DependencyError(
            f"Converting needs torch, transformers and sentencepiece, which do not all import here ({error}). Install "
            "them with `pip install 'prism-engine[cpu]'`, or `prism-engine[vllm]` on a machine with a GPU."
        ) from error
    if out.exists():
        raise ConfigError(f"{out}: already exists; name a new folder, or remove it first")
    if dtype not in DTYPES:
        raise ConfigError(f"unknown dtype {dtype!r}; known: {', '.join(DTYPES)}")
    llava = _local(model, say)
    if not (llava / "projector").is_dir():
        raise ConfigError(f"{llava}: has no folder projector/, so it is not a model in xtuner's layout")
    own = {name: str(llava / name) for name in ("llm", "visual_encoder") if (llava / name).is_dir()}
    llm = llm or own.get("llm") or _known_llm(model)
    if llm is None:
        raise ConfigError(
            f"{llava}: has no folder llm/; use --llm to name the InternLM2 chat model that it was trained on (a folder "
            "or a hub id such as internlm/internlm2-chat-7b)"
        )
    encoder = encoder or own.get("visual_encoder") or _ENCODER
    return convert(PublishedModel(llava, _local(llm, say), _local(encoder, say)), out, dtype, say)


def _known_llm(model: str) -> str | None:
    return _KNOWN.get(Path(model).name.lower())


def _local(source: str, say: Callable[[str], None]) -> Path:
    """Return the folder of a model, downloading it first if a hub id is given.

    Raises:
        ConfigError: neither a folder nor a hub id, or the hub cannot be reached.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    if not HUB_ID.fullmatch(source):
        raise ConfigError(f"{source}: neither an existing folder nor a hub id (org/name)")
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - heavy
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled  # noqa: PLC0415

    say(f"downloading {source}")
    try:
        return Path(snapshot_download(source))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(
            f"{source}: cannot be downloaded ({reason}); download it on another machine and give its folder"
        ) from error
