"""Tests of packing tasks behind one prefix into a row."""

from __future__ import annotations

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from prism_engine.training.nano.packing import IGNORED, Lesson, Task, pack

CPU = torch.device("cpu")
LESSONS = [
    Lesson([3, 4, 5], [Task([6, 7], [8, 2]), Task([9], [10, 11, 2]), Task([6, 7], [12, 2])]),
    Lesson([13, 14], [Task([15, 16, 17], [18, 2])]),
]


def tiny():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=20, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, initializer_range=0.5,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def test_each_task_is_read_as_if_it_were_asked_alone():
    packed = pack(LESSONS, CPU)
    model = tiny()
    with torch.no_grad():
        together = model(input_ids=packed.ids, attention_mask=packed.mask, position_ids=packed.positions).logits
        for row, (beginning, tasks) in enumerate(LESSONS):
            end = len(beginning)
            for task in tasks:
                own = task.prompt + task.reply
                alone = model(input_ids=torch.tensor([beginning + own])).logits[0, len(beginning) :]
                torch.testing.assert_close(together[row, end : end + len(own)], alone, atol=1e-5, rtol=1e-4)
                end += len(own)


def test_replies_are_learnt_and_nothing_else():
    packed = pack(LESSONS, CPU)
    learnt = [[int(one) for one in row if one != IGNORED] for row in packed.labels]
    assert learnt == [[token for task in lesson.tasks for token in task.reply] for lesson in LESSONS]
    # A label sits one position before its token, so the last token of the prompt predicts the first of the reply.
    assert packed.ids[0, :9].tolist() == [3, 4, 5, 6, 7, 8, 2, 9, 10]
    assert packed.labels[0, :9].tolist() == [IGNORED] * 4 + [8, 2, IGNORED, 10, 11]


def test_positions_of_every_task_go_on_from_the_beginnings_end():
    positions = pack(LESSONS, CPU).positions
    assert positions[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 3, 4, 5, 6, 3, 4, 5, 6]
    assert positions[1, :7].tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_padding_is_seen_by_none_but_itself():
    mask = pack(LESSONS, CPU).mask[1, 0]
    assert not mask[:7, 7:].any()
    assert torch.equal(mask[7:, 7:], torch.eye(8, dtype=torch.bool))
