from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine.config import ApiModel, VllmModel
from prism_engine.config.checkpoint_entry import ServerSpec
from prism_engine.config.models import ScriptedModel
from prism_engine.imaging.picture_rules import TARGETS, conversion_of, scaled_size, steps_of, summary, url_length
from prism_engine.records import Image, PictureFacts

API = ApiModel(model="m").pictures
LOCAL = VllmModel(model="org/m").pictures
SERVED = ApiModel(model="m", server=ServerSpec(model="org/m")).pictures


def picture(kind="PNG", mode="RGB", width=640, height=480, size=100_000, *, clips=False):
    return Image("0" * 64, Path("x"), PictureFacts(kind, mode, width, height, size, clips))


def rule(image, policy):
    conversion = conversion_of(image, policy)
    return None if conversion is None else conversion.rule


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "MPO", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "1"])
def test_an_ordinary_picture_is_never_converted(kind, mode):
    assert {rule(picture(kind, mode), policy) for policy in (API, LOCAL, SERVED, None)} == {None}


@pytest.mark.parametrize("kind", ["BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "ICO", "PPM", "TGA", "QOI"])
def test_only_an_api_gets_other_formats_converted(kind):
    assert rule(picture(kind), API) == "format v1"
    assert rule(picture(kind), LOCAL) is rule(picture(kind), SERVED) is None


def test_pixels_that_pillow_would_clip_are_scaled_for_every_model_and_in_no_key_of_canned_replies():
    deep = picture("TIFF", "I;16", clips=True)
    assert {rule(deep, policy) for policy in (API, LOCAL, SERVED)} == {"8 bits v1"}
    assert ScriptedModel().pictures is None
    assert rule(deep, None) is None


def test_8_bit_levels_in_16_bits_are_scaled_only_for_apis_which_may_not_decode_with_pillow():
    deep = picture("PNG", "I;16")
    assert (rule(deep, API), rule(deep, LOCAL)) == ("8 bits v1", None)


def test_a_picture_without_facts_is_sent_as_it_is():
    assert conversion_of(Image("0" * 64, Path("x")), API) is None


def test_a_limit_concerns_exactly_the_pictures_above_it():
    limited = ApiModel(model="m", max_image_side=1024, max_image_bytes=100_000).pictures
    assert rule(picture(width=1024, height=5, size=74_000), limited) is None
    assert rule(picture(width=1025, height=5, size=10), limited) == "side 1024 v1"
    assert rule(picture(width=5, height=1025, size=10**9), limited) == "side 1024 v1"
    assert rule(picture(size=75_001), limited) == "bytes 100000 v1"
    assert rule(picture(width=2048, height=2048), limited) == "side 1024 v1, bytes 100000 v1"


def test_a_model_in_vllm_may_have_a_limit_of_the_side_too():
    limited = VllmModel(model="org/m", max_image_side=100).pictures
    assert rule(picture(width=101), limited) == "side 100 v1"
    assert rule(picture(width=100, height=100), limited) is None


def test_a_limit_of_bytes_is_part_of_a_converted_pictures_rule_only_if_it_may_matter():
    limited = ApiModel(model="m", max_image_bytes=5_242_880).pictures
    assert rule(picture("BMP", width=640, height=480, size=10**7), limited) == "format v1"
    assert rule(picture("BMP", width=4000, height=3000, size=10**4), limited) == "format v1, bytes 5242880 v1"


def test_the_formats_of_an_entry_decide_and_the_target_is_one_of_them():
    policy = ApiModel(model="m", image_formats=("jpeg", "bmp")).pictures
    assert rule(picture("BMP"), policy) is rule(picture("DIB"), policy) is None
    assert rule(picture("PNG"), policy) == "format v1, as JPEG"
    with pytest.raises(ValueError, match="must contain png or jpeg"):
        ApiModel(model="m", image_formats=("bmp",))


def test_different_rules_have_different_names():
    policies = [ApiModel(model="m", max_image_side=side, max_image_bytes=most).pictures
                for side in (16, 32) for most in (1024, 2048)]  # fmt: skip
    names = {rule(picture(kind, mode), policy) for policy in policies for kind in ("PNG", "BMP") for mode in ("L", "F")}
    assert len(names) == 4 * 3, "PNG, BMP and deep ones, which become the same whatever their format"


def test_conversions_are_counted_in_words():
    steps = [steps_of(picture("BMP"), API), steps_of(picture("TIFF"), API), steps_of(picture("BMP"), API)]
    assert summary(steps) == "3 (BMP as PNG: 2; TIFF as PNG: 1)"
    limited = ApiModel(model="m", max_image_side=1024, max_image_bytes=100_000).pictures
    assert steps_of(picture("TIFF", "I;16", 2000, 2000, clips=True), limited) == (
        "16-bit or float, scaled to 8 bits",
        "scaled down to max_image_side 1,024",
        "made to fit max_image_bytes 100,000",
    )
    assert steps_of(picture(), limited.__class__()) == ()


def test_sizes():
    assert [url_length(size) - url_length(0) for size in (1, 3, 4)] == [4, 4, 8]
    assert url_length(0) >= len("data:image/jpeg;base64,")
    assert scaled_size(4000, 3000, 1000) == (1000, 750)
    assert scaled_size(3000, 1, 1000) == (1000, 1)
    assert scaled_size(10, 20, 20) == scaled_size(10, 20, None) == (10, 20)
    assert TARGETS == ("PNG", "JPEG")
