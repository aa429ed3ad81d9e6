"""`prism ask`: what is printed, which models answer if none is named, and what is wrong with a question."""

from __future__ import annotations

import json

import pytest

from tests.api.objects.test_modules import png

MODELS = """
models:
  eyes: {backend: scripted, replies: ["A [red] square."]}
  brain: {backend: scripted, replies: ["It is red."]}
  mute: {backend: scripted, replies: [" "]}
  broken: {backend: scripted, failure_rate: 1.0}
"""


@pytest.fixture
def ask(prism, tmp_path, monkeypatch):
    for name in ("PRISM_PERCEIVER", "PRISM_REASONER"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "m.yaml").write_text(MODELS)
    (tmp_path / "a.png").write_bytes(png("red"))
    (tmp_path / "b.png").write_bytes(png("blue"))
    return lambda *arguments: prism("ask", *arguments, "--models-file", "m.yaml")


def test_the_description_is_printed_and_then_the_answer(ask):
    said = ask("a.png", "What colour is it?", "-p", "eyes", "-r", "brain")
    assert (said.code, said.out, said.err) == (0, "A [red] square.\nIt is red.\n", "")


def test_several_pictures_and_json(ask):
    said = ask("a.png", "b.png", "Which is red?", "-p", "eyes", "-r", "brain-64", "--json")
    told = json.loads(said.out)
    assert told["description"] == "Image 1: A [red] square.\nImage 2: A [red] square."
    assert (told["answer"], told["answer_outcome"], told["reasoner"]) == ("It is red.", "ok", "brain-64")
    assert (told["images"], told["description_outcomes"]) == (["a.png", "b.png"], ["ok", "ok"])


def test_the_perceiver_may_answer_by_itself(ask):
    said = ask("a.png", "What is it?", "-p", "eyes", "--direct", "--json")
    told = json.loads(said.out)
    assert (told["answer"], told["reasoner"]) == ("A [red] square.", None)
    assert "description" not in told


def test_models_may_be_named_in_the_environment(ask, monkeypatch):
    monkeypatch.setenv("PRISM_PERCEIVER", "eyes")
    monkeypatch.setenv("PRISM_REASONER", "brain")
    assert ask("a.png", "?").out.endswith("It is red.\n")


def test_query_specific_instructions_are_taken(ask):
    said = ask("a.png", "Which side?", "-p", "eyes", "-r", "brain", "--instruction", "query-specific_brain", "--json")
    assert json.loads(said.out)["contents"] == "It is red"


@pytest.mark.parametrize("model", ["mute", "broken"])
def test_a_reply_without_a_text_is_an_error_and_never_an_answer(ask, model):
    said = ask("a.png", "?", "-p", "eyes", "-r", model)
    assert said.code == 1
    assert said.out == "A [red] square.\n"
    assert "error: answer by" in said.err


def test_the_json_of_a_failed_answer_has_its_description_and_the_error(ask):
    said = ask("a.png", "?", "-p", "eyes", "-r", "mute", "--json")
    told = json.loads(said.out)
    assert said.code == 1
    assert (told["description"], told["answer"], told["error_outcome"]) == ("A [red] square.", None, "empty")
    assert told["error"] in said.err


def test_the_json_of_a_failed_description_has_the_error(ask):
    said = ask("a.png", "?", "-p", "mute", "-r", "brain", "--json")
    told = json.loads(said.out)
    assert (said.code, told["answer"], told["error_outcome"]) == (1, None, "empty")
    assert "description" not in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("What is it?",), "give a picture and a question"),
        (("a.png", "b.png"), "the question comes last"),
        (("a.png", "what", "is", "it"), "quotation marks"),
        (("absent.png", "what?"), "absent.png: no such file"),
        (("a.png", "?", "-p", "eyes"), "no reasoner is named"),
        (("a.png", "?", "-r", "brain"), "no perceiver is named"),
        (("m.yaml", "?", "-p", "eyes", "-r", "brain"), "is not a readable picture"),
        (("a.png", "?", "-p", "eyez", "-r", "brain"), "did you mean 'eyes'"),
    ],
)
def test_what_is_wrong_is_said(ask, arguments, says):
    said = ask(*arguments)
    assert (said.code, says in said.err, said.out) == (2, True, "")


def test_without_names_the_embedded_models_are_used_and_ctrl_c_ends_it(ask, monkeypatch):
    asked = []

    def interrupted(self, *_):
        asked.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr("prism_engine.api.objects.modules.Perception.describe", interrupted)
    said = ask("a.png", "?")
    assert (said.code, "know pictures of PrismScenes" in said.err) == (130, True)
    assert repr(asked[0]) == "<Perception by nano-captioner, generic>"
    assert asked[0]._sampling.max_tokens == 128
