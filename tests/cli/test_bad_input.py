"""Bad input: one clear message that names the place and the mend, and the right exit code."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib

import pytest
from PIL import Image

from prism_engine.errors import ConfigError


def png(size=(8, 8)):
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, "PNG")
    return buffer.getvalue()


def bomb():
    """A few bytes that claim 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    pixels = struct.pack(">I", 64) + b"IDAT" + b"\0" * 64 + struct.pack(">I", zlib.crc32(b"IDAT" + b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + chunk + pixels + b"\0\0\0\0IEND\xaeB`\x82"


def encoded(content):
    return base64.b64encode(content).decode()


GOOD = encoded(png())
HEADER = "index\timage\tquestion\tA\tB\tanswer\n"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("index\timage\tqestion\n1\tx\ty\n", ["question", "qestion"]),
        (HEADER + f"1\t{'!' * 80}\tQ\ta\tb\tA\n", ["row 1", "index 1", "'image'", "base64"]),
        (HEADER + f"7\t{encoded(png((64, 64))[:-30])}\tQ\ta\tb\tA\n", ["row 1", "index 7", "'image'"]),
        (HEADER + f"1\t{encoded(bomb())}\tQ\ta\tb\tA\n", ["row 1", "'image'", "pixels"]),
        (HEADER + f"1\t{GOOD}\tQ\ta\tb\tA\n1\t{GOOD}\tQ\ta\tb\tA\n", ["row 2", "index 1", "same index"]),
        (HEADER + f"1\t{GOOD}\tQ\ta\n", ["row 1"]),
        ("", ["empty"]),
    ],
    ids=[
        "missing column",
        "broken base64",
        "truncated image",
        "decompression bomb",
        "duplicate index",
        "ragged",
        "empty",
    ],
)
def test_a_broken_benchmark_is_named_with_row_and_column_before_anything_is_called(prism, tmp_path, table, expected):
    (tmp_path / "broken.tsv").write_text(table)
    said = prism("run", "broken.tsv", "-p", "scripted", "-r", "scripted")
    assert said.code == 2
    assert said.err.count("error:") == 1
    assert "broken.tsv" in said.err
    for word in expected:
        assert re.search(word, said.err), (word, said.err)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("shapes.tsv", "-p", "scriptd", "-r", "scripted"),
            "perceiver: unknown model 'scriptd' - did you mean 'scripted'",
        ),
        (("shapes.tsv", "-p", "scripted", "-r", "scriptd"), "reasoner: unknown model 'scriptd'"),
        (("shapes.tsv", "-p", "scripted~eye", "-r", "scripted"), "perceiver: unknown model 'eye'"),
        (
            ("shapes.tsv", "-p", "scripted", "-r", "scripted", "--instruction", "query-specific_pen"),
            "hint writer: unknown model 'pen'",
        ),
        (("shape.tsv", "-p", "scripted", "-r", "scripted"), "no benchmark 'shape.tsv'"),
        (("shapes.tsv", "-p", "scripted"), "needs a reasoner"),
        (("shapes.tsv", "-p", "scripted", "-r", "scripted", "--profile", "v9"), "profile 'v9'"),
        (("shapes.tsv", "-p", "scripted", "-r", "scripted", "--instruction", "genric"), "did you mean 'generic'"),
        (("shapes.tsv", "-p", "scripted", "-r", "scripted", "--rpm", "5"), "has no limits"),
        (("shapes.tsv", "-p", "scripted", "-r", "scripted", "--samples", "0"), "samples"),
        (("shapes.tsv", "-p", "scripted", "-r", "gpt-4o"), "OPENAI_API_KEY"),
    ],
)
def test_a_wrong_option_is_one_message_and_exit_code_2(prism, tmp_path, arguments, expected):
    said = prism("run", *arguments)
    assert said.code == 2
    assert expected in said.err
    assert "Traceback" not in said.err


def test_an_unknown_judge_is_refused_before_anything_is_read_again_however_much_is_cached(prism):
    run = ("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")
    assert prism(*run).code == 0
    said = prism(*run, "--judge", "scriptd")
    assert said.code == 2
    assert said.err.startswith("error: judge: unknown model 'scriptd' - did you mean 'scripted'")
    assert "Results:" not in said.out + said.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("benchmark: [1\n", "line 2"),
        ("benchmrk: shapes.tsv\nperceiver: scripted\nreasoner: scripted\n", "did you mean 'benchmark'"),
        ("benchmark: shapes.tsv\nperceiver: scripted\nreasoner: scripted\nmode: al\n", "mode"),
    ],
)
def test_a_wrong_run_file_is_named_with_its_key_or_line(prism, tmp_path, text, expected):
    (tmp_path / "run.yaml").write_text(text)
    said = prism("run", "--config", "run.yaml")
    assert said.code == 2
    assert "run.yaml" in said.err
    assert expected in said.err


def test_a_cache_that_is_none_is_named_and_left_alone(prism, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "calls.sqlite").write_text("this is my thesis, not a cache" * 100)
    said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")
    assert said.code == 2
    assert "calls.sqlite" in said.err
    assert (tmp_path / "cache" / "calls.sqlite").read_text().startswith("this is my thesis")


def test_debug_shows_the_traceback(prism, monkeypatch):
    with pytest.raises(ConfigError):
        prism("--debug", "run", "shapes.tsv", "-p", "nobody", "-r", "scripted")


def test_a_run_in_a_deleted_folder_says_so(prism, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    said = prism("run", tmp_path / "shapes.tsv", "-p", "scripted", "-r", "scripted")
    assert (said.code, said.err) == (2, "error: the current folder was deleted or moved; change to one that exists\n")
