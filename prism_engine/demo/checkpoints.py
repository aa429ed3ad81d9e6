"""Two tiny real checkpoints, made here from a seed, so that the whole engine can be tried without a download.

Their weights are random: what they say is noise in printable words. They exist to exercise vLLM, the
tokenizers, the chat templates and the pipeline, not to describe or to reason.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from prism_engine.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE_SIZE = 128
"""Width and height, in pixels, that the tiny VLM sees; larger pictures are scaled down to it."""
IMAGE_TOKENS = 16
"""Prompt tokens that the tiny VLM spends on the contents of one picture (its two wrapper tokens not counted)."""

_PATCH, _MERGE, _HEAD = 16, 2, 32
_HIDDEN, _LAYERS, _POSITIONS = 128, 2, 4096
_VOCABULARY = 800
_SPECIAL = ("<pad>", "<s>", "</s>", "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
_COLOURS = ("red", "green", "blue", "yellow", "black", "white", "grey", "brown")
_THINGS = ("circle", "square", "table", "house", "tree", "dog", "cat", "person", "car", "book", "chart", "sign")
_PLACES = ("on the left", "on the right", "in the middle", "at the top", "at the bottom", "in the background")
_TEMPLATE = (
    "<s>{% for message in messages %}{{ message.role | capitalize }}: "
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)


class Checkpoints(NamedTuple):
    """Folders in the layout of Hugging Face, loadable by transformers and by vLLM."""

    vlm: Path
    """Idefics3: pictures and text in, text out."""
    llm: Path
    """Llama: text in, text out."""


def build_checkpoints(folder: Path) -> Checkpoints:
    """Make both checkpoints in a folder of their own, or take the ones that are there already.

    The folder appears all at once, so that a run that is killed meanwhile leaves no half of one.

    Raises:
        DependencyError: torch or transformers do not import here.
    """
    made = Checkpoints(vlm=folder / "tiny-vlm", llm=folder / "tiny-llm")
    if folder.is_dir():
        return made
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with _quiet_and_seeded():
            _save_vlm(building / made.vlm.name)
            _save_llm(building / made.llm.name)
        building.chmod(0o755)
        try:
            building.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, with the same result
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return made


@contextmanager
def _quiet_and_seeded() -> Iterator[None]:
    # transformers asks the hub for nothing here, but some of its parts try unless told not to.
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import torch  # noqa: PLC0415 - heavy
        from transformers.utils import logging  # noqa: PLC0415 - heavy
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision that does not match torch
        raise DependencyError(
            f"The tiny models are built with torch and transformers, which do not import here ({error}). "
            "Install them with `pip install 'prism-engine[cpu]'`, or `prism-engine[vllm]` on a machine with a GPU."
        ) from error
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _save_vlm(folder: Path) -> None:
    from transformers import (  # noqa: PLC0415 - heavy
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3Processor,
    )
    from transformers.models.idefics3.image_processing_pil_idefics3 import (  # noqa: PLC0415 - heavy
        Idefics3ImageProcessorPil,
    )

    tokenizer = _tokenizer()
    edge = {"longest_edge": IMAGE_SIZE}
    pictures = Idefics3ImageProcessorPil(do_image_splitting=False, size=edge, max_image_size=edge)
    processor = Idefics3Processor(
        image_processor=pictures, tokenizer=tokenizer, image_seq_len=IMAGE_TOKENS, chat_template=_TEMPLATE
    )
    vision = {
        "hidden_size": 2 * _HEAD,
        "intermediate_size": 4 * _HEAD,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": 2,
        "image_size": IMAGE_SIZE,
        "patch_size": _PATCH,
    }
    model = Idefics3ForConditionalGeneration(
        Idefics3Config(
            vision_config=vision,
            text_config={"model_type": "llama", **_text_shape(tokenizer)},
            image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
            scale_factor=_MERGE,
            pad_token_id=tokenizer.pad_token_id,
            tie_word_embeddings=False,
        )
    )
    _make_printable(model, tokenizer)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _save_llm(folder: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM  # noqa: PLC0415 - heavy

    tokenizer = _tokenizer()
    model = LlamaForCausalLM(LlamaConfig(**_text_shape(tokenizer)))
    _make_printable(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _text_shape(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": _HIDDEN,
        "intermediate_size": 2 * _HIDDEN,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": _HIDDEN // _HEAD,
        "num_key_value_heads": _HIDDEN // _HEAD,
        "head_dim": _HEAD,  # the smallest that vLLM's attention on CPU takes
        "max_position_embeddings": _POSITIONS,
        "initializer_range": 0.1,  # the usual 0.02 makes every answer the same word
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
    }


def _tokenizer() -> Any:
    """Return a byte-level BPE tokenizer: any text encodes, and common words are one token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415 - heavy
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415 - heavy

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator(_sentences(), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        **dict(zip(("pad_token", "bos_token", "eos_token"), _SPECIAL, strict=False)),
        model_max_length=_POSITIONS,
        extra_special_tokens={
            "image_token": "<image>",
            "fake_image_token": "<fake_token_around_image>",
            "global_image_token": "<global-img>",
            "end_of_utterance_token": "<end_of_utterance>",
        },
    )
    tokenizer.chat_template = _TEMPLATE
    return tokenizer


def _sentences() -> list[str]:
    scenes = [
        f"The image shows a {colour} {thing} {place}, next to a small {other} and a large {colour} {thing}."
        for colour in _COLOURS
        for thing, other in zip(_THINGS, reversed(_THINGS), strict=True)
        for place in _PLACES
    ]
    asking = (
        "User: Describe this image in as much detail as you can, and name every object that is visible.\nAssistant:"
    )
    answering = "\n".join(
        f"Question: How many objects are there?\nOptions:\n{letter}. {number}\nAnswer with the letter. It is {letter}."
        for letter, number in zip("ABCD", ("one", "two", "three", "four"), strict=True)
    )
    return [*scenes, *[asking, answering] * 50]


def _make_printable(model: Any, tokenizer: Any) -> None:
    """Let the model say nothing but plain words, and stop only after a full stop.

    A zero row of the head is a logit of 0, which some word of a hundred always beats. The row of the end token points
    to where a full stop's embedding points, and away from that of the colon which ends the chat template: an answer
    may end there, and never before it began.
    """
    import torch  # noqa: PLC0415 - heavy

    head, words = model.lm_head.weight, model.get_input_embeddings().weight
    spoken = torch.tensor([_is_spoken(tokenizer.decode([number])) for number in range(len(tokenizer))])
    stop, colon = tokenizer.convert_tokens_to_ids([".", ":"])
    with torch.no_grad():
        words.normal_()
        head.normal_()
        head[~spoken] = 0
        head[tokenizer.eos_token_id] = words[stop] - words[colon]


def _is_spoken(text: str) -> bool:
    word = text.removeprefix(" ")
    return text in {".", ","} or (
        text != word and word.isascii() and word.isalpha() and (len(word) > 2 or word in "ABCD")
    )
