"""Inputs that users reported, in `reported/`, by the command line they used: a folder per report.

Reports of hidden reasoning and of echoed keys have no files; their inputs are made here.
"""

from __future__ import annotations

import base64
import io
import json
import random
import re
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import orjson
import pytest
from aiohttp import web
from PIL import Image

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.bill import Prices
from prism_engine.chaos.providers import PROVIDERS, completion
from prism_engine.errors import ConfigError
from tests.provider import paid_model, provider
from tests.receiver import receiver
from tests.shapes import write_shapes

REPORTED = Path(__file__).parent / "reported"
QUESTIONS = 30
TEXT = "The answer is A."
REASONING = "Let me look. The star is red, so the answer is A."
PLACE = "http://127.0.0.1:41837/v1"
"""The address in the reported files."""
MEGABYTES_5 = 5 * 2**20


def number_of(body):
    """Return the number in the question of a request, such as 7 for "What is star number 7?"."""
    return int(re.findall(r"number (\d+)\?", json.dumps(body))[0])


def as_response(body, status=200):
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def only_for(numbers, name):
    """Return a reply that treats these questions as the named situation does and answers the others."""
    return lambda body: PROVIDERS[name](body) if number_of(body) in numbers else TEXT


def pictures_of(body):
    """Return the data URLs of a request."""
    parts = [
        part for message in body["messages"] if isinstance(message["content"], list) for part in message["content"]
    ]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def only_web_formats(body):
    if any(
        not url.startswith(("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp"))
        for url in pictures_of(body)
    ):
        return as_response(
            {
                "error": {
                    "message": "You uploaded an unsupported image.",
                    "type": "invalid_request_error",
                    "code": "invalid_image_format",
                }
            },
            400,
        )
    return "A red square."


def at_most_5_megabytes(body):
    if any(len(url) > MEGABYTES_5 for url in pictures_of(body)):
        return as_response(
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum",
                },
            },
            400,
        )
    return "A red square."


@pytest.fixture
def reported(prism, tmp_path):
    """Call `prism ...` with a copy of a report's files in the folder."""

    def call(report, reply, *arguments, **fields):
        """Run with the report's models file at the address of a server that answers so; `fields` are added to `m`."""
        shutil.copytree(REPORTED / "questions", tmp_path, dirs_exist_ok=True)
        shutil.copytree(REPORTED / report, tmp_path, dirs_exist_ok=True)
        with provider(Behaviour(reply=reply)) as server:
            models = (tmp_path / "models.yaml").read_text()
            assert PLACE in models
            added = "".join(f", {name}: {json.dumps(value)}" for name, value in fields.items())
            models = models.replace("api_key_env: null", f"api_key_env: null{added}", 1)
            (tmp_path / "models.yaml").write_text(models.replace(PLACE, server.base_url))
            said = prism(*arguments, "--models-file", "models.yaml")
            return said.code, said.out + said.err, server.stats.received

    return call


RUN = ("run", "Small.tsv", "-p", "desc", "-r", "m")


@pytest.mark.parametrize("numbers", [(14, 13, 18, 21, 28), tuple(random.Random(6).sample(range(QUESTIONS), 15))])
@pytest.mark.parametrize("situation", ["no-choices", "gemini-blocked"])
def test_blocked_prompts_fail_and_the_provider_is_not_said_to_be_down(reported, numbers, situation):
    code, said, requests = reported("outage-false-alarm", only_for(numbers, situation), *RUN)
    assert (code, requests) == (1, QUESTIONS), said
    assert f"{QUESTIONS - len(numbers)} done, {len(numbers)} failed" in said
    assert "is down" not in said


def test_prompts_that_break_the_server_fail_and_it_is_not_said_to_be_down(reported):
    code, said, _ = reported("outage-false-alarm", only_for((14, 13, 18, 21, 28), "broken"), *RUN, attempts=2)
    assert code == 1, said
    assert "25 done, 5 failed" in said


@pytest.mark.parametrize(
    ("report", "situation", "words"),
    [
        ("errors-that-concern-all", "gemini-bad-key", "API key not valid"),
        ("errors-that-concern-all", "anthropic-no-credit", "credit balance is too low"),
        ("errors-that-concern-all", "openai-gpt-5", "`send_sampling: false`"),
        ("errors-that-concern-all", "groq-decommissioned", "no longer offers the model"),
        ("200-that-is-no-completion", "lm-studio-without-v1", "often ends in /v1"),
        ("200-that-is-no-completion", "web-page", "often ends in /v1"),
        ("200-that-is-no-completion", "openrouter-401-in-200", "User not found"),
    ],
)
def test_an_error_of_every_call_ends_the_run(reported, report, situation, words):
    code, said, requests = reported(report, PROVIDERS[situation], *RUN)
    assert code == 4, said
    assert requests <= QUESTIONS
    assert words in said


def test_the_name_of_the_output_limit_is_learned(reported):
    code, said, requests = reported("errors-that-concern-all", PROVIDERS["openai-o3"], *RUN)
    assert code == 0, said
    assert requests <= 2 * QUESTIONS


def test_one_request_that_is_too_large_fails_alone(reported):
    code, said, requests = reported("request-too-large-429", only_for((7,), "too-large-429"), *RUN)
    assert code == 1, said
    assert "29 done, 1 failed" in said
    assert requests == 29 + 3  # retried twice after all others
    assert "too large" in said


def test_an_answer_in_the_reasoning_is_named_and_read_on_request(reported):
    def reply(_):
        return as_response(orjson.loads(orjson.dumps(completion(None, reasoning_content=REASONING))))

    code, said, requests = reported("answer-in-reasoning-content", reply, *RUN)
    assert (code, requests) == (1, QUESTIONS), said
    assert f"its reasoning_content holds {len(REASONING)} characters" in said
    assert "`read_reasoning: true`" in said
    code, said, _ = reported("answer-in-reasoning-content", reply, *RUN, read_reasoning=True)
    assert code == 0, said


@pytest.mark.parametrize("name", ["optcol.tsv", "lowercols.tsv", "option_A.tsv", "opt_dict.jsonl"])
def test_options_are_read_under_other_names(prism, tmp_path, name):
    shutil.copytree(REPORTED / "options-ignored", tmp_path, dirs_exist_ok=True)
    said = prism("datasets", "check", name)
    assert said.code == 0, said
    facts = "samples|with options|with an answer that can be scored"
    counts = re.findall(rf"^(?:{facts}) +(\d+)", said.out, re.MULTILINE)
    assert counts == counts[:1] * 3


@pytest.mark.parametrize("name", ["crlf.jsonl", "nan.jsonl"])
def test_lines_of_json_with_a_byte_order_mark_or_nan_are_read(prism, tmp_path, name):
    shutil.copytree(REPORTED / "jsonl-bom-and-nan", tmp_path, dirs_exist_ok=True)
    said = prism("datasets", "check", name)
    assert said.code == 0, said
    assert "0 errors, 0 warnings" in said.out


def test_16_bit_pictures_reach_a_model_like_their_8_bit_twins(prism, tmp_path):
    shutil.copytree(REPORTED / "16-bit-greyscale", tmp_path, dirs_exist_ok=True)
    said = prism("datasets", "check", "Gray.tsv")
    assert "16-bit or float, scaled to 8 bits: 12" in said.out + said.err
    sent = []

    def reply(body):
        sent.extend(pictures_of(body))
        return "A grey scene."

    with provider(Behaviour(reply=reply)) as server:
        (tmp_path / "models.yaml").write_text(f"models: {{m: {json.dumps(paid_model(server))}}}\n")
        assert prism("run", "Gray.tsv", "-p", "m", "--mode", "perception", "--models-file", "models.yaml").code == 0
    pixels = [np.asarray(picture_in(url).convert("L"), dtype=int) for url in sent]
    assert len(pixels) == 24
    closest = [sorted(int(abs(one - other).max()) for other in pixels)[1] for one in pixels]
    assert max(closest) <= 1  # every picture has its twin
    assert all(len(np.unique(each)) > 1 for each in pixels)  # and is not all white


def picture_in(url):
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def test_a_model_without_a_chat_template_ends_the_run_and_names_the_field(prism, tmp_path):
    """Behind a vLLM server; `backends/vllm/test_running.py` has the same in process."""
    shutil.copytree(REPORTED / "no-chat-template", tmp_path, dirs_exist_ok=True)
    with provider(Behaviour(reply=PROVIDERS["vllm-no-template"])) as server:
        (tmp_path / "models.yaml").write_text(f"models: {{m: {json.dumps(paid_model(server))}}}\n")
        said = prism("run", "Edge.tsv", "-p", "m", "--mode", "direct", "--models-file", "models.yaml")
    assert said.code == 4, said
    assert "chat_template:" in said.out + said.err


@pytest.mark.parametrize("command", [("run",), ("doctor", "--offline"), ("models",)])
def test_a_key_in_place_of_its_variable_is_never_shown(prism, tmp_path, command, capsys):
    shutil.copytree(REPORTED / "questions", tmp_path, dirs_exist_ok=True)
    shutil.copytree(REPORTED / "key-in-api_key_env", tmp_path, dirs_exist_ok=True)
    options = ("Small.tsv", "-n", "2", "-p", "scripted", "-r", "k1") if command == ("run",) else ()
    try:
        said = prism(*command, *options, "--models-file", "k1.yaml")
    except ConfigError as error:
        shown = str(error) + "".join(capsys.readouterr())
    else:
        assert said.code == 2
        shown = said.out + said.err
    assert "it is not the key itself" in shown
    assert "SECRET" not in shown


def test_a_deployment_s_url_is_asked_as_the_portal_shows_it_with_its_header(prism, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_KEY", "k-0123456789abcdef")
    models = (REPORTED / "azure-url-and-headers" / "models.yaml").read_text()
    header = 'headers: {api-key: "${PORTAL_KEY}", OpenAI-Organization: org-x}'
    with receiver(answer=completion(TEXT)) as (url, got):
        models = models.replace("http://127.0.0.1:41899", url).replace("api_key_env: null", header)
        (tmp_path / "models.yaml").write_text(models)
        options = ("shapes.tsv", "-n", "2", "-p", "scripted", "-r", "azure", "--models-file", "models.yaml")
        said = prism("run", *options)
    assert said.code == 0, said
    assert {each.path for each in got} == {"/openai/deployments/gpt4o/chat/completions?api-version=2024-06-01"}
    sent = {(each.headers["api-key"], each.headers["openai-organization"]) for each in got}
    assert sent == {("k-0123456789abcdef", "org-x")}
    assert not any("authorization" in each.headers for each in got)


def test_pictures_that_apis_refuse_are_converted_and_check_and_plan_say_so(reported, prism, tmp_path):
    run = ("run", "Weird.tsv", "-p", "m", "--mode", "perception")
    code, planned, requests = reported("pictures-that-apis-refuse", only_web_formats, "plan", *run[1:])
    assert (code, requests) == (0, 0)
    checked = prism("datasets", "check", "Weird.tsv")
    for said in (planned, checked.out):
        assert "BMP as PNG: 1; TIFF as PNG: 2" in said
    code, said, requests = reported("pictures-that-apis-refuse", only_web_formats, *run)
    assert code == 0, said
    assert requests <= 19


def test_a_picture_above_the_limit_of_an_entry_is_sent_smaller(reported, tmp_path):
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (1600, 1600, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    text = base64.b64encode(stream.getvalue()).decode()
    assert len(text) > MEGABYTES_5
    (tmp_path / "huge.tsv").write_text(f"index\timage\tquestion\tA\tB\tanswer\n0\t{text}\tWhat?\tx\ty\tA\n")
    run = ("run", "huge.tsv", "-p", "m", "--mode", "perception")
    assert reported("pictures-that-apis-refuse", at_most_5_megabytes, *run)[0] != 0
    code, said, _ = reported("pictures-that-apis-refuse", at_most_5_megabytes, *run, max_image_bytes=MEGABYTES_5)
    assert code == 0, said


def test_hidden_reasoning_is_believed_and_the_cap_holds(prism, tmp_path):
    write_shapes(tmp_path / "b500.tsv", 500, 0)
    behaviour = Behaviour(prices=Prices(Decimal(3), Decimal(15)), hidden_reasoning=20_000 / 512)
    with provider(behaviour) as server:
        entry = paid_model(server, price=("3", "15"))
        (tmp_path / "models.yaml").write_text(f"models: {{m: {json.dumps(entry)}}}\n")
        (tmp_path / "run.yaml").write_text("reasoning: {max_tokens: 512}\n")
        options = ("-r", "m", "--max-cost", "1", "--models-file", "models.yaml", "--config", "run.yaml")
        said = prism("run", "b500.tsv", "--mode", "blind", *options)
        assert said.code == 3, said
        assert server.bill.nano_dollars <= 10**9 + server.bill.nano_dollars // server.bill.calls
        assert "used up" in said.out + said.err
