from __future__ import annotations

from prism_engine.sql_text import plain


def test_comments_and_spaces_do_not_tell_statements_apart():
    assert plain("CREATE TABLE a (\n  b INTEGER -- a count\n)") == plain("CREATE TABLE a (b INTEGER)")
    assert plain("CREATE TABLE a (b)") != plain("CREATE TABLE a (b, CHECK (b > 0))")
