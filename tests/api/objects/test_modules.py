"""`Perception` and `Reasoning`: prompts sent to models, texts returned, and errors raised instead of a text."""

from __future__ import annotations

import asyncio
import io

import numpy as np
import pytest
from PIL import Image

from prism_engine.api import Perception, Reasoning, Session
from prism_engine.backends.scripted import Scripted
from prism_engine.config import ApiModel, SamplingConfig, ScriptedModel, VllmModel
from prism_engine.errors import ConfigError, DeadError, NotRunError, OutcomeError, RejectedError, UserError
from prism_engine.prompts import INSTRUCTIONS, specific_instruction
from prism_engine.records import Completion, Outcome

NAMES = ("eyes", "other", "brain", "writer")


def png(colour="red", side=24):
    stream = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Scripted models in one session, with recorded calls; `replies` sets their answers."""

    class World:
        def __init__(self):
            self.calls = []
            self.built = []
            self.replies = {
                "write": lambda call: call.messages[0].parts[-1].rpartition("Question: ")[2].partition("\n")[0],
                "perceive": lambda _: "seen",
                "reason": lambda _: "B",
                "direct": lambda _: "by itself",
            }
            models = {name: ScriptedModel(replies=(name,)) for name in NAMES}
            self.session = Session(cache_dir=tmp_path / "cache", models=models, results_dir=tmp_path / "results")

        def said(self, stage):
            return [str(call.messages[0].parts[-1]) for call in self.calls if call.stage == stage]

        def reply(self, call):
            self.calls.append(call)
            said = self.replies[call.stage](call)
            return Completion(Outcome.OK, said) if isinstance(said, str) else said

    def build(_name, spec, _cache_dir, _budget):
        made.built.append(Scripted(spec, reply=made.reply))
        return made.built[-1]

    monkeypatch.setattr("prism_engine.api.build.workbench.build_backend", build)
    made = World()
    yield made
    made.session.close()


def test_a_picture_becomes_a_description_and_a_description_an_answer(world, tmp_path):
    (tmp_path / "p.png").write_bytes(png())
    perception = Perception(prompt_version="generic", model="eyes", session=world.session)
    reasoning = Reasoning(model="brain", session=world.session)
    described = perception.generate("What is it?", str(tmp_path / "p.png"))
    assert described == "seen"
    assert reasoning.generate(described, "What is it?") == "B"
    assert world.said("perceive") == [INSTRUCTIONS["generic"]]
    (asked,) = world.said("reason")
    assert asked.endswith("Description:\nseen\n\nQuestion: What is it?")
    assert (repr(perception), repr(reasoning)) == ("<Perception by eyes, generic>", "<Reasoning by brain>")


def test_the_instruction_is_generic_unless_another_is_given(world):
    perception = Perception(model="eyes", session=world.session)
    assert perception.generate("?", png()) == "seen"
    assert world.said("perceive") == [INSTRUCTIONS["generic"]]
    Perception("cot", "eyes", session=world.session).generate("?", png())
    Perception(prompt_version="cot", model="other", session=world.session).generate("?", png())
    assert world.said("perceive")[1:] == [INSTRUCTIONS["cot"]] * 2
    with pytest.raises(ConfigError, match=r"Perception\('eyes'\): no model is given.*write Perception\(model=\.\.\.\)"):
        Perception("eyes")  # type: ignore[call-overload]


def test_a_picture_is_a_path_bytes_a_pil_image_or_an_array(world, tmp_path):
    red = Image.new("RGB", (24, 24), "red")
    red.save(tmp_path / "p.png", dpi=(300, 300))
    perception = Perception(model="eyes", session=world.session)
    for given in (tmp_path / "p.png", (tmp_path / "p.png").read_bytes(), red, np.asarray(red)):
        assert perception.generate("?", given) == "seen"
    assert perception.generate("?", Image.open(tmp_path / "p.png")) == "seen"
    (by_file, by_pixels) = world.calls  # equal bytes are one call, and so are equal pixels
    assert by_pixels.images[0].path.read_bytes().startswith(b"\x89PNG")
    assert by_file.images != by_pixels.images
    mixed = [red, png("blue"), np.zeros((8, 8), np.uint8)]
    assert perception.generate("?", mixed) == "Image 1: seen\nImage 2: seen\nImage 3: seen"
    assert perception.answer("?", np.zeros((8, 8, 3), np.uint8)).text == "by itself"


def test_a_query_specific_instruction_is_made_for_each_question(world):
    perception = Perception("query-specific_writer", "eyes", session=world.session)
    for question in ("How many cups?", "Which colour?"):
        perception.generate(question, png())
    expected = [specific_instruction(INSTRUCTIONS["generic"], what) for what in ("How many cups?", "Which colour?")]
    assert world.said("perceive") == expected
    assert " Especially, pay attention to How many cups?" in expected[0]


def test_what_was_asked_before_is_not_asked_again_in_the_session_or_after_it(world, tmp_path):
    for _ in range(2):
        Perception("cot", "eyes", session=world.session).generate("?", png())
    assert len(world.calls) == 1
    models = {name: ScriptedModel(replies=(name,)) for name in NAMES}
    with Session(cache_dir=tmp_path / "cache", models=models) as later:
        assert Perception("cot", "eyes", session=later).generate("?", png()) == "seen"
    assert len(world.calls) == 1


def test_several_pictures_are_numbered_and_several_perceivers_too(world):
    two = [png("red"), png("blue")]
    assert Perception("generic", "eyes", session=world.session).generate("?", two) == "Image 1: seen\nImage 2: seen"
    together = Perception("generic", "eyes", pictures="together", session=world.session)
    assert together.generate("?", two) == "seen"
    assert len(world.calls[-1].images) == 2
    merged = Perception("generic", "eyes~other", session=world.session).generate("?", png())
    assert merged == "Description 1:\nseen\n\nDescription 2:\nseen"
    original = Perception("generic", "eyes~other", merge="original", session=world.session)
    assert original.generate("?", png()) == "seenseen"


def test_a_perceiver_answers_end_to_end_from_the_pictures(world):
    reply = Perception("generic", "eyes", session=world.session).answer("What is it?", png())
    assert (reply.text, world.said("direct")) == ("by itself", ["Question: What is it?"])
    with pytest.raises(ConfigError, match="name one"):
        Perception("generic", "eyes~other", session=world.session).answer("?", png())


async def test_awaited_calls_run_side_by_side_and_equal_ones_are_one(world):
    perception = Perception("generic", "eyes", session=world.session)
    reasoning = Reasoning("brain", session=world.session)
    pictures = [png(side=20 + at % 4) for at in range(8)]
    described = await asyncio.gather(*(perception.agenerate("?", one) for one in pictures))
    assert described == ["seen"] * 8
    assert len(world.said("perceive")) == 4
    assert await reasoning.agenerate(described[0], "?") == "B"
    assert (await reasoning.areason(described[0], "?")).fresh is False
    assert (await perception.aanswer("?", pictures[0])).text == "by itself"


@pytest.mark.parametrize(
    ("stage", "completion", "outcome", "says"),
    [
        ("perceive", Completion(Outcome.REFUSED, detail="content_filter"), "refused", "description: refused"),
        ("perceive", Completion(Outcome.EMPTY), "empty", "description: empty"),
        ("perceive", Completion(Outcome.TRUNCATED), "truncated", "no text yet"),
        ("write", Completion(Outcome.REFUSED), "refused", "instruction: refused"),
        ("write", Completion(Outcome.OK, "Contents to observe:"), "empty", "nothing to observe"),
        ("reason", Completion(Outcome.REFUSED, finish_reason="content_filter"), "refused", "answer by brain: refused"),
    ],
)
def test_a_failure_is_raised_with_its_outcome_and_never_returned(world, stage, completion, outcome, says):
    world.replies[stage] = lambda _: completion
    perception = Perception("query-specific_writer", "eyes", session=world.session)
    reasoning = Reasoning("brain", session=world.session)
    with pytest.raises(OutcomeError, match=says) as caught:
        reasoning.generate(perception.generate("Why?", png()), "Why?")
    assert caught.value.outcome == outcome


def test_a_call_that_failed_is_made_again_when_it_is_asked_again(world):
    def failing(_call):
        raise RejectedError("too long")

    perception = Perception("generic", "eyes", session=world.session)
    world.replies["perceive"] = failing
    with pytest.raises(OutcomeError, match="too long") as caught:
        perception.generate("?", png())
    assert caught.value.outcome == "error"
    world.replies["perceive"] = lambda _: "seen now"
    assert perception.generate("?", png()) == "seen now"


def test_a_dead_model_raises_its_own_error(world):
    def dying(_call):
        raise DeadError("the key was refused")

    for stage in ("perceive", "reason"):
        world.replies[stage] = dying
    with pytest.raises(DeadError, match="key was refused"):
        Perception("generic", "eyes", session=world.session).generate("?", png())
    with pytest.raises(DeadError, match="key was refused"):
        Reasoning("brain", session=world.session).generate("seen", "?")


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_blank_question_or_description_is_refused(world, nothing):
    with pytest.raises(UserError, match="no description"):
        Reasoning("brain", session=world.session).generate(nothing, "?")
    with pytest.raises(UserError, match="no question"):
        Reasoning("brain", session=world.session).generate("seen", nothing)
    with pytest.raises(UserError, match="needs a question"):
        Perception("query-specific_writer", "eyes", session=world.session).generate(nothing, png())
    assert Perception("generic", "eyes", session=world.session).generate(nothing, png()) == "seen"


def test_mistakes_are_reported_before_anything_is_called(world, tmp_path):
    (tmp_path / "p.json").write_text('{"0": "the sky"}')
    wrong = {
        "unknown instruction 'genric'": ("genric", "eyes"),
        "unknown model 'eyez'": ("generic", "eyez"),
        "unknown model 'nobody'": ("query-specific_nobody", "eyes"),
        "belongs to a benchmark's rows": (f"@{tmp_path / 'p.json'}", "eyes"),
    }
    for says, (instruction, model) in wrong.items():
        with pytest.raises(ConfigError, match=says):
            Perception(instruction, model, session=world.session)
    with pytest.raises(ConfigError, match="unknown model"):
        Reasoning("brian", session=world.session)
    with pytest.raises(ConfigError, match="give one"):
        Reasoning("brain-2048", sampling=SamplingConfig(max_tokens=64), session=world.session)
    assert world.built == []


def test_an_output_limit_in_the_name_applies_to_the_answer(world):
    Reasoning("brain-2048", session=world.session).generate("seen", "?")
    assert world.calls[-1].sampling.max_tokens == 2048


def test_engines_that_would_need_one_memory_are_not_started_together(tmp_path):
    models = {name: VllmModel(model="embedded:captioner") for name in ("a", "b")}
    with Session(cache_dir=tmp_path, models=models) as session, pytest.raises(ConfigError, match="a and b would need"):
        Perception("generic", "a~b", session=session)


def test_without_its_key_a_model_answers_from_the_cache_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("PRISM_TEST_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    models = {"api": ApiModel(model="m", base_url="http://127.0.0.1:9/v1", api_key_env="PRISM_TEST_KEY")}
    with Session(cache_dir=tmp_path / "cache", models=models) as session:
        with pytest.raises(ConfigError, match="PRISM_TEST_KEY"):
            Perception("generic", "api", session=session).generate("?", png())
        with pytest.raises(ConfigError, match="PRISM_TEST_KEY"):
            Reasoning("api", session=session).generate("seen", "?")


def test_an_object_closes_its_own_session_and_a_shared_session_stays_open(world, tmp_path, monkeypatch):
    monkeypatch.setenv("PRISM_CACHE", str(tmp_path / "own"))
    with Perception("generic", "scripted") as perception:
        perception.generate("?", png())
        (own,) = world.built
    assert own.closed
    with pytest.raises(NotRunError, match="closed"):
        perception.generate("?", png())
    with Reasoning("brain", session=world.session) as reasoning:
        reasoning.generate("seen", "?")
    assert not world.built[-1].closed
    assert reasoning.generate("seen again", "?") == "B"


async def test_async_contexts_close_as_well(world, tmp_path, monkeypatch):
    monkeypatch.setenv("PRISM_CACHE", str(tmp_path / "own"))
    async with Reasoning("scripted") as reasoning:
        assert await reasoning.agenerate("seen", "?") == "B"
    assert world.built[-1].closed


def test_the_embedded_hint_writer_gets_examples_of_its_own_benchmark():
    from prism_engine.api.objects.modules import _shots_benchmark  # noqa: PLC0415 - private

    class Writer:
        spec = Session().registry.find("nano-reasoner")

    assert _shots_benchmark(Writer()) == "PrismScenes"  # type: ignore[arg-type]
    Writer.spec = ScriptedModel()
    assert _shots_benchmark(Writer()) == ""  # type: ignore[arg-type]


async def test_closing_cancels_calls_in_flight_and_then_closes_the_models(world):
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hanging():
        loop.call_soon_threadsafe(begun.set)
        await asyncio.Event().wait()

    world.replies["reason"] = lambda _: hanging()
    reasoning = Reasoning("brain", session=world.session)
    task = asyncio.create_task(reasoning.agenerate("seen", "?"))
    await begun.wait()
    await world.session.aclose()
    with pytest.raises(NotRunError, match="closed"):
        await task
    assert world.built[-1].closed
