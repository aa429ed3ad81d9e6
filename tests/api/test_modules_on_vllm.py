"""`Perception`, `Reasoning` and `prism ask` on the embedded models: a real engine describes, a real server answers."""

from __future__ import annotations

import asyncio
import io

import pytest
import pytest_asyncio
import yaml

from prism_engine.api import Perception, Reasoning, Session
from prism_engine.backends.base import Backend
from prism_engine.backends.factory import build_backend
from prism_engine.config import SamplingConfig, VllmModel
from prism_engine.scenes import description
from prism_engine.scenes.table import rows as drawn_rows
from tests.cli.conftest import prism  # noqa: F401 - a fixture
from tests.conftest import SERVED_NAME

SHORT = SamplingConfig(max_tokens=128)
SEED = 77
PICTURES = 12
RIGHT = 9
"""Minimum number of correct descriptions, and of answers, out of 12."""


class Kept(Backend):
    """The suite's engine, called in its own loop and left open."""

    def __init__(self, engine, loop):
        self._engine, self._loop = engine, loop
        self.calls = 0

    @property
    def capacity(self):
        return self._engine.capacity

    async def generate(self, call):
        self.calls += 1
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._engine.generate(call), self._loop))

    def drain(self):
        pass

    async def aclose(self):
        pass


def asked(question):
    options = zip("ABCD", question.options, strict=True)
    lines = [question.text, "Options:", *(f"{letter}. {text}" for letter, text in options)]
    return "\n".join([*lines, "Select the correct answer from the options above and reply with its letter."])


def png(picture):
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
class TestEmbeddedModels:
    @pytest_asyncio.fixture(loop_scope="session")
    async def parts(self, vllm_engine, vllm_server, monkeypatch, tmp_path):
        """Entries of the two models, with the suite's engine in place of the first one's, and generated scenes."""
        kept = Kept(vllm_engine, asyncio.get_running_loop())

        def build(name, spec, cache_dir, budget):
            return kept if isinstance(spec, VllmModel) else build_backend(name, spec, cache_dir, budget)

        monkeypatch.setattr("prism_engine.api.build.workbench.build_backend", build)
        url = await vllm_server.start()
        reasoner = {"backend": "api", "model": SERVED_NAME, "base_url": url, "api_key_env": None}
        return kept, {"nano-reasoner": reasoner}, list(drawn_rows(PICTURES, SEED))

    async def test_pictures_are_described_and_questions_answered_side_by_side(self, parts, tmp_path):
        kept, models, drawn = parts
        async with Session(cache_dir=tmp_path, models=models) as session:
            perception = Perception("generic", "nano-captioner", sampling=SHORT, session=session)
            reasoning = Reasoning("nano-reasoner", sampling=SHORT, session=session)

            async def both(question, picture):
                described = await perception.agenerate(question, picture)
                return described, await reasoning.agenerate(described, question)

            said = [(asked(question), png(picture)) for _, question, picture in drawn]
            found = await asyncio.gather(*(both(*one) for one in said))
            seen = [described == description(scene) for (described, _), (scene, _, _) in zip(found, drawn, strict=True)]
            right = [question.letter in answer for (_, answer), (_, question, _) in zip(found, drawn, strict=True)]
            assert sum(seen) >= RIGHT
            assert sum(right) >= RIGHT
            assert kept.calls == PICTURES
            assert await asyncio.gather(*(both(*one) for one in said)) == found
            assert kept.calls == PICTURES

    async def test_ask_prints_the_description_and_the_answer(self, parts, prism, tmp_path):  # noqa: F811
        _, models, drawn = parts
        scene, question, picture = drawn[0]
        picture.save(tmp_path / "scene.png")
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"models": models}))
        said = await asyncio.to_thread(prism, "ask", "scene.png", asked(question), "--models-file", "m.yaml")
        assert said.code == 0, said.err
        described, answer = said.out.splitlines()
        assert described == description(scene)
        assert question.letter in answer
        assert "PrismScenes" in said.err

    async def test_the_embedded_writer_says_what_each_question_needs_observed(self, parts, tmp_path, monkeypatch):
        _, models, drawn = parts
        # The entry here has the suite's URL instead of its own server, which would identify the embedded hint writer.
        monkeypatch.setattr("prism_engine.api.objects.modules._shots_benchmark", lambda _: "PrismScenes")
        async with Session(cache_dir=tmp_path, models=models) as session:
            perception = Perception("query-specific_nano-reasoner", "nano-captioner", sampling=SHORT, session=session)
            asking = (perception.adescribe(question.text, png(picture)) for _, question, picture in drawn)
            found = await asyncio.gather(*asking)
        right = [one.hints == question.contents for one, (_, question, _) in zip(found, drawn, strict=True)]
        assert sum(right) >= RIGHT
