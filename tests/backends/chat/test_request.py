from __future__ import annotations

import base64
from dataclasses import replace

import orjson
import pytest
from PIL import Image as Picture

from prism_engine.backends.chat.request import TOKENS_PER_IMAGE, TOKENS_PER_MESSAGE, estimated_tokens, request_body
from prism_engine.config import ApiModel
from prism_engine.errors import RejectedError
from prism_engine.records import Call, Image, Message, Sampling
from tests.backends.calls import MODEL, call_of, image_at
from tests.imaging.shades import RGB, encoded, stored


def body_of(call, **spec):
    return orjson.loads(request_body(call, ApiModel(model="m", **spec)))


def test_a_text_call_is_plain_strings():
    call = Call("reason", MODEL, (Message("system", ("Be brief.",)), Message("user", ("Hi", "?"))), Sampling(64))
    assert body_of(call) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi?"}],
        "max_tokens": 64,
        "temperature": 0.0,
    }


def test_sampling_is_sent_as_far_as_it_matters():
    drawn = Sampling(64, temperature=0.7, top_p=0.9, seed=3, stop=("\n\n",))
    body = body_of(call_of(sampling=drawn))
    assert (body["temperature"], body["top_p"], body["seed"], body["stop"]) == (0.7, 0.9, 3, ["\n\n"])
    assert "seed" not in body_of(call_of(sampling=Sampling(seed=3)))
    assert not {"temperature", "top_p", "seed"} & set(body_of(call_of(sampling=drawn), send_sampling=False))


def test_the_output_limit_may_have_another_name():
    body = body_of(call_of(), max_tokens_field="max_completion_tokens")
    assert body["max_completion_tokens"] == 512
    assert "max_tokens" not in body


def test_extra_fields_are_sent_and_win():
    body = body_of(call_of(), extra_body={"temperature": 1, "chat_template_kwargs": {"enable_thinking": False}})
    assert body["temperature"] == 1
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_keys_that_yaml_reads_as_numbers_are_sent_as_json_strings():
    assert body_of(call_of(), extra_body={"logit_bias": {42: -1}})["logit_bias"] == {"42": -1}


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif", "bmp", "tiff"])
def test_a_picture_is_sent_byte_for_byte_with_its_own_type(tmp_path, kind):
    path = tmp_path / "picture"
    Picture.new("RGB", (7, 5), (10, 200, 30)).save(path, kind)
    (message,) = body_of(call_of(image_at(path), "What is this?"))["messages"]
    picture, text = message["content"]
    assert text == {"type": "text", "text": "What is this?"}
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == f"data:image/{kind};base64"
    assert base64.b64decode(data, validate=True) == path.read_bytes()


def test_pictures_and_text_keep_their_order(tmp_path):
    path = tmp_path / "picture.png"
    Picture.new("L", (1, 1)).save(path)
    image = image_at(path)
    (message,) = body_of(call_of("first", image, "then", image))["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url", "text", "image_url"]


def test_a_picture_that_cannot_be_sent_rejects_the_call(tmp_path):
    with pytest.raises(RejectedError, match="cannot read the picture"):
        body_of(call_of(Image("0" * 64, tmp_path / "gone.png")))
    (tmp_path / "notes.txt").write_text("not a picture")
    with pytest.raises(RejectedError, match=r"notes\.txt"):
        body_of(call_of(image_at(tmp_path / "notes.txt")))


def test_the_estimate_counts_text_pictures_and_the_whole_output(tmp_path):
    image = Image("0" * 64, tmp_path / "never-read.png")
    assert estimated_tokens(call_of("x" * 31, sampling=Sampling(100))) == (11 + TOKENS_PER_MESSAGE, 100)
    assert estimated_tokens(call_of(image, "", image, sampling=Sampling(1))) == (
        2 * TOKENS_PER_IMAGE + TOKENS_PER_MESSAGE,
        1,
    )
    assert estimated_tokens(call_of("\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 30, sampling=Sampling(1))) == (
        30 + TOKENS_PER_MESSAGE,
        1,
    )


@pytest.mark.parametrize("kind", ["bmp", "tiff", "ppm", "tga", "avif", "jpeg2000", "ico"])
def test_a_picture_in_a_format_that_an_api_refuses_is_sent_as_png(tmp_path, kind):
    spec = ApiModel(model="m")
    image = stored(tmp_path, encoded(RGB, kind))
    asked = call_of(image)
    (message,) = body_of(replace(asked, model=replace(MODEL, pictures=spec.pictures)))["messages"]
    assert message["content"][0]["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    if kind in ("ppm", "avif", "jpeg2000"):  # to a server that decodes with Pillow
        url = body_of(asked)["messages"][0]["content"][0]["image_url"]["url"]
        assert url.partition(",")[0] == f"data:image/{'jp2' if kind == 'jpeg2000' else kind};base64"
