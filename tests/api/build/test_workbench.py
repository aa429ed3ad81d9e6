"""One store per cache, one backend per distinct model."""

from __future__ import annotations

import pytest

from prism_engine.api.build.workbench import Workbench
from prism_engine.backends.scripted import Scripted
from prism_engine.config import ApiModel, ScriptedModel
from prism_engine.config.model_entry import ModelInfo
from prism_engine.errors import ConfigError, StoreError


class Backend(Scripted):
    closings = 0

    async def aclose(self):
        self.closings += 1


@pytest.fixture
def built(monkeypatch):
    """Backends that were built, by the name that they were built for."""
    built = {}

    def build(name, spec, _cache_dir, _budget):
        return built.setdefault(name, Backend(spec))

    monkeypatch.setattr("prism_engine.api.build.workbench.build_backend", build)
    return built


async def test_equal_entries_share_a_backend_that_only_its_owner_closes(built, tmp_path):
    with Workbench() as shared:
        one = shared.lend("a", ScriptedModel(concurrency=3), tmp_path)
        same = shared.lend("b", ScriptedModel(concurrency=3), tmp_path)
        other = shared.lend("c", ScriptedModel(concurrency=4), tmp_path)
        assert (one.capacity, same.capacity, other.capacity) == (3, 3, 4)
        assert set(built) == {"a", "c"}
        await one.aclose()
        await same.aclose()
        assert built["a"].closings == 0
        await shared.close_backends()
    assert [backend.closings for backend in built.values()] == [1, 1]


async def test_the_about_field_of_an_entry_makes_no_separate_backend(built, tmp_path):
    with Workbench() as shared:
        shared.lend("a", ScriptedModel(), tmp_path)
        shared.lend("b", ScriptedModel(about=ModelInfo(parameters="7B")), tmp_path)
    assert set(built) == {"a"}


async def test_all_backends_are_closed_even_where_closing_one_goes_wrong(built, tmp_path, monkeypatch):
    async def fail(_self):
        raise OSError("no")

    with Workbench() as shared:
        for concurrency in (3, 4):
            shared.lend(str(concurrency), ScriptedModel(concurrency=concurrency), tmp_path)
        monkeypatch.setattr(built["3"], "aclose", fail.__get__(built["3"]))
        with pytest.raises(OSError, match="no"):
            await shared.close_backends()
    assert built["4"].closings == 1


def test_a_backend_that_cannot_be_built_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.delenv("MY_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    with Workbench() as shared:
        for _ in range(2):
            with pytest.raises(ConfigError, match="MY_API_KEY"):
                shared.lend("x", ApiModel(model="m", api_key_env="MY_API_KEY"), tmp_path)


def test_a_file_has_one_store_and_it_is_closed_at_the_end(tmp_path):
    with Workbench() as shared:
        store = shared.store(tmp_path / "calls.sqlite")
        assert shared.store(tmp_path / "calls.sqlite") is store
        assert store.get("0" * 64, 1) is None
    with pytest.raises(StoreError, match="closed"):
        store.get("0" * 64, 1)


def test_runs_under_one_cap_share_one_controller_that_is_closed_at_the_end(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with Workbench() as shared:
        controller = shared.controller(path, 100)
        assert shared.controller(path, 100) is controller
        assert shared.controller(path, None) is not controller
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]
