"""Fixture of the conversion tests: one published model for the whole folder."""

from __future__ import annotations

import pytest

from tests.convert.original import make_published


@pytest.fixture(scope="session", params=[False, True], ids=["bare", "prefixed"])
def published(request, tmp_path_factory):
    """A tiny model in the published layout, whose tokenizer does or does not prefix each text with a space."""
    folder = tmp_path_factory.mktemp("published")
    make_published(folder, dummy_prefix=request.param)
    return folder
