"""nano-captioner: a two-million-parameter Idefics3 that describes scenes and can answer simple questions directly.

Trained in three stages. First the vision encoder alone: a small auxiliary classifier, discarded at the end, predicts
each cell's contents from the picture's tokens. Without this stage the language model learns to write before the encoder
can see, and shapes stay at chance. Then everything: full descriptions, question-specific descriptions, and answers.
Last the same mix with many more of the latter two.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from prism_engine.scenes import KINDS, PLACES, Scene, Thing, drawn_question, drawn_scene, render
from prism_engine.scenes.render import SIDE
from prism_engine.scenes.scene import BACKGROUNDS, COLOURS, LABELS, SHAPES, SIZES
from prism_engine.training.nano.cells import CellClassifier
from prism_engine.training.nano.course import About, TrainingPhase
from prism_engine.training.nano.examine import examine_captioner
from prism_engine.training.nano.export import write_model
from prism_engine.training.nano.language import language_loss
from prism_engine.training.nano.lessons import Teacher
from prism_engine.training.nano.packing import pack
from prism_engine.training.nano.planting import plant_lookups
from prism_engine.training.nano.tokens import IMAGE, build_tokenizer, same_meaning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

WIDTH, EYE_LAYERS, LAYERS, HEADS = 128, 4, 4, 4
PATCH, SHUFFLE = 16, 3
"""9 x 9 patches; each 3 x 3 block becomes one token, so there is one token per cell of the scene."""
_ASIDE = 0.3
"""Weight of the classifier's loss once replies are trained as well."""


class CaptionerCourse:
    """The training course of nano-captioner."""

    name = "captioner"
    stages: tuple[TrainingPhase, ...] = (
        TrainingPhase("seeing", steps=1000, batch=16, peak=2e-3),
        TrainingPhase("telling", steps=7000, batch=8, peak=1.2e-3),
        TrainingPhase("answering", steps=2400, batch=8, peak=1e-3),
    )
    headline: tuple[str, ...] = ("exact", "specific", "direct")

    def __init__(self, device: torch.device) -> None:
        self.tokenizer = build_tokenizer()
        self.processor = build_processor(self.tokenizer)
        self.model = build_captioner(self.tokenizer).to(device)
        self._classifier = CellClassifier(WIDTH).to(device)
        self.network: nn.Module = nn.ModuleList((self.model, self._classifier))
        self._device = device
        self._teacher = Teacher(self.tokenizer)
        self._beginning = picture_ids(self.processor)
        self._first = self._beginning.index(self.tokenizer.convert_tokens_to_ids(IMAGE))

    def parameters(self, stage: TrainingPhase) -> list[nn.Parameter]:
        """Return the parameters a stage trains: first the vision encoder and its classifier, then everything."""
        if stage.name != "seeing":
            return list(self.network.parameters())
        inner = self.model.model
        return list(nn.ModuleList((inner.vision_model, inner.connector, self._classifier)).parameters())

    def loss(self, stage: TrainingPhase, step: int, rng: random.Random) -> torch.Tensor:
        """Return the loss over one batch of pictures: the classifier's, plus the replies' after the first stage."""
        del step
        telling = stage.name != "seeing"
        scenes = [_any_scene(rng) if telling else _dense_scene(rng) for _ in range(stage.batch)]
        seen = self._see([pixels(scene, rng) for scene in scenes])
        aside = self._classifier.loss(seen, scenes)
        return self._telling_loss(stage, seen, scenes, rng) + _ASIDE * aside if telling else aside

    def examine(self, count: int, folder: Path | None = None) -> dict[str, float]:
        """Return accuracies on `count` held-out scenes: of the checkpoint in `folder`, or of the model in training."""
        if folder is None:
            return examine_captioner(self.model, self.processor, count)
        saved = Idefics3ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        return examine_captioner(saved.to(self._device), Idefics3Processor.from_pretrained(folder), count)

    def save(self, folder: Path, dtype: str) -> None:
        """Write a standard checkpoint: weights, configuration, processor with tokenizer and chat template."""
        write_model(self.model, folder, dtype)
        self.processor.save_pretrained(folder)

    def about(self) -> About:
        """Return the model's description for the model card."""
        eye = f"a vision encoder of {EYE_LAYERS} layers over {PATCH} px patches of a {SIDE} px picture"
        return About(
            does="Given a picture, it describes all of it, describes what one question needs, or answers a question.",
            architecture=(
                f"Idefics3: {eye}, with each {SHUFFLE} x {SHUFFLE} block of patches merged into one of {len(PLACES)} "
                f"tokens; a Llama of {LAYERS} layers; both {WIDTH} wide with {HEADS} heads; "
                f"{len(self.tokenizer)} tokens in the vocabulary"
            ),
            pipeline="image-text-to-text",
            recipe=(
                "First the vision encoder is trained alone, on densely filled scenes: a small classifier predicts each "
                "cell's contents from its token. The classifier is discarded at the end.\n"
                f"Then everything is trained; the classifier's loss is added to the replies' with weight {_ASIDE}.\n"
                "Descriptions come first; the last stage has more questions about each picture.\n"
            ).splitlines(),
        )

    def _see(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        """Return the pictures' tokens, (B, 9, width)."""
        stacked = torch.from_numpy(np.stack(pictures)).to(self._device)
        inner = self.model.model
        seen: torch.Tensor = inner.connector(inner.vision_model(pixel_values=stacked).last_hidden_state)
        return seen

    def _telling_loss(
        self, stage: TrainingPhase, seen: torch.Tensor, scenes: Sequence[Scene], rng: random.Random
    ) -> torch.Tensor:
        """Return the cross entropy of the replies about the pictures whose tokens are `seen`, (B, 9, width)."""
        answering = stage.name == "answering"
        lessons = [
            self._teacher.seeing(
                rng,
                self._beginning,
                scene,
                questions=4 if answering else 2,  # with fewer, training erases the planted look-up heads
                specific=1,
            )
            for scene in scenes
        ]
        packed = pack(lessons, self._device)
        embedded = self.model.model.text_model.embed_tokens(packed.ids)
        embedded = torch.cat([embedded[:, : self._first], seen, embedded[:, self._first + len(PLACES) :]], 1)
        return language_loss(self.model, packed, embedded)


def build_processor(tokenizer: PreTrainedTokenizerFast) -> Idefics3Processor:
    """Return the processor: unsplit pictures of one size, nine tokens each."""
    pictures = Idefics3ImageProcessorPil(
        do_image_splitting=False, size={"longest_edge": SIDE}, max_image_size={"longest_edge": SIDE}
    )
    return Idefics3Processor(
        image_processor=pictures, tokenizer=tokenizer, image_seq_len=len(PLACES), chat_template=tokenizer.chat_template
    )


def build_captioner(tokenizer: PreTrainedTokenizerFast) -> Idefics3ForConditionalGeneration:
    """Return the untrained network. The caller must seed torch first."""
    model = Idefics3ForConditionalGeneration(_config(tokenizer))
    for module in (*model.model.vision_model.modules(), *model.model.connector.modules()):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.7 * module.in_features**-0.5)
    nn.init.normal_(model.model.vision_model.embeddings.position_embedding.weight, std=0.02)
    plant_lookups(model.model.text_model, same_meaning(tokenizer))
    with torch.no_grad():
        model.lm_head.weight.copy_(model.model.text_model.embed_tokens.weight)
    return model


def _config(tokenizer: PreTrainedTokenizerFast) -> Idefics3Config:
    return Idefics3Config(
        vision_config={
            "hidden_size": WIDTH,
            "intermediate_size": 4 * WIDTH,
            "num_hidden_layers": EYE_LAYERS,
            "num_attention_heads": HEADS,
            "image_size": SIDE,
            "patch_size": PATCH,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": WIDTH,
            "intermediate_size": 3 * WIDTH,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS,
            "head_dim": WIDTH // HEADS,
            "max_position_embeddings": 1024,
            "rope_theta": 1e6,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "tie_word_embeddings": False,
        },
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        scale_factor=SHUFFLE,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )


def picture_ids(processor: Idefics3Processor) -> list[int]:
    """Return the token ids that represent a picture at the start of a chat, as the processor itself writes them."""
    mark = "Question:"
    chat = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": mark}]}]
    text = processor.apply_chat_template(chat, add_generation_prompt=False)
    picture = render(Scene(BACKGROUNDS[0], ()), random.Random(0))  # noqa: S311 - any jitter will do
    ids = processor(text=text, images=[picture], add_special_tokens=False, return_tensors="np")["input_ids"][0].tolist()
    end = processor.tokenizer.encode(mark, add_special_tokens=False)
    if ids[-len(end) :] != end or ids.count(processor.tokenizer.convert_tokens_to_ids(IMAGE)) != len(PLACES):
        raise AssertionError(f"unexpected tokens from the processor: {processor.tokenizer.convert_ids_to_tokens(ids)}")
    return list(ids[: -len(end)])


def pixels(scene: Scene, rng: random.Random) -> np.ndarray:
    """Return a rendered scene as the processor would: (3, SIDE, SIDE), float32, from -1 to 1."""
    array: np.ndarray = np.asarray(render(scene, rng), dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1
    return array


def _any_scene(rng: random.Random) -> Scene:
    """Draw a scene with the benchmark's distribution, half of the time one that suits a question."""
    if rng.random() < 0.5:
        return drawn_question(rng.choice(KINDS), rng)[0]
    return drawn_scene(rng, labelled=0.8)


def _dense_scene(rng: random.Random) -> Scene:
    """Draw a scene with nearly every cell filled and labelled, for the most training signal per picture."""
    things = [
        Thing(cell, rng.choice(SIZES), rng.choice(COLOURS), rng.choice(SHAPES), _label(rng))
        for cell in range(len(PLACES))
        if rng.random() < 0.85
    ]
    return Scene(rng.choice(BACKGROUNDS), tuple(things))


def _label(rng: random.Random) -> str | None:
    return rng.choice(LABELS) if rng.random() < 0.85 else None
