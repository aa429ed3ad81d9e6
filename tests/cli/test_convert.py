"""`prism convert` on the command line."""

from __future__ import annotations

from typer.testing import CliRunner

from prism_engine.cli.app import app
from tests.convert.original import make_published


def test_a_published_model_becomes_a_folder_that_a_run_takes(tmp_path):
    make_published(tmp_path)
    arguments = [tmp_path / "captioner", tmp_path / "out", "--llm", tmp_path / "llm", "--encoder", tmp_path / "encoder"]
    result = CliRunner().invoke(app, ["convert", "xtuner", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "config.json").is_file()
