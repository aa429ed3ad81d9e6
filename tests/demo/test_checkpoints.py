from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from prism_engine.demo.checkpoints import IMAGE_SIZE, IMAGE_TOKENS, Checkpoints, build_checkpoints

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # of torch and transformers
]


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_finished_folder_is_taken_as_it_is(checkpoints: Checkpoints):
    before = checkpoints.vlm.parent.stat().st_mtime_ns
    assert build_checkpoints(checkpoints.vlm.parent) == checkpoints
    assert checkpoints.vlm.parent.stat().st_mtime_ns == before


def test_they_are_the_same_everywhere_and_made_in_silence(checkpoints: Checkpoints, tmp_path: Path):
    folder = tmp_path / "x" / "y"
    code = "import pathlib, sys; from prism_engine.demo.checkpoints import build_checkpoints as build; "
    code += "build(pathlib.Path(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert digests(folder) == digests(checkpoints.vlm.parent)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["y"]


def test_the_vlm_sees_one_picture_as_its_image_tokens(checkpoints: Checkpoints):
    from transformers import AutoProcessor  # noqa: PLC0415 - heavy

    processor = AutoProcessor.from_pretrained(checkpoints.vlm)
    content = [{"type": "image"}, {"type": "text", "text": "Describe it: Übung 你好 \U0001f600"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    assert text == "<s>User: <image>Describe it: Übung 你好 \U0001f600\nAssistant:"
    batch = processor(text=text, images=[Image.new("RGB", (300, 200))], return_tensors="pt")
    ids = batch["input_ids"][0].tolist()
    assert ids.count(processor.tokenizer.convert_tokens_to_ids("<image>")) == IMAGE_TOKENS
    assert max(batch["pixel_values"].shape[-2:]) == IMAGE_SIZE
    assert processor.tokenizer.decode(ids).endswith("Describe it: Übung 你好 \U0001f600\nAssistant:")


def test_answers_are_printable_words_never_empty_and_sometimes_end(checkpoints: Checkpoints):
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415 - heavy

    tokenizer = AutoTokenizer.from_pretrained(checkpoints.llm)
    model = AutoModelForCausalLM.from_pretrained(checkpoints.llm).eval()
    assert 300_000 < model.num_parameters() < 1_000_000
    ended = 0
    for number in range(40):
        turn = [{"role": "user", "content": f"Question {number}: what is there?"}]
        text = tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        written = model.generate(ids, attention_mask=ids.new_ones(ids.shape), max_new_tokens=48, do_sample=False)[0]
        answer = tokenizer.decode(written[ids.shape[1] :], skip_special_tokens=True)
        assert answer.strip()
        assert answer.isascii()
        assert answer.isprintable()
        ended += int(written[-1]) == tokenizer.eos_token_id
    assert ended
    assert model.config.max_position_embeddings >= 2048
