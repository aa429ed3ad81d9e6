"""Tests of the training loss: the cross entropy of the replies."""

from __future__ import annotations

import torch
from torch.nn import functional

from prism_engine.training.nano.language import language_loss
from prism_engine.training.nano.packing import Lesson, Task, pack


def test_only_replies_count(reasoner):
    lesson = Lesson([1, 3, 300], [Task([301, 302], [303, 2])])
    packed = pack([lesson], torch.device("cpu"))
    with torch.no_grad():
        loss = language_loss(reasoner, packed, reasoner.model.embed_tokens(packed.ids))
        logits = reasoner(input_ids=packed.ids).logits[0, 4:6]
    torch.testing.assert_close(loss, functional.cross_entropy(logits, torch.tensor([303, 2])), atol=1e-5, rtol=1e-5)
