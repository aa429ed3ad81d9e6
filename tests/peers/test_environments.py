from __future__ import annotations

import pytest

from benchmarks.peer_tools import environments
from benchmarks.peer_tools.environments import InstallError, pins
from benchmarks.peer_tools.tools import TOOLS

LOCKS = sorted(path.stem for path in environments.LOCKS.glob("*.txt"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_distribution_of_a_peers_environment_has_an_exact_version(name):
    assert all(version[0].isdigit() and "*" not in version for version in pins(name).values())


def test_the_peers_themselves_are_among_the_pins():
    assert all(pins(tool.lock)[tool.distribution] for tool in TOOLS if tool.lock)


def test_every_peer_with_an_environment_has_a_lock_and_every_lock_a_peer():
    assert sorted(tool.lock for tool in TOOLS if tool.lock) == LOCKS


@pytest.mark.parametrize("line", ["inspect_ai", "inspect_ai>=0.3", "inspect_ai==", "-e ."])
def test_a_lock_without_an_exact_version_is_an_error(tmp_path, monkeypatch, line):
    monkeypatch.setattr(environments, "LOCKS", tmp_path)
    (tmp_path / "made.txt").write_text(f"# a comment\nopenai==3.57.0\n{line}\n")
    with pytest.raises(InstallError, match=r"made\.txt: .* has no exact version"):
        pins("made")


def test_an_environment_that_fits_its_lock_is_not_installed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "LOCKS", tmp_path / "locks")
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "empty.txt").write_text("# nothing\n")
    found = environments.python("empty", tmp_path / "envs")
    (tmp_path / "envs" / "empty" / "mine").touch()
    assert environments.python("empty", tmp_path / "envs") == found
    assert (tmp_path / "envs" / "empty" / "mine").exists()
    (tmp_path / "locks" / "empty.txt").write_text("# nothing, in other words\n")
    environments.python("empty", tmp_path / "envs")
    assert not (tmp_path / "envs" / "empty" / "mine").exists()


def test_a_peer_that_cannot_be_installed_is_named_with_pips_words(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "LOCKS", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "made.txt").write_text("no-such-peer==1.0\n")
    with pytest.raises(InstallError, match=r"made cannot be installed: .*no-such-peer==1\.0"):
        environments.python("made", tmp_path / "envs")
    assert not (tmp_path / "envs" / "made" / "installed").exists()
