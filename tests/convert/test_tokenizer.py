"""Tests of InternLM2's converted tokenizer; `test_xtuner` shows that its ids are SentencePiece's."""

from __future__ import annotations

import json
import shutil

import pytest

from prism_engine.convert.tokenizer import END_OF_TURN, IMAGE, plain_tokenizer
from prism_engine.errors import ConfigError
from tests.convert.original import END


def test_chat_tokens_keep_their_numbers_and_the_picture_gets_a_new_one(published):
    tokenizer = plain_tokenizer(published / "llm")
    assert tokenizer.eos_token == END_OF_TURN
    assert tokenizer.eos_token_id == END
    vocabulary = json.loads((published / "llm" / "config.json").read_text())["vocab_size"]
    assert tokenizer.convert_tokens_to_ids(IMAGE) == vocabulary


def changed(published, folder, added):
    shutil.copytree(published / "llm", folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": added}))
    return folder


def test_a_number_beyond_the_vocabulary_is_not_made_up(published, tmp_path):
    folder = changed(published, tmp_path / "llm", {"9999": {"content": END_OF_TURN}})
    with pytest.raises(ConfigError, match="should have id 9999"):
        plain_tokenizer(folder)


def test_a_missing_file_is_named(published, tmp_path):
    folder = changed(published, tmp_path / "llm", {})
    (folder / "tokenizer.model").unlink()
    with pytest.raises(ConfigError, match=r"tokenizer\.model"):
        plain_tokenizer(folder)
