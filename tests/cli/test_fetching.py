"""What a download says."""

from __future__ import annotations

import pytest
import typer

from prism_engine.cli import fetching
from prism_engine.datasets.fetching.known import Fetched


def test_a_log_gets_a_line_per_tenth_and_one_at_the_end(tmp_path, monkeypatch, capsys):
    path = tmp_path / "Toy.tsv"
    path.write_bytes(b"x" * 1000)

    def fetch(name, *, progress, **_):
        for done in range(0, 1001, 10):
            progress(done, 1000)
        progress(1000, None)
        return Fetched(name, path, "5" * 64, "https://example.org/Toy.tsv", checked=True)

    monkeypatch.setattr(fetching, "fetch", fetch)
    fetching.fetch_shown("Toy")
    said = capsys.readouterr()
    assert said.err.count("Toy: ") == 10
    assert "from https://example.org/Toy.tsv; checksum right; SHA-256 555" in said.out


def test_ctrl_c_ends_it_without_a_traceback(monkeypatch, capsys):
    def fetch(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "fetch", fetch)
    with pytest.raises(typer.Exit) as ended:
        fetching.fetch_shown("Toy")
    assert ended.value.exit_code == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_only_what_is_missing_is_fetched(monkeypatch):
    seen = []
    monkeypatch.setattr(fetching, "missing", lambda names: [name for name in names if name == "POPE"])
    monkeypatch.setattr(fetching, "fetch_shown", seen.append)
    fetching.fetch_missing(["POPE", "mine.tsv"])
    assert seen == ["POPE"]
