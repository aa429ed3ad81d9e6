"""One published model for all tests of this folder."""

from __future__ import annotations

import pytest

from tests.convert.original import make_published


@pytest.fixture(scope="session", params=[False, True], ids=["bare", "prefixed"])
def published(request, tmp_path_factory):
    """A tiny model in the published layout, with a tokenizer that puts a blank before each text, or none."""
    folder = tmp_path_factory.mktemp("published")
    make_published(folder, dummy_prefix=request.param)
    return folder
