"""`prism plan`: what it counts, and that it takes what a run takes."""

from __future__ import annotations

import base64
import inspect

import numpy as np

from prism_engine.cli.run import plan, run
from tests.imaging.shades import RGB, encoded
from tests.provider import paid_model, provider

from .conftest import SCRIPTED, write_models


def test_plan_counts_without_calling_or_creating_a_cache_of_calls(prism, tmp_path):
    said = prism("plan", *SCRIPTED)
    assert said.code == 0
    assert "24 samples" in said.out
    assert not (tmp_path / "cache" / "calls.sqlite").exists()
    prism("run", *SCRIPTED)
    describe, answer = (line.split() for line in prism("plan", *SCRIPTED).out.splitlines()[2:4])
    assert (describe[0], describe[2], answer[0], answer[2], answer[3]) == ("Descriptions", "0", "Answers", "0", "0")


def test_plan_takes_the_options_of_a_run_that_change_nothing_for_it(prism, tmp_path):
    options = ("--profile", "v1", "--rpm", "60", "--tpm", "9000", "--concurrency", "4", "--max-cost", "1")
    more = ("--deadline", "8h", "--fail-on-error", "0.1", "--retry-failed", "--results-dir", "elsewhere")
    entry = {"backend": "api", "model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None}
    models = write_models(tmp_path / "m.yaml", far=entry)
    said = prism("plan", "shapes.tsv", "-p", "scripted", "-r", "far", "--models-file", models, *options, *more)
    assert (said.code, "24 samples" in said.out) == (0, True)
    assert not (tmp_path / "elsewhere").exists()


def test_plan_takes_every_option_of_run():
    taken = [set(inspect.signature(command).parameters) for command in (run, plan)]
    assert taken[0] == taken[1]


def test_a_plan_that_only_answers_counts_no_descriptions_to_make(prism):
    said = prism("plan", *SCRIPTED, "--mode", "reasoning")
    assert "24 samples have no description yet" in said.out
    assert [line.split()[2] for line in said.out.splitlines()[2:4]] == ["0", "0"]


def test_a_plan_of_several_runs_counts_what_they_share_once(prism):
    said = prism("plan", *SCRIPTED, "--mode", "all", "--mode", "direct", "--mode", "blind")
    lines = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line}
    pictures = lines["all"][1]
    assert lines["all"] == ["0", pictures, "0", "0", "24", "0", "0"]
    assert lines["direct"] == ["0", "0", "0", "0", "0", "0", "24"]
    assert lines["blind"] == ["0", "0", "0", "23", "0", "0", "0"]  # one question is asked of two pictures
    assert lines["together"] == ["0", pictures, "0", "23", "24", "0", "24"]

    said = prism("plan", *SCRIPTED, "--mode", "all", "--mode", "perception")
    lines = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line}
    assert lines["perception"] == ["0"] * 5


def table_of(path, *pictures):
    lines = ["index\timage\tquestion\tA\tB\tanswer"]
    lines += [f"{at}\t{base64.b64encode(data).decode()}\tWhich?\tred\tblue\tA" for at, data in enumerate(pictures)]
    path.write_text("\n".join(lines) + "\n")


def test_check_and_plan_say_which_pictures_a_model_gets_converted(prism, tmp_path):
    pictures = [encoded(RGB, kind) for kind in ("PNG", "JPEG", "BMP", "TIFF")]
    table_of(tmp_path / "mixed.tsv", *pictures, encoded(np.tile(RGB, (9, 9, 1)), "PNG"))
    checked = "pictures that most APIs get converted"
    assert f"{checked}     2 (BMP as PNG: 1; TIFF as PNG: 1)" in prism("datasets", "check", "mixed.tsv").out
    assert checked not in prism("datasets", "check", "shapes.tsv").out
    entry = {"backend": "api", "model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None}
    models = write_models(tmp_path / "m.yaml", far=entry, small={**entry, "max_image_side": 64})
    options = ("mixed.tsv", "-p", "far", "--mode", "perception", "--models-file", models)
    said = prism("plan", *options)
    assert "\npictures that far gets converted: 2 (BMP as PNG: 1; TIFF as PNG: 1)\n" in said.out
    several = prism("plan", *options, "-p", "small", "-p", "scripted").out
    # Its BMP and TIFF are the same calls as those of the first model, which is at the same address.
    assert "pictures that small gets converted: 1 (scaled down to max_image_side 64: 1)" in several
    assert "scripted gets" not in several


def test_a_run_sends_no_picture_that_an_api_refuses_and_a_second_one_sends_nothing(prism, tmp_path):
    table_of(tmp_path / "mixed.tsv", *(encoded(RGB, kind) for kind in ("PNG", "BMP", "TIFF", "JPEG2000", "TGA")))
    with provider() as server:
        models = write_models(tmp_path / "m.yaml", far=paid_model(server, price=None, max_image_bytes=5_000_000))
        options = ("mixed.tsv", "-p", "far", "--mode", "perception", "--models-file", models)
        assert prism("run", *options).code == 0
        sent = server.stats.received
        assert prism("run", *options).code == 0
        assert server.stats.received == sent == 5
    assert "pictures that" not in prism("plan", *options).out
