"""A `.env` file, whatever editor wrote it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prism_engine.config.env_file import read_env_file
from prism_engine.errors import ConfigError

LINES = "# a comment\r\nACME_API_KEY=sk-1\r\nOTHER='x y'\r\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_unicode_encoding_is_read(tmp_path, codec):
    path = tmp_path / ".env"
    path.write_bytes(LINES.encode(codec))
    assert read_env_file(path) == {"ACME_API_KEY": "sk-1", "OTHER": "x y"}


def test_a_stray_byte_affects_its_own_line_alone(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"# caf\xe9\nACME_API_KEY=sk-1\nNAME=\xe9\n")
    assert read_env_file(path) == {"ACME_API_KEY": "sk-1", "NAME": "\ufffd"}


def test_a_missing_file_has_no_variables_and_a_huge_one_is_refused(tmp_path):
    assert read_env_file(tmp_path / ".env") == {}
    assert read_env_file(tmp_path) == {}
    (tmp_path / ".env").write_bytes(b"#" * (1 << 20) + b"#")
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read_env_file(tmp_path / ".env")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_read_without_an_error(tmp_path, data):
    path = tmp_path / ".env"
    path.write_bytes(data)
    assert isinstance(read_env_file(path), dict)
