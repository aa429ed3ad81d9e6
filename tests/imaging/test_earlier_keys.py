"""Pictures and a cache written by the code before pictures were converted: only the calls concerned are made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from prism_engine.backends.factory import identify_model
from prism_engine.cache import Store, call_key
from prism_engine.config import ApiModel, VllmModel
from prism_engine.config.checkpoint_entry import ServerSpec
from prism_engine.prompts import perception_messages
from prism_engine.records import Call, ModelIdentity, Sampling

from .shades import stored

EARLIER = Path(__file__).with_name("earlier")
NAMES = {path.name for path in (EARLIER / "pictures").iterdir()}
CLIPPED = {"grey16.png", "grey16.tiff", "float.tiff"}
REFUSED = {"rgb.bmp", "rgb.tiff"}
WIDER_THAN_64 = {"wide.png", "wide.jpeg"}


def api(**fields):
    return identify_model("api", ApiModel(model="m", base_url="http://127.0.0.1:9/v1", **fields), Path("/nonexistent"))


def local(spec):
    return ModelIdentity("local", (("via", "vllm"), ("weights", f"sha256:{'0' * 64}")), spec.pictures)


async def missed(folder, model):
    """The pictures whose calls the old cache lacks."""
    shutil.copy(EARLIER / "calls.sqlite", folder)
    found = set()
    with Store(folder / "calls.sqlite") as store:
        for path in sorted((EARLIER / "pictures").iterdir()):
            image = stored(folder, path.read_bytes())
            call = Call("perceive", model, perception_messages(image, "Describe the image."), Sampling())
            completion = store.get(call_key(call), call.sampling.max_tokens)
            if completion is None:
                found.add(path.name)
            else:
                assert completion.text == f"{path.name} by {model.name}"
    return found


@pytest.mark.parametrize(
    ("model", "concerned"),
    [
        (api(), CLIPPED | REFUSED | {"grey16-of-8-bits.png"}),
        (api(image_formats=("png", "jpeg", "webp", "gif", "bmp", "tiff")), CLIPPED | {"grey16-of-8-bits.png"}),
        (api(max_image_side=64), CLIPPED | REFUSED | {"grey16-of-8-bits.png"} | WIDER_THAN_64),
        (api(max_image_bytes=9_000), CLIPPED | REFUSED | {"grey16-of-8-bits.png", "noise.png"}),
        (api(max_image_side=80, max_image_bytes=10**7), CLIPPED | REFUSED | {"grey16-of-8-bits.png"}),
        (local(VllmModel(model="org/m")), CLIPPED),
        (local(ApiModel(model="m", server=ServerSpec(model="org/m"))), CLIPPED),
    ],
    ids=["api", "api that takes bmp and tiff", "side", "bytes", "limits above all", "vllm", "server"],
)
async def test_an_old_cache_misses_exactly_the_pictures_that_a_model_gets_otherwise_now(tmp_path, model, concerned):
    assert len(NAMES) == 21
    assert await missed(tmp_path, model) == concerned
