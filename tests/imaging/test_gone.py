"""Stored pictures that someone deleted."""

from __future__ import annotations

from pathlib import Path

from prism_engine.datasets.images import ImageStore
from prism_engine.imaging.gone import gone, last_gone
from prism_engine.records import Image


def test_pictures_that_exist_leave_no_note(tmp_path):
    (tmp_path / "x.png").touch()
    assert gone([Image("0" * 64, tmp_path / "x.png")]) is None
    assert gone([]) is None
    assert last_gone(tmp_path) == 0


def test_a_picture_that_is_gone_is_named_and_noted_in_its_store(tmp_path):
    image = ImageStore(tmp_path).image("ab" * 32)
    message = gone([image])
    assert message is not None
    assert str(image.path) in message
    assert "run the same command again" in message
    assert last_gone(tmp_path) > 0


def test_a_picture_outside_a_store_is_not_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gone([Image("0" * 64, Path("x.png"))]) is None
    assert list(tmp_path.iterdir()) == []
