"""Converts PrismCaptioner, or any xtuner LLaVA on InternLM2, to the plain LLaVA that vLLM and transformers load.

The published layout has one folder per trained part: `projector/` always, `llm_adapter/` (LoRA) or a whole `llm/`, and
`visual_encoder/` if the encoder is not the stock one. The converted model computes the same as the original pipeline
(github.com/SparksJoe/Prism, `llava_xtuner.py`): picture padded to a square with the mean colour, features of the
second-to-last layer without the first token (a patch, for SigLIP), two linear layers, then the chat. The original
decodes with five beams; the paper states greedy decoding, and prism uses that.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import torch

from prism_engine.convert.internlm2 import llama_config, llama_weights
from prism_engine.convert.lora import Adapter
from prism_engine.convert.tokenizer import END_OF_TURN, IMAGE, plain_tokenizer
from prism_engine.convert.weights import Shards, Weights, read_json
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

_PROJECTOR = {
    "model.0.weight": "multi_modal_projector.linear_1.weight",
    "model.0.bias": "multi_modal_projector.linear_1.bias",
    "model.2.weight": "multi_modal_projector.linear_2.weight",
    "model.2.bias": "multi_modal_projector.linear_2.bias",
}
_EXTRA_TOKENS = {"siglip": 0, "clip": 1}
"""Number of tokens that each vision encoder has in addition to its patches."""
_CHAT_TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' -}}
{%- if message['content'] is string -%}
{{- message['content'] -}}
{%- else -%}
{%- for part in message['content'] if part['type'] == 'image' -%}{{- '<image>\\n' -}}{%- endfor -%}
{%- for part in message['content'] if part['type'] == 'text' -%}{{- part['text'] -}}{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
"""xtuner's `internlm2_chat`, with the picture at the start of its turn."""


@dataclass(frozen=True)
class PublishedModel:
    """Folders of the parts of a published model."""

    llava: Path
    """Holds `projector/` and, if the language model was trained with LoRA, `llm_adapter/`."""
    llm: Path
    """The InternLM2 chat model, with its tokenizer."""
    encoder: Path
    """The vision encoder, with its image processor's configuration."""


def convert(source: PublishedModel, folder: Path, dtype: str, say: Callable[[str], None]) -> int:
    """Write the plain checkpoint; the folder appears once it is complete.

    Needs memory for the largest weight in float32 and for one weight file (4 GB).

    Args:
        folder: must not exist yet.
        dtype: dtype of the written weights: "float16" (the original's), "bfloat16" or "float32".
        say: called with the name of each part as its conversion starts.

    Returns:
        Bytes of weights written.

    Raises:
        ConfigError: a part is missing, damaged, or of an unknown kind; the message names the file.
        UserError: the folder cannot be written.
    """
    text = llama_config(read_json(source.llm / "config.json"))
    vision, extra = _vision_config(source.encoder)
    adapted = source.llava / "visual_encoder_adapter"
    if adapted.exists():
        raise ConfigError(f"{adapted}: merge this adapter into the vision encoder first and pass the merged folder")
    tokenizer = plain_tokenizer(source.llm)
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        shards = Shards(draft, getattr(torch, dtype))
        for name, weight in _weights(source, text, tokenizer, say):
            shards.add(name, weight)
        shards.finish()
        image = tokenizer.convert_tokens_to_ids(IMAGE)
        config = _config(text | {"vocab_size": image + 1}, vision, tokenizer, extra, dtype)
        _write_texts(draft, config, source.encoder, tokenizer, extra)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return shards.total


def _weights(
    source: PublishedModel, text: dict[str, Any], tokenizer: PreTrainedTokenizerFast, say: Callable[[str], None]
) -> Iterator[tuple[str, torch.Tensor]]:
    say("vision encoder")
    with Weights(source.encoder) as weights:
        kept = [name for name in weights if name.startswith("vision_model.") and ".head." not in name]
        if not kept:
            raise ConfigError(f"{source.encoder}: holds no vision_model; pass the folder of a SigLIP or CLIP model")
        for name in kept:
            yield f"vision_tower.{name}", weights[name]
    say("projector")
    with Weights(source.llava / "projector") as weights:
        if unknown := sorted(set(weights) - set(_PROJECTOR)):
            raise ConfigError(f"{weights.folder}: {unknown[0]!r} is not part of a projector of two linear layers")
        for name, plain in _PROJECTOR.items():
            yield plain, weights[name]
    say("language model")
    image = int(tokenizer.convert_tokens_to_ids(IMAGE))
    unknown_token = int(tokenizer.convert_tokens_to_ids(tokenizer.unk_token))
    folder = source.llava / "llm_adapter"
    adapter = Adapter(folder) if folder.is_dir() else None
    with Weights(source.llm) as weights:
        for name in weights:
            if name.endswith("rotary_emb.inv_freq"):  # computed, not learnt; old checkpoints contain it
                continue
            weight = weights[name] if adapter is None else adapter.merged(name, weights[name])
            for plain, part in llama_weights(name, weight, text):
                widened = _widened(part, image, unknown_token) if plain in _BY_TOKEN else part
                yield f"language_model.{plain}", widened
    if adapter is not None and adapter.unused:
        raise ConfigError(
            f"{folder}: the language model has no weight {adapter.unused[0]!r}; is this the adapter of another model?"
        )


_BY_TOKEN = ("model.embed_tokens.weight", "lm_head.weight")


def _widened(weight: torch.Tensor, image: int, unknown: int) -> torch.Tensor:
    """Add rows up to the picture token, equal to the row of <unk>.

    A trained model never generates <unk>, and the picture token's embeddings are replaced by the picture's features.
    """
    return torch.cat([weight, weight[unknown].expand(image + 1 - len(weight), -1)])


def _vision_config(folder: Path) -> tuple[dict[str, Any], int]:
    config = read_json(folder / "config.json")
    vision = config.get("vision_config") or config
    kind = str(vision.get("model_type", config.get("model_type", ""))).removesuffix("_vision_model")
    if kind not in _EXTRA_TOKENS:
        raise ConfigError(f"{folder}: unknown vision encoder type {kind!r}; supported: {', '.join(_EXTRA_TOKENS)}")
    kept = {name: value for name, value in vision.items() if not name.startswith("_") and "dtype" not in name}
    return kept | {"model_type": f"{kind}_vision_model", "vision_use_head": False}, _EXTRA_TOKENS[kind]


def _config(
    text: dict[str, Any], vision: dict[str, Any], tokenizer: PreTrainedTokenizerFast, extra: int, dtype: str
) -> dict[str, Any]:
    grid = vision["image_size"] // vision["patch_size"]
    return {
        "architectures": ["LlavaForConditionalGeneration"],
        "model_type": "llava",
        "dtype": dtype,
        "text_config": text | {"dtype": dtype},
        "vision_config": vision,
        "image_token_index": tokenizer.convert_tokens_to_ids(IMAGE),
        "image_seq_length": grid * grid + extra - 1,
        "projector_hidden_act": "gelu",
        "multimodal_projector_bias": True,
        "vision_feature_layer": -2,
        "vision_feature_select_strategy": "default",
        "tie_word_embeddings": False,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _write_texts(
    folder: Path, config: dict[str, Any], encoder: Path, tokenizer: PreTrainedTokenizerFast, extra: int
) -> None:
    side = config["vision_config"]["image_size"]
    square = {"height": side, "width": side}
    encoder_processor = read_json(encoder / "preprocessor_config.json")
    numbers = ("image_mean", "image_std", "resample", "rescale_factor")
    image_processor = {
        "image_processor_type": "LlavaImageProcessor",
        **dict.fromkeys(("do_pad", "do_resize", "do_rescale", "do_normalize", "do_convert_rgb"), True),
        "do_center_crop": False,  # the picture is already square
        "size": square,
        "crop_size": square,
        **{name: encoder_processor[name] for name in numbers if name in encoder_processor},
    }
    processor = {
        "processor_class": "LlavaProcessor",
        "image_token": IMAGE,
        "num_additional_image_tokens": extra,
        "patch_size": config["vision_config"]["patch_size"],
        "vision_feature_select_strategy": "default",
    }
    generation = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": [tokenizer.convert_tokens_to_ids(END_OF_TURN), tokenizer.convert_tokens_to_ids("</s>")],
        "pad_token_id": tokenizer.pad_token_id,
        "do_sample": False,
    }
    tokenizer.save_pretrained(folder)
    for name, content in {
        "config.json": config,
        "generation_config.json": generation,
        "preprocessor_config.json": image_processor | {"processor_class": "LlavaProcessor"},
        "processor_config.json": processor,
    }.items():
        (folder / name).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    (folder / "chat_template.jinja").write_text(_CHAT_TEMPLATE)
