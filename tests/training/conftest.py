"""Fixtures of the training tests: one torch thread, the tokenizer, and untrained networks of the real shape."""

from __future__ import annotations

import pytest
import torch
from transformers.utils import logging

from prism_engine.training.nano import loop
from prism_engine.training.nano.captioner import build_processor
from prism_engine.training.nano.reasoner import build_reasoner
from prism_engine.training.nano.tokens import build_tokenizer


@pytest.fixture(scope="package", autouse=True)
def _quiet_on_one_thread():
    threads, verbosity = torch.get_num_threads(), logging.get_verbosity()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    yield
    logging.enable_progress_bar()
    logging.set_verbosity(verbosity)
    torch.set_num_threads(threads)


@pytest.fixture(scope="package")
def tokenizer():
    return build_tokenizer()


@pytest.fixture(scope="package")
def processor(tokenizer):
    return build_processor(tokenizer)


@pytest.fixture
def reasoner(tokenizer):
    """An untrained nano-reasoner."""
    torch.manual_seed(0)
    return build_reasoner(tokenizer)


@pytest.fixture
def often(monkeypatch):
    """Log every second step, write a checkpoint every fifth, evaluate every fourth."""
    monkeypatch.setattr(loop, "LOG_EVERY", 2)
    monkeypatch.setattr(loop, "KEEP_EVERY", 5)
    monkeypatch.setattr(loop, "EXAMINE_EVERY", 4)
