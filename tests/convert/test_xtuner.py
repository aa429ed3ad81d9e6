"""Tests of the conversion: the converted model generates the original's output, token for token."""

from __future__ import annotations

import importlib.util
import json
import shutil

import pytest
import torch
from PIL import Image, ImageDraw
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoProcessor, AutoTokenizer, LlavaForConditionalGeneration

from prism_engine.convert.xtuner import PublishedModel, convert
from prism_engine.errors import ConfigError
from tests.convert.original import Original, make_published

TEXT = "describe this image in detail, please: is there a red square?"


def source_of(folder):
    return PublishedModel(folder / "captioner", folder / "llm", folder / "encoder")


def picture(number):
    drawn = Image.new("RGB", (40 + 30 * number, 90 - 15 * number), (30 * number, 90, 200))
    ImageDraw.Draw(drawn).rectangle((5, 5, 25, 20), fill=(220, 40, 40))
    return drawn


@pytest.fixture(scope="session")
def converted(published, tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted") / "captioner"
    convert(source_of(published), folder, "float32", lambda _: None)
    return folder


def test_transformers_says_what_the_original_says_token_for_token(published, converted):
    processor = AutoProcessor.from_pretrained(converted)
    model = LlavaForConditionalGeneration.from_pretrained(converted).eval()
    original = Original(published)
    said = set()
    for number in range(4):
        content = [{"type": "image", "image": picture(number)}, {"type": "text", "text": TEXT}]
        inputs = processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
        )  # fmt: skip
        places = int((inputs["input_ids"] == model.config.image_token_id).sum())
        assert places == (56 // 14) ** 2 - 1
        with torch.no_grad():
            out = model.generate(**inputs, max_new_tokens=24, do_sample=False)
        ended = {model.config.eos_token_id, processor.tokenizer.convert_tokens_to_ids("</s>")}
        ids = [token for token in out[0, inputs["input_ids"].shape[1] :].tolist() if token not in ended]
        assert ids == original.describe(picture(number), TEXT, 24)
        said.add(tuple(ids))
    assert len(said) > 1, "identical outputs for all pictures prove nothing"


@pytest.mark.parametrize("text", [TEXT, "\n two  blanks ", "Größe: 5 \u00d7 7", ""])
def test_a_prompt_has_the_ids_that_sentencepiece_gives_it(published, converted, text):
    tokenizer = AutoTokenizer.from_pretrained(converted)
    chat = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]
    ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
    before, after = Original(published).ids(text)
    assert ids == [*before, tokenizer.convert_tokens_to_ids("<image>"), *after]


def test_text_survives_the_way_through_the_tokenizer(converted):
    tokenizer = AutoTokenizer.from_pretrained(converted)
    for text in (TEXT, "Größe: 5 \u00d7 7\nnext line"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of torch and vLLM
@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="vLLM's LLaVA needs torchvision")
def test_vllm_says_what_the_original_says_token_for_token(published, converted):
    from vllm import LLM, SamplingParams  # noqa: PLC0415 - takes seconds, and is needed here only

    limits = {"max_model_len": 256, "max_num_seqs": 4, "gpu_memory_utilization": 0.3}
    llm = LLM(str(converted), dtype="float32", enforce_eager=True, **limits)
    content = [{"type": "image_pil", "image_pil": picture(1)}, {"type": "text", "text": TEXT}]
    try:
        (out,) = llm.chat([{"role": "user", "content": content}], SamplingParams(temperature=0, max_tokens=24))
    finally:
        llm.llm_engine.engine_core.shutdown()
    said = list(out.outputs[0].token_ids)
    if out.outputs[0].finish_reason == "stop":
        del said[-1]  # the token that ends the turn
    assert said == Original(published).describe(picture(1), TEXT, 24)


def test_weights_have_the_names_that_vllm_wants(converted):
    with safe_open(converted / "model.safetensors", framework="pt") as weights:
        names = set(weights.keys())
    assert "language_model.lm_head.weight" in names
    assert "vision_tower.vision_model.embeddings.patch_embedding.weight" in names
    assert {name.split(".")[0] for name in names} == {"language_model", "vision_tower", "multi_modal_projector"}


def test_a_whole_llm_in_the_folder_needs_no_adapter(published, tmp_path):
    shutil.copytree(published, tmp_path / "published")
    shutil.rmtree(tmp_path / "published" / "captioner" / "llm_adapter")
    assert convert(source_of(tmp_path / "published"), tmp_path / "out", "float16", lambda _: None) > 0


def spoilt(tmp_path, spoil):
    make_published(tmp_path)
    spoil(tmp_path)
    with pytest.raises(ConfigError) as raised:
        convert(source_of(tmp_path), tmp_path / "out", "float16", lambda _: None)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))
    return str(raised.value)


def rewrite(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_another_language_model_is_named(tmp_path):
    message = spoilt(tmp_path, lambda folder: rewrite(folder / "llm" / "config.json", model_type="qwen2"))
    assert "'qwen2'" in message


def test_the_base_version_without_a_chat_is_refused(tmp_path):
    message = spoilt(
        tmp_path, lambda folder: rewrite(folder / "llm" / "tokenizer_config.json", added_tokens_decoder={})
    )
    assert "chat version" in message


def test_an_adapter_of_another_model_is_refused(tmp_path):
    message = spoilt(
        tmp_path, lambda folder: rewrite(folder / "llm" / "config.json", num_hidden_layers=1) or shrink(folder)
    )
    assert "no weight 'model.layers.1" in message


def shrink(folder):
    path = folder / "llm" / "model.safetensors"
    kept = {name: weight for name, weight in load_file(path).items() if "layers.1." not in name}
    save_file(kept, path)


def test_a_download_that_was_cut_is_named(tmp_path):
    def cut(folder):
        path = folder / "captioner" / "projector" / "model.safetensors"
        path.write_bytes(path.read_bytes()[:100])

    assert "projector" in spoilt(tmp_path, cut)


def test_an_encoder_of_another_kind_is_named(tmp_path):
    message = spoilt(tmp_path, lambda folder: rewrite(folder / "encoder" / "config.json", model_type="intern_vit"))
    assert "intern_vit" in message
