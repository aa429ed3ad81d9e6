"""Packs many short tasks behind one shared prefix into a row; each task attends to the prefix and itself only.

A description (or a picture) is read once for many questions. The positions of every task continue from the end of the
prefix, so to the model each task looks as if it were asked alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

IGNORED = -100
"""Label of positions without a loss."""


class Task(NamedTuple):
    """The end of a prompt and the reply to it."""

    prompt: list[int]
    reply: list[int]
    """Token ids, ending with the end-of-sequence token."""


class Lesson(NamedTuple):
    """A shared prefix and the tasks that follow it."""

    beginning: list[int]
    tasks: list[Task]


class Packed(NamedTuple):
    """A batch of lessons as tensors."""

    ids: torch.Tensor
    """(B, T) int64."""
    positions: torch.Tensor
    """(B, T) int64."""
    mask: torch.Tensor
    """(B, 1, T, T) bool: which positions (third axis) attend to which (last axis)."""
    labels: torch.Tensor
    """(B, T) int64: the token that each position must predict, or `IGNORED`."""


def pack(lessons: Sequence[Lesson], device: torch.device) -> Packed:
    """Return lessons as one batch, padded to the longest with token 0, which nothing else attends to."""
    rows = len(lessons)
    length = max(len(one.beginning) + sum(len(t.prompt) + len(t.reply) for t in one.tasks) for one in lessons)
    ids = np.zeros((rows, length), np.int64)
    positions = np.zeros((rows, length), np.int64)
    segments = np.full((rows, length), -1, np.int64)
    labels = np.full((rows, length), IGNORED, np.int64)
    for row, lesson in enumerate(lessons):
        start = end = len(lesson.beginning)
        ids[row, :end] = lesson.beginning
        positions[row, :end] = np.arange(end)
        segments[row, :end] = 0
        for number, (prompt, reply) in enumerate(lesson.tasks, start=1):
            first, size = end + len(prompt), len(prompt) + len(reply)
            ids[row, end : end + size] = prompt + reply
            positions[row, end : end + size] = start + np.arange(size)
            segments[row, end : end + size] = number
            labels[row, first - 1 : end + size - 1] = reply
            end += size
    owner = torch.from_numpy(segments).to(device)
    seen = (owner[:, None, :] == 0) | (owner[:, None, :] == owner[:, :, None])
    mask = torch.ones(length, length, dtype=torch.bool, device=device).tril() & seen & (owner[:, None, :] >= 0)
    mask |= torch.eye(length, dtype=torch.bool, device=device)  # padding attends to itself, else its softmax is NaN
    moved = [torch.from_numpy(array).to(device) for array in (ids, positions, labels)]
    return Packed(moved[0], moved[1], mask[:, None], moved[2])
