"""Builds the JSON body of a chat-completions request from a call."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.backends.limits.expectation import Tokens
from prism_engine.errors import RejectedError
from prism_engine.imaging.encoding import model_bytes
from prism_engine.records import Image

if TYPE_CHECKING:
    from prism_engine.config import ApiModel
    from prism_engine.records import Call, Message, PicturePolicy, Sampling

BYTES_PER_TOKEN = 3
"""English has about four bytes of UTF-8 per token, Chinese about three; the estimate must not be too low."""
TOKENS_PER_IMAGE = 1000
"""Approximate cost of a one-megapixel picture with most providers."""
TOKENS_PER_MESSAGE = 8
"""Approximate number of tokens that a chat template adds per message."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_NAMES = {"JPEG2000": "jp2", "ICO": "x-icon"}
"""Media types of the other formats, where Pillow's name is not the usual one."""


def request_body(call: Call, spec: ApiModel) -> bytes:
    """Return the body to post. Reads and converts the call's pictures, so call it in a thread if there are any.

    Raises:
        RejectedError: a picture cannot be read or converted, or has an unsupported format.
    """
    body: dict[str, Any] = {
        "model": spec.model,
        "messages": [
            {"role": message.role, "content": _content(message, call.model.pictures)} for message in call.messages
        ],
        spec.max_tokens_field: call.sampling.max_tokens,
    }
    if spec.send_sampling:
        body |= _sampling(call.sampling)
    if call.sampling.stop:
        body["stop"] = call.sampling.stop
    return orjson.dumps(
        body | spec.request_fields, option=orjson.OPT_NON_STR_KEYS
    )  # YAML allows `logit_bias: {42: -1}`


def estimated_tokens(call: Call) -> Tokens:
    """Return an estimate of the most tokens that the call can use."""
    prompt = -(-call.text_bytes // BYTES_PER_TOKEN) + TOKENS_PER_IMAGE * len(call.images)
    return Tokens(prompt + TOKENS_PER_MESSAGE * len(call.messages), call.sampling.max_tokens)


def _sampling(sampling: Sampling) -> dict[str, Any]:
    fields: dict[str, Any] = {"temperature": sampling.temperature}
    if sampling.top_p != 1:
        fields["top_p"] = sampling.top_p
    if sampling.seed is not None and not sampling.greedy:
        fields["seed"] = sampling.seed
    return fields


def _content(message: Message, policy: PicturePolicy | None) -> str | list[dict[str, Any]]:
    if not message.images:
        return "".join(part for part in message.parts if isinstance(part, str))
    return [
        {"type": "image_url", "image_url": {"url": _data_uri(part, policy)}}
        if isinstance(part, Image)
        else {"type": "text", "text": part}
        for part in message.parts
    ]


def _data_uri(image: Image, policy: PicturePolicy | None) -> str:
    data = model_bytes(image, policy)
    return f"data:{_mime_type(data, image)};base64,{base64.b64encode(data).decode()}"


def _mime_type(data: bytes, image: Image) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if image.facts is None:
        raise RejectedError(f"the picture {image.path} is not a JPEG, PNG, WebP, GIF, BMP or TIFF file")
    return f"image/{_NAMES.get(image.facts.format, image.facts.format.lower())}"
