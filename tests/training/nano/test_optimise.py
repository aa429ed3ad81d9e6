"""Tests of the learning-rate schedule and of weight decay."""

from __future__ import annotations

import pytest
import torch

from prism_engine.training.nano.optimise import DECAY, FLOOR, WARM_UP, learning_rate, optimiser


def test_the_learning_rate_rises_to_its_peak_and_falls_to_its_floor():
    rates = [learning_rate(step, 1000, 0.002) for step in range(1000)]
    top = rates.index(max(rates))
    assert rates[0] == pytest.approx(0.002 / WARM_UP, rel=1e-3)
    assert top == WARM_UP - 1
    assert max(rates) == pytest.approx(0.002, rel=0.03)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.002 * FLOOR, rel=0.01)


def test_matrices_decay_and_gains_and_biases_do_not():
    layer = torch.nn.Linear(2, 3)
    groups = optimiser(layer.parameters()).param_groups
    assert [(group["weight_decay"], [id(one) for one in group["params"]]) for group in groups] == [
        (DECAY, [id(layer.weight)]),
        (0.0, [id(layer.bias)]),
    ]
