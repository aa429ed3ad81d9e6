"""`prism convert` from Python: where parts are looked for."""

from __future__ import annotations

import shutil

import pytest

from prism_engine.api.data.conversion import convert_xtuner
from prism_engine.errors import ConfigError
from tests.convert.original import make_published


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    make_published(folder)
    return folder


def test_parts_inside_the_model_are_found(published, tmp_path):
    model = tmp_path / "whole"
    shutil.copytree(published / "captioner", model)
    shutil.copytree(published / "llm", model / "llm")
    shutil.copytree(published / "encoder", model / "visual_encoder")
    said = []
    assert convert_xtuner(str(model), tmp_path / "out", say=said.append) > 0
    assert said == ["vision encoder", "projector", "language model"]


def test_an_unknown_model_without_a_language_model_says_how_to_name_one(published, tmp_path):
    with pytest.raises(ConfigError, match="--llm"):
        convert_xtuner(str(published / "captioner"), tmp_path / "out")


def test_a_folder_that_is_no_such_layout_says_so(published, tmp_path):
    with pytest.raises(ConfigError, match="projector/"):
        convert_xtuner(str(published / "llm"), tmp_path / "out")


def test_nothing_is_overwritten(published, tmp_path):
    with pytest.raises(ConfigError, match="already exists"):
        convert_xtuner(str(published / "captioner"), tmp_path)


def test_what_cannot_be_downloaded_says_what_to_do(published, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    with pytest.raises(ConfigError, match=r"nobody/nothing: cannot be downloaded.*give its folder"):
        convert_xtuner("nobody/nothing", tmp_path / "out")


def test_a_source_that_is_neither_folder_nor_hub_id_is_named(tmp_path):
    with pytest.raises(ConfigError, match="neither an existing folder nor a hub id"):
        convert_xtuner(str(tmp_path / "absent"), tmp_path / "out")
