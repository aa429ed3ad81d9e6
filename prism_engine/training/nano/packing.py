"""Many short tasks behind one shared beginning, in one row: each task sees the beginning and itself alone.

A description (or a picture) is read once and asked many times. Positions go on from the beginning's end for every
task, so each looks to the model as it will when it is asked alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

IGNORED = -100
"""Label of positions that are not learnt."""


class Task(NamedTuple):
    """A prompt's end and the reply to it."""

    prompt: list[int]
    reply: list[int]
    """Token ids; the end-of-sequence token is the last."""


class Lesson(NamedTuple):
    """A shared beginning and the tasks behind it."""

    beginning: list[int]
    tasks: list[Task]


class Packed(NamedTuple):
    """A batch of lessons as tensors."""

    ids: torch.Tensor
    """(B, T) int64."""
    positions: torch.Tensor
    """(B, T) int64."""
    mask: torch.Tensor
    """(B, 1, T, T) bool: who sees whom."""
    labels: torch.Tensor
    """(B, T) int64: the token that each position has to predict, `IGNORED` where none is learnt."""


def pack(lessons: Sequence[Lesson], device: torch.device) -> Packed:
    """Lay lessons side by side, filled up to the longest with token 0, which nothing sees."""
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
    mask |= torch.eye(length, dtype=torch.bool, device=device)  # padding looks at itself, or its softmax would be nan
    moved = [torch.from_numpy(array).to(device) for array in (ids, positions, labels)]
    return Packed(moved[0], moved[1], mask[:, None], moved[2])
