"""How processed pictures get into vLLM's cache, without vLLM; `test_engine.py` tests it with a real model."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from prism_engine.backends.vllm.processed import Collected, ProcessedAhead, Processor

A, B = ("pixels of a", ("placeholder",)), ("pixels of b", ("placeholder",))


class Cache:
    """Like vLLM's: returns the pixels of new pictures only, for the engine has those of the others."""

    def __init__(self, *known: str) -> None:
        self.known = list(known)

    def is_cached_item(self, name):
        return name in self.known

    def get_and_update_item(self, item, name):
        if name in self.known:
            return None, ("placeholder",)
        assert item is not None
        self.known.append(name)
        return item

    def clear_cache(self):
        self.known.clear()


def test_what_the_processor_returns_is_collected():
    collected = Collected()
    assert collected.is_cached(["a"]) == [False]
    assert collected.get_and_update_item(A, "a") == A
    assert collected == {"a": A}


def test_a_picture_that_vllm_has_is_not_processed_again():
    shared = Cache("a")
    collected = Collected(shared)
    assert collected.is_cached(["a", "b"]) == [True, False]
    assert collected.get_and_update_item(None, "a") == (None, ())
    assert not collected
    assert shared.known == ["a"], "only the engine's thread may change vLLM's cache"


def test_vllm_finds_what_was_processed_ahead_and_keeps_it():
    cache = ProcessedAhead(shared := Cache())
    cache.ahead = {"a": A}
    assert cache.is_cached(["a", "b"]) == [True, False]
    assert cache.get_and_update_item(None, "a") == A
    assert shared.known == ["a"]
    assert cache.get_and_update_item(None, "a") == (None, ("placeholder",)), "the engine has the pixels"


def test_vllm_processes_what_was_not_processed_ahead():
    cache = ProcessedAhead(shared := Cache())
    assert cache.is_cached(["b"]) == [False]
    assert cache.get_and_update_item(B, "b") == B
    assert shared.known == ["b"]


def test_it_is_vllm_s_cache_in_everything_else():
    cache = ProcessedAhead(shared := Cache("a"))
    assert cache
    cache.clear_cache()
    assert not shared.known


def test_it_works_where_the_model_runs_without_a_cache():
    cache = ProcessedAhead(None)
    cache.ahead = {"a": A}
    assert not cache
    assert cache.is_cached(["a", "b"]) == [True, False]
    assert cache.get_and_update_item(None, "a") == A
    assert cache.get_and_update_item(B, "b") == B
    cache.clear_cache()


@pytest.fixture
def numba(monkeypatch):
    """Create processors defined in a module that uses numba."""
    compiled = type("Dispatcher", (), {"__module__": "numba.core.registry"})
    module = ModuleType("fused_processing")
    vars(module)["resize"] = compiled()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return type("Fused", (), {"__module__": module.__name__})


@pytest.mark.parametrize("place", ["processor", "image_processor"])
def test_processors_that_use_numba_stay_in_one_thread(numba, place):
    class Plain:
        pass

    image_processor = numba() if place == "image_processor" else Plain()
    processor: Any = (numba if place == "processor" else Plain)()
    processor.info = SimpleNamespace(get_hf_processor=lambda: SimpleNamespace(image_processor=image_processor))
    renderer = SimpleNamespace(mm_processor=processor, mm_processor_cache=Cache(), _mm_processor_cache="untouched")
    assert Processor(renderer).process(["picture"]) == {}
    assert renderer._mm_processor_cache == "untouched"


def test_a_model_without_pictures_needs_no_processor():
    renderer = SimpleNamespace(mm_processor=None, mm_processor_cache=None)
    assert Processor(renderer).process(["picture"]) == {}
