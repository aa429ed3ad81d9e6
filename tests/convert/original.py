"""A tiny model in PrismCaptioner's published layout, and the original pipeline, reimplemented from its description.

Nothing here uses the code under test: InternLM2 is plain torch with its adapter kept separate from the weights, and the
tokenizer is SentencePiece itself.
"""

from __future__ import annotations

import io
import json
import math

import sentencepiece
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import SiglipVisionConfig, SiglipVisionModel
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

HIDDEN, HEADS, GROUPS, WIDE, LAYERS = 128, 4, 2, 96, 2  # vLLM on a CPU needs a head size of at least 32
RANK, ALPHA = 4, 2
SIDE, PATCH = 56, 14
START, END = 3, 4  # ids of <|im_start|> and <|im_end|>
TARGETS = ("attention.wqkv", "attention.wo", "feed_forward.w1", "feed_forward.w2", "feed_forward.w3")


def make_published(folder, *, dummy_prefix=False, seed=0):
    """Write `captioner/` (projector, llm_adapter), `llm/` and `encoder/`."""
    torch.manual_seed(seed)
    _write_llm(folder / "llm", _write_tokenizer(folder / "llm", dummy_prefix=dummy_prefix))
    _write_adapter(folder / "captioner" / "llm_adapter", load_file(folder / "llm" / "model.safetensors"))
    _write_projector(folder / "captioner" / "projector")
    config = SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=PATCH,
    )
    SiglipVisionModel(config).save_pretrained(folder / "encoder")
    stored = load_file(folder / "encoder" / "model.safetensors")
    if not any(name.startswith("vision_model.") for name in stored):  # as the published encoder names them
        stored = {f"vision_model.{name}": weight for name, weight in stored.items()}
        save_file(stored, folder / "encoder" / "model.safetensors", metadata={"format": "pt"})
    SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder / "encoder")


def _write_tokenizer(folder, *, dummy_prefix):
    folder.mkdir(parents=True)
    model = io.BytesIO()
    words = [
        "describe",
        "this",
        "image",
        "in",
        "detail",
        "please",
        "a",
        "red",
        "square",
        "left",
        "of",
        "the",
        "small",
        "blue",
        "circle",
        "user",
        "assistant",
    ]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(words[i:] + words[:i]) for i in range(len(words))] * 4),
        model_writer=model, model_type="bpe", vocab_size=400, byte_fallback=True, character_coverage=1.0,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=dummy_prefix,
        user_defined_symbols=["[UNUSED_TOKEN_0]", "[UNUSED_TOKEN_1]"], hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    added = {"0": "<unk>", "1": "<s>", "2": "</s>", str(START): "<|im_start|>", str(END): "<|im_end|>"}
    config = {"added_tokens_decoder": {number: {"content": text, "special": True} for number, text in added.items()}}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()).get_piece_size()


def _write_llm(folder, vocabulary):
    head = HIDDEN // HEADS
    shapes = {
        "attention.wqkv": ((HEADS + 2 * GROUPS) * head, HIDDEN), "attention.wo": (HIDDEN, HEADS * head),
        "feed_forward.w1": (WIDE, HIDDEN), "feed_forward.w3": (WIDE, HIDDEN), "feed_forward.w2": (HIDDEN, WIDE),
    }  # fmt: skip
    weights = {
        "model.tok_embeddings.weight": torch.randn(vocabulary, HIDDEN),
        "model.norm.weight": 1 + 0.1 * torch.randn(HIDDEN),
        "output.weight": torch.randn(vocabulary, HIDDEN),
    }
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            weights[f"model.layers.{layer}.{name}.weight"] = torch.randn(shape) / math.sqrt(shape[1])
        for name in ("attention_norm", "ffn_norm"):
            weights[f"model.layers.{layer}.{name}.weight"] = 1 + 0.1 * torch.randn(HIDDEN)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "model_type": "internlm2", "architectures": ["InternLM2ForCausalLM"], "hidden_size": HIDDEN, "bias": False,
        "intermediate_size": WIDE, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "hidden_act": "silu",
        "num_key_value_heads": GROUPS, "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 1_000_000,
        "rope_scaling": {"type": "dynamic", "factor": 2.0}, "vocab_size": vocabulary,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))


def _write_adapter(folder, weights):
    folder.mkdir(parents=True)
    pairs = {}
    for name, weight in weights.items():
        if name == "output.weight" or name.removesuffix(".weight").endswith(TARGETS):
            stem = "base_model.model." + name.removesuffix(".weight")
            pairs[f"{stem}.lora_A.weight"] = torch.randn(RANK, weight.shape[1]) / math.sqrt(weight.shape[1])
            pairs[f"{stem}.lora_B.weight"] = torch.randn(weight.shape[0], RANK)
    save_file(pairs, folder / "adapter_model.safetensors")
    config = {"r": RANK, "lora_alpha": ALPHA, "base_model_name_or_path": "internlm/internlm2-7b", "peft_type": "LORA"}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def _write_projector(folder):
    folder.mkdir(parents=True)
    weights = {
        "model.0.weight": torch.randn(HIDDEN, 32) / 4, "model.0.bias": torch.randn(HIDDEN) / 4,
        "model.2.weight": torch.randn(HIDDEN, HIDDEN) / 4, "model.2.bias": torch.randn(HIDDEN) / 4,
    }  # fmt: skip
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps({"visual_hidden_size": 32, "llm_hidden_size": HIDDEN, "depth": 2}))


class Original:
    """The published model, run as its authors run it (but greedily instead of with five beams)."""

    def __init__(self, folder):
        self.llm = load_file(folder / "llm" / "model.safetensors")
        self.adapter = load_file(folder / "captioner" / "llm_adapter" / "adapter_model.safetensors")
        self.projector = load_file(folder / "captioner" / "projector" / "model.safetensors")
        self.encoder = SiglipVisionModel.from_pretrained(folder / "encoder").eval()
        self.pictures = SiglipImageProcessorPil.from_pretrained(folder / "encoder")
        self.words = sentencepiece.SentencePieceProcessor(model_file=str(folder / "llm" / "tokenizer.model"))

    def ids(self, text):
        """Return the prompt's ids before and after the picture."""
        encode = self.words.encode
        before = [1, START, *encode("user\n")]
        return before, [*encode(f"\n{text}"), END, *encode("\n"), START, *encode("assistant\n")]

    @torch.no_grad()
    def describe(self, picture, text, most):
        """Return the generated ids, without the one that ends the turn."""
        before, after = self.ids(text)
        words = self.llm["model.tok_embeddings.weight"]
        rows = torch.cat([words[before], self.see(picture), words[after]])
        said = []
        while len(said) < most:
            said.append(int(self.logits(rows)[-1].argmax()))
            if said[-1] in (END, 2):
                return said[:-1]
            rows = torch.cat([rows, words[said[-1:]]])
        return said

    def see(self, picture):
        side = max(picture.size)
        square = Image.new("RGB", (side, side), (127, 127, 127))
        square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
        pixels = self.pictures(square, return_tensors="pt")["pixel_values"]
        seen = self.encoder(pixels, output_hidden_states=True).hidden_states[-2][0, 1:]
        inner = functional.gelu(seen @ self.projector["model.0.weight"].T + self.projector["model.0.bias"])
        return inner @ self.projector["model.2.weight"].T + self.projector["model.2.bias"]

    def logits(self, rows):
        for layer in range(LAYERS):
            rows = rows + self.attend(
                f"model.layers.{layer}", self.normed(f"model.layers.{layer}.attention_norm", rows)
            )
            inner = self.normed(f"model.layers.{layer}.ffn_norm", rows)
            gate = functional.silu(self.linear(f"model.layers.{layer}.feed_forward.w1", inner))
            wide = gate * self.linear(f"model.layers.{layer}.feed_forward.w3", inner)
            rows = rows + self.linear(f"model.layers.{layer}.feed_forward.w2", wide)
        return self.linear("output", self.normed("model.norm", rows))

    def linear(self, name, rows):
        pair = [self.adapter[f"base_model.model.{name}.lora_{which}.weight"] for which in "AB"]
        return rows @ self.llm[f"{name}.weight"].T + ALPHA / RANK * (rows @ pair[0].T @ pair[1].T)

    def normed(self, name, rows):
        return rows * (rows.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt() * self.llm[f"{name}.weight"]

    def attend(self, name, rows):
        size, length = HIDDEN // HEADS, len(rows)
        grouped = self.linear(f"{name}.attention.wqkv", rows).view(length, GROUPS, HEADS // GROUPS + 2, size)
        query = turned(grouped[:, :, :-2].reshape(length, HEADS, size))
        key = turned(grouped[:, :, -2]).repeat_interleave(HEADS // GROUPS, dim=1)
        value = grouped[:, :, -1].repeat_interleave(HEADS // GROUPS, dim=1)
        weight = torch.einsum("qhd,khd->hqk", query, key) / math.sqrt(size)
        weight = weight.masked_fill(torch.ones(length, length).triu(1).bool(), -math.inf).softmax(-1)
        return self.linear(f"{name}.attention.wo", torch.einsum("hqk,khd->qhd", weight, value).reshape(length, HIDDEN))


def turned(rows):
    """Rotate each pair of halves by its position (rotary embedding, base 1e6)."""
    length, _, size = rows.shape
    speeds = 1_000_000.0 ** (-torch.arange(0, size, 2) / size)
    angles = torch.outer(torch.arange(length), speeds).repeat(1, 2)[:, None]
    halves = torch.cat([-rows[..., size // 2 :], rows[..., : size // 2]], dim=-1)
    return rows * angles.cos() + halves * angles.sin()
