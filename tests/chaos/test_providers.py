from __future__ import annotations

import pytest
from aiohttp import web

from prism_engine.chaos.providers import PROVIDERS


@pytest.mark.parametrize("situation", sorted(PROVIDERS))
def test_each_situation_answers_any_request(situation):
    body = {"model": "m", "messages": [{"role": "user", "content": "Why?"}], "max_tokens": 8, "temperature": 0.0}
    first, second = PROVIDERS[situation](body), PROVIDERS[situation](body)
    assert isinstance(first, (str, web.Response))
    assert first is not second or isinstance(first, str)  # a response can be sent only once
