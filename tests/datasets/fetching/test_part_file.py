from __future__ import annotations

import hashlib

import pytest

from prism_engine.datasets.fetching.part_file import PartFile, file_digests
from prism_engine.errors import UserError

URL = "https://example.org/a"


def test_a_part_is_kept_until_it_is_published(tmp_path):
    target = tmp_path / "new" / "a.tsv"
    with PartFile(target) as part:
        part.begin(URL, '"v1"')
        part.write(b"one")
    with PartFile(target) as part:
        assert (part.size, part.validator(URL), part.validator("https://other.org")) == (3, '"v1"', None)
        part.write(b"two")
        assert part.digests() == (hashlib.md5(b"onetwo").hexdigest(), hashlib.sha256(b"onetwo").hexdigest())
        assert not target.exists()
        part.publish()
    assert target.read_bytes() == b"onetwo"
    assert list(target.parent.iterdir()) == [target]


def test_a_part_starts_over_and_is_discarded(tmp_path):
    target = tmp_path / "a.tsv"
    target.write_bytes(b"old")
    with PartFile(target) as part:
        part.write(b"junk")
        part.begin(URL, None)
        assert (part.size, part.validator(URL)) == (0, None)
        part.write(b"new")
        part.discard()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_one_process_at_a_time_downloads_a_file(tmp_path):
    with PartFile(tmp_path / "a"), pytest.raises(UserError, match="another process is downloading it"):
        PartFile(tmp_path / "a")
    PartFile(tmp_path / "a").__exit__(None, None, None)


@pytest.mark.parametrize("kept", ["", "junk", "[]", '{"url": 5}', '{"url": "https://example.org/a", "validator": 7}'])
def test_a_damaged_validator_file_is_ignored(tmp_path, kept):
    (tmp_path / ".a.part.json").write_text(kept)
    with PartFile(tmp_path / "a") as part:
        assert part.validator(URL) is None


def test_a_folder_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        PartFile(tmp_path / "file" / "a")
    with pytest.raises(UserError, match="cannot be read"):
        file_digests(tmp_path / "gone")
