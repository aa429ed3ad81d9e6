"""Converts InternLM2's SentencePiece tokenizer, which needs custom code, into a plain `tokenizer.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentencepiece.sentencepiece_model_pb2 import ModelProto
from tokenizers import AddedToken, Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import generate_merges

from prism_engine.convert.weights import read_json
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_BPE = 2  # sentencepiece's TrainerSpec.ModelType
_CONTROL, _USER_DEFINED = 3, 4  # ModelProto.SentencePiece.Type
END_OF_TURN = "<|im_end|>"
IMAGE = "<image>"


def plain_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Return an InternLM2's tokenizer, with the end of a turn as its end token and a placeholder token for pictures.

    It never adds a beginning-of-text token itself: the chat template writes it.

    Args:
        folder: holds `tokenizer.model`, and `tokenizer_config.json` whose `added_tokens_decoder` names the chat tokens.

    Raises:
        ConfigError: a file is missing, or the tokenizer is of another kind.
    """
    config = read_json(folder / "tokenizer_config.json")
    path = folder / "tokenizer.model"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    named = {int(number): str(token["content"]) for number, token in (config.get("added_tokens_decoder") or {}).items()}
    tokenizer = _from_sentencepiece(content, path, named)
    if tokenizer.token_to_id(END_OF_TURN) is None:
        raise ConfigError(f"{folder}: has no token {END_OF_TURN!r}; use the chat version of InternLM2")
    tokenizer.add_special_tokens([AddedToken(IMAGE, normalized=False, special=True)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",  # noqa: S106 - tokens of a model, not of a user
        bos_token="<s>",  # noqa: S106
        eos_token=END_OF_TURN,
        pad_token="</s>",  # noqa: S106
        clean_up_tokenization_spaces=False,
        model_max_length=config.get("model_max_length") or 32_768,
    )


def _from_sentencepiece(content: bytes, path: Path, named: dict[int, str]) -> Tokenizer:
    """Build the tokenizer from a SentencePiece model.

    Args:
        named: tokens that the model's configuration names, by id; in InternLM2 they take ids that the SentencePiece
            model reserves under other names.
    """
    proto = ModelProto.FromString(content)
    if proto.trainer_spec.model_type != _BPE:
        raise ConfigError(f"{path}: is not a BPE model, as InternLM2's tokenizer must be")
    pieces = [(named.get(number, piece.piece), piece.score) for number, piece in enumerate(proto.pieces)]
    vocabulary = {piece: number for number, (piece, _) in enumerate(pieces)}
    unknown = proto.trainer_spec.unk_piece
    merges = generate_merges(vocabulary, pieces, skip_tokens=set(named.values()))
    tokenizer = Tokenizer(BPE(vocabulary, merges, unk_token=unknown, fuse_unk=True, byte_fallback=True))
    special = {p.piece for p in proto.pieces if p.type == _CONTROL} | set(named.values())
    plain = {p.piece for p in proto.pieces if p.type == _USER_DEFINED} - special
    for token in (*vocabulary, *(named[number] for number in sorted(named) if number >= len(vocabulary))):
        if token in special:
            tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True)])
        elif token in plain:
            tokenizer.add_tokens([AddedToken(token, normalized=False)])
    for number, token in named.items():
        if tokenizer.token_to_id(token) != number:
            raise ConfigError(f"{path}: token {token!r} should have id {number}; do the files belong together?")
    prefixed = proto.normalizer_spec.add_dummy_prefix
    replace = normalizers.Replace(" ", "\u2581")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), replace]) if prefixed else replace
    steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if prefixed else steps)
    return tokenizer
