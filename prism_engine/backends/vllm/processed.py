"""Runs a model's picture processor in any thread, and hands the results to vLLM through vLLM's own cache of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Item = tuple[Any, Any]
"""A processed picture as vLLM's caches take it: its tensors, and how it changes the prompt."""


class Collected(dict[str, Item]):
    """Newly processed pictures by vLLM's hash of them; stands in for vLLM's cache while the processor runs.

    Args:
        shared: vLLM's cache, which is only asked what it has; None if there is none.
    """

    def __init__(self, shared: Any = None) -> None:
        super().__init__()
        self._shared = shared

    def is_cached(self, hashes: Sequence[str]) -> list[bool]:  # noqa: D102 - this and the next ones are vLLM's interface
        return [self._shared is not None and self._shared.is_cached_item(name) for name in hashes]

    def touch_sender_cache_item(self, _hash: str) -> None:  # noqa: D102
        return

    def release_sender_touches(self) -> None:  # noqa: D102
        return

    def get_and_update_item(self, item: Item | None, name: str) -> tuple[Any, Any]:  # noqa: D102
        if item is None:
            return None, ()
        self[name] = item
        return item


class ProcessedAhead:
    """vLLM's cache of processed pictures, with those of the call that is being rendered in front of it.

    vLLM mirrors its cache in the engine's process and relies on both seeing the same pictures in the same order, so the
    cache is changed in the engine's thread alone, when a call is sent.

    Args:
        shared: vLLM's cache; None if the model runs without one.
    """

    def __init__(self, shared: Any) -> None:
        self.shared = shared
        self.ahead: dict[str, Item] = {}
        """What a thread has processed for the call that is rendered next."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shared, name) if self.shared is not None else _nothing

    def __bool__(self) -> bool:
        return self.shared is not None  # vLLM keeps statistics of a cache that is one

    def is_cached_item(self, name: str) -> bool:  # noqa: D102 - vLLM's interface
        return name in self.ahead or (self.shared is not None and self.shared.is_cached_item(name))

    def is_cached(self, hashes: Sequence[str]) -> list[bool]:  # noqa: D102
        return [self.is_cached_item(name) for name in hashes]

    def get_and_update_item(self, item: Item | None, name: str) -> tuple[Any, Any]:  # noqa: D102
        item = item or self.ahead.get(name)
        if self.shared is None:
            assert item is not None, f"{name} was reported as cached"
            return item
        updated: tuple[Any, Any] = self.shared.get_and_update_item(item, name)
        return updated


def _nothing(*_: object) -> None:
    """Take the place of what a missing cache would do: clear, close, forget."""


class Processor:
    """A model's picture processor, which several threads may use at once, as vLLM does for pooling models.

    Args:
        renderer: vLLM's renderer for the model. Its cache is replaced by one that takes processed pictures.
    """

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer
        self._cache = ProcessedAhead(renderer.mm_processor_cache)
        self._usable = _usable(renderer)
        if self._usable:
            renderer._mm_processor_cache = self._cache  # noqa: SLF001 - there is no other way to bring own results in

    def process(self, pictures: Sequence[Any]) -> Collected:
        """Process the loaded pictures of one call, except those that vLLM's cache has; in any thread.

        Returns an empty result where that fails: vLLM then tries it again itself, and reports its own error.
        """
        if not self._usable:
            return Collected()
        from vllm.multimodal.processing import ProcessorInputs  # noqa: PLC0415 - heavy
        from vllm.multimodal.processing.context import TimingContext  # noqa: PLC0415 - heavy
        from vllm.utils.torch_utils import set_default_torch_num_threads  # noqa: PLC0415 - heavy

        processor = self._renderer.mm_processor
        collected = Collected(self._cache.shared)
        try:
            inputs = ProcessorInputs([], processor.info.parse_mm_data({"image": list(pictures)}), cache=collected)
            with set_default_torch_num_threads():  # for this thread, as vLLM does: there are as many threads as cores
                processor._cached_apply_hf_processor(inputs, TimingContext(enabled=False))  # noqa: SLF001 - no prompt
        except Exception:  # noqa: BLE001 - a model's own code may raise anything
            return Collected()
        return collected

    def offer(self, collected: Collected) -> None:
        """Make vLLM use these pictures for the call that is rendered next."""
        self._cache.ahead = collected


def _usable(renderer: Any) -> bool:
    if renderer.mm_processor is None or getattr(renderer, "use_unified_vision_chunk", False):
        return False  # a text model, or one whose pictures are items of another kind
    try:
        return not _uses_numba(renderer.mm_processor)
    except Exception:  # noqa: BLE001 - a model's own code may raise anything
        return False


def _uses_numba(processor: Any) -> bool:
    """Whether a processor's module uses numba, whose threads abort the process if two of ours enter it at once."""
    parts = [processor, *vars(processor.info.get_hf_processor()).values()]
    modules = {sys.modules.get(base.__module__) for part in parts for base in type(part).__mro__}
    values = [value for module in modules if module is not None for value in vars(module).values()]
    return any(str(getattr(value, "__module__", "")).partition(".")[0] == "numba" for value in values)
