"""nano-reasoner: a one-million-parameter Llama that answers from descriptions and writes hints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from prism_engine.scenes.scene import MOST_THINGS
from prism_engine.training.nano.course import About, TrainingPhase
from prism_engine.training.nano.examine import examine_reasoner
from prism_engine.training.nano.export import write_model
from prism_engine.training.nano.language import language_loss
from prism_engine.training.nano.lessons import Teacher
from prism_engine.training.nano.packing import pack
from prism_engine.training.nano.planting import plant_lookups
from prism_engine.training.nano.tokens import build_tokenizer, same_meaning

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from transformers import PreTrainedTokenizerFast

    from prism_engine.training.nano.packing import Lesson

WIDTH, LAYERS, HEADS, INNER = 128, 6, 4, 256
_CONTENTS, _BLIND = 0.08, 0.02  # shares of lessons
_QUESTIONS = 5  # about one description
_GROWTH = 0.03  # share of the course after which scenes grow by one thing
_FAR = 0.48  # share of the course after which mainly places are practised: they are learnt last
_DRILLED = 0.85  # share of the course with look-up drills


class ReasonerCourse:
    """The training course of nano-reasoner."""

    name = "reasoner"
    stages: tuple[TrainingPhase, ...] = (TrainingPhase("answers", steps=12_000, batch=6, peak=2e-3),)
    headline: tuple[str, ...] = ("gold", "contents", "blind")

    def __init__(self, device: torch.device) -> None:
        self.tokenizer = build_tokenizer()
        self.model = build_reasoner(self.tokenizer).to(device)
        self.network: torch.nn.Module = self.model
        self._device = device
        self._teacher = Teacher(self.tokenizer)

    def loss(self, stage: TrainingPhase, step: int, rng: random.Random) -> torch.Tensor:
        """Return the loss over one batch: the mean cross entropy of the replies' tokens."""
        progress = step / stage.steps
        packed = pack([self._lesson(rng, progress) for _ in range(stage.batch)], self._device)
        return language_loss(self.model, packed, self.model.model.embed_tokens(packed.ids))

    def parameters(self, stage: TrainingPhase) -> list[torch.nn.Parameter]:
        """Return the parameters a stage trains: all of them."""
        del stage
        return list(self.network.parameters())

    def examine(self, count: int, folder: Path | None = None) -> dict[str, float]:
        """Return scores on `count` held-out questions: of the checkpoint in `folder`, or of the model in training."""
        if folder is None:
            return examine_reasoner(self.model, self.tokenizer, count)
        saved = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
        return examine_reasoner(saved.to(self._device), AutoTokenizer.from_pretrained(folder), count)

    def save(self, folder: Path, dtype: str) -> None:
        """Write a standard checkpoint: weights, configuration, tokenizer with chat template."""
        write_model(self.model, folder, dtype)
        self.tokenizer.save_pretrained(folder)

    def about(self) -> About:
        """Return the model's description for the model card."""
        return About(
            does="Given a description and a question, it writes one or two steps and the letter of the answer.",
            architecture=(
                f"Llama: {LAYERS} layers, {WIDTH} wide, {HEADS} heads, {INNER} inside the MLPs; "
                f"{len(self.tokenizer)} tokens in the vocabulary, input and output tied"
            ),
            pipeline="text-generation",
            recipe=(
                f"Up to {_QUESTIONS} questions about each description; {_CONTENTS:.0%} of the rows train writing hints "
                f"for a question, {_BLIND:.0%} answering without a description.\n"
                f"Scenes grow by one object every {_GROWTH:.0%} of the steps. For the first {_DRILLED:.0%} of them, "
                "each description is followed by a drill: find its objects by place, or by name.\n"
            ).splitlines(),
        )

    def _lesson(self, rng: random.Random, progress: float) -> Lesson:
        if (drawn := rng.random()) < _CONTENTS:
            return self._teacher.contents(rng)
        if drawn < _CONTENTS + _BLIND:
            return self._teacher.blind(rng)
        most = min(MOST_THINGS, 1 + int(progress / _GROWTH))
        return self._teacher.reasoning(
            rng, questions=_QUESTIONS, most=most, drills=progress < _DRILLED, far=progress >= _FAR
        )


def build_reasoner(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Return the untrained network. The caller must seed torch first."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=WIDTH // HEADS,
        max_position_embeddings=1024,
        # Slow rotations leave most of a head's dimensions free to compare words at any position.
        rope_theta=1e6,
        tie_word_embeddings=True,  # words copied from the prompt need no second embedding table
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    network = LlamaForCausalLM(config)
    plant_lookups(network.model, same_meaning(tokenizer))
    return network
