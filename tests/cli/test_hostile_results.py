"""Result files that were received or damaged: every command that reads them says one line, or goes on without them."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.conftest import SCRIPTED, write_models
from tests.damage import damaged

EXAMPLES = int(os.environ.get("PRISM_FUZZ_EXAMPLES", "12"))
RUN = "RUN"  # stands for the folder of the run
FILES = (
    *("status.json", "manifest.json", "predictions.jsonl", "scores.json", "rotations.jsonl"),
    *("descriptions.jsonl", "benchmark.json"),
)
COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("status",),
    ("status", "--json"),
    ("resume", RUN, "--quiet"),
    ("score", RUN),
    ("judge", RUN, "--judge", "scripted", "--plan"),
    ("compare", RUN, RUN),
    ("analyze", RUN),
    ("board", "results"),
    ("power", RUN),
)


def check_each(prism, folder, path, commands, *, names=("",)):
    """Check that every command says one line about a damaged file, or goes on without it, whatever is damaged.

    Args:
        folder: everything that is restored before each try.
        path: the file.
        commands: what reads it.
        names: of which an error must contain one.
    """
    kept = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    @settings(
        max_examples=EXAMPLES,
        derandomize=EXAMPLES == 12,  # a suite must not fail by chance; set PRISM_FUZZ_EXAMPLES to look for more
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(content=damaged(kept[path]), command=st.sampled_from(commands))
    def check(content, command):
        for file, before in kept.items():
            file.write_bytes(before)
        path.write_bytes(content)
        said = prism(*command)
        assert said.code in (0, 1, 2, 3, 4, 5), (command, said)
        assert "This is a bug in prism" not in said.err, (command, content[:300], said.err)
        assert "Traceback" not in said.err
        assert "\x1b" not in said.out + said.err
        if said.code == 2 and any(names):
            assert said.err.count("error: ") == 1, (command, content[:300], said.err)
            assert any(name in said.err for name in names), (command, content[:300], said.err)

    check()


@pytest.mark.parametrize("name", FILES)
def test_no_command_fails_at_a_damaged_or_hostile_file(prism, tmp_path, name):
    made = prism("run", *SCRIPTED, *(("--rotate", "2") if name == "rotations.jsonl" else ()))
    assert made.code == 0, made
    path = next(file for file in (tmp_path / "results").rglob(name))
    folder = next(file.parent for file in (tmp_path / "results").rglob("predictions.jsonl")).relative_to(tmp_path)
    commands = [tuple(folder if word == RUN else word for word in command) for command in COMMANDS]
    check_each(prism, tmp_path / "results", path, commands)


@pytest.mark.parametrize("name", ["manifest.json", "predictions.jsonl", "draws.jsonl", "scores.json", "draws.json"])
def test_no_command_fails_at_a_damaged_judged_file(prism, tmp_path, name):
    models = write_models(tmp_path / "models.yaml", vague={"backend": "scripted", "replies": ["Well, who knows?"]})
    options = ("--answers-per-question", "2", "--models-file", models)
    made = prism("run", "shapes.tsv", "-n", "6", "-p", "scripted", "-r", "vague", *options, "--config", draws(tmp_path))
    assert made.code == 0, made
    folder = next(file.parent for file in (tmp_path / "results").rglob("predictions.jsonl"))
    judging = ("judge", folder, "--judge", "scripted", "--models-file", models)
    assert prism(*judging).code in (0, 1)
    judged = folder / "judged-scripted"
    readers = (("compare", folder, judged), ("compare", judged, judged), ("analyze", judged), ("board", judged))
    check_each(
        prism, folder, judged / name, (*readers, ("score", judged), ("power", judged), ("board", "results"), judging)
    )


def draws(folder):
    """Write a run file that samples answers."""
    (folder / "run.yaml").write_text("reasoning: {temperature: 0.7}\n")
    return folder / "run.yaml"


GRADED = {"instruction": "Describe.", "response": "A cat.", "reference": None, "rubric": "exact", "image": None}
SCALE = {"criterion": "Is it right?", "levels": ["1", "2", "3", "4", "5"]}
MADE = {
    "hints.json": json.dumps({str(number): "the colour" for number in range(24)}),
    "hints.txt": "Describe the sky.\nAnd the sea.\n",
    "descriptions.csv": "index,description\n" + "".join(f"{number},a star\n" for number in range(24)),
    "descriptions.jsonl": "".join(f'{{"index": "{number}", "description": "a star"}}\n' for number in range(24)),
    "rows.jsonl": "".join(json.dumps({"id": number, **GRADED}) + "\n" for number in range(3)),
    "rubrics.yaml": json.dumps({"rubrics": {"exact": SCALE}}),
    "others.csv": "id,score\n0,3\n1,4\n2,5\n",
    "grades.jsonl": "".join(json.dumps({"id": str(number), "score": 3}) + "\n" for number in range(3)),
}
"""Files that a user may have received together with a benchmark, good as they are here."""
GRADE = ("grade", "rows.jsonl", "--judge", "five", "--models-file", "models.yaml", "--rubrics", "rubrics.yaml")
READ_BY = {
    "hints.json": ("run", *SCRIPTED, "--instruction", "@hints.json"),
    "hints.txt": ("run", *SCRIPTED, "--instruction", "@hints.txt"),
    "descriptions.csv": ("run", "shapes.tsv", "-r", "scripted", "--descriptions", "descriptions.csv"),
    "descriptions.jsonl": ("run", "shapes.tsv", "-r", "scripted", "--descriptions", "descriptions.jsonl"),
    "rows.jsonl": GRADE,
    "rubrics.yaml": GRADE,
    "others.csv": (*GRADE, "--against", "others.csv"),
    "grades.jsonl": (*GRADE, "--against", "grades.jsonl"),
}


@pytest.mark.parametrize("name", MADE)
def test_no_command_fails_at_a_damaged_file_that_it_is_given(prism, tmp_path, name):
    write_models(tmp_path / "models.yaml", five={"backend": "scripted", "replies": ["Good. [RESULT] 5"]})
    inputs = tmp_path / "inputs"
    for file, content in MADE.items():
        (tmp_path / file).write_text(content)
    inputs.mkdir()
    (tmp_path / name).rename(inputs / name)
    (tmp_path / name).symlink_to(inputs / name)
    assert prism(*READ_BY[name]).code == 0
    names = [name, "rows.jsonl"] if name == "rubrics.yaml" else [name]  # rows that name what is no longer there
    check_each(prism, inputs, inputs / name, [READ_BY[name]], names=names)
