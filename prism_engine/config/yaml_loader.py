"""The only place where YAML is parsed: plain values alone, within bounds on size, depth and aliases."""

from __future__ import annotations

import math
import re
from reprlib import Repr
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NODES: Final = 100_000
"""Values in a file, an alias counted as often as it is used: a few lines of nested aliases stand for billions."""
MOST_LEVELS: Final = 64
"""Nesting of lists and mappings; deeper ones are no configuration, and recursive code fails at them."""
_LONGEST_NUMBER: Final = 400
"""Characters of a number; the time to read one grows with the square of its length."""
_LONGEST_KEY: Final = 80
"""Characters of a key in a message."""
_LARGEST: Final = 2**63 - 1
"""Of what is stored somewhere (SQLite, JSON, Parquet), the smallest limit."""
_NUMBERS: Final = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_MERGE: Final = "tag:yaml.org,2002:merge"
_WORDS: Final = Repr()
_WORDS.maxstring = _WORDS.maxother = _WORDS.maxlong = 80


def load(text: str) -> object:
    """Return the content of a YAML document: text, finite numbers of up to 64 bits, booleans, lists and mappings.

    A date is text, as the settings that contain one are. A key of a mapping that is given twice is an error, except
    that it may override one of a merge (`<<`).

    Raises:
        yaml.YAMLError: it is not YAML, contains another type of value, or exceeds one of the bounds.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - derives from SafeLoader


def shown(value: object) -> str:
    """Return a value as in Python, shortened: a file that was received may contain anything of any size."""
    try:
        return _WORDS.repr(value)
    except ValueError:  # Python refuses to write whole numbers of more than 4,300 digits
        return "a number of thousands of digits"


def one_line(key: str) -> str:
    """Return a key on one line, shortened: it comes from a file that may contain anything."""
    text = key if key.isprintable() else repr(key)[1:-1]
    return text if len(text) <= _LONGEST_KEY else f"{text[:_LONGEST_KEY]}..."


class _Loader(yaml.SafeLoader):
    """YAML's safe loader with bounds, and with an error that names the place for whatever it cannot construct."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nodes = 0
        self._level = 0
        self._reached = 0
        """The deepest level of what is being composed."""
        self._extent: dict[yaml.Node, tuple[int, int]] = {}
        """Number of nodes and of levels of each node with an anchor."""
        self.keys: list[str] = []
        """The keys of the mappings around what is being constructed, from the outside."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose the next node; an alias counts as what it stands for."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        is_alias = isinstance(event, yaml.AliasEvent)
        before, reached = self._nodes, self._reached
        self._level += 1
        self._count(event, 1, 0)
        self._reached = self._level
        node = super().compose_node(parent, index)
        if is_alias and node is not None:
            if node not in self._extent:
                raise _error("an alias stands for something that contains it", event)
            self._count(event, *self._extent[node])
        elif node is not None and event.anchor is not None:
            self._extent[node] = self._nodes - before, self._reached - self._level
        self._reached = max(reached, self._reached)
        self._level -= 1
        return node

    def _count(self, event: yaml.Event, nodes: int, levels: int) -> None:
        self._nodes += nodes
        self._reached = max(self._reached, self._level + levels)
        if self._nodes > MOST_NODES:
            raise _error(f"more than {MOST_NODES:,} values, aliases included; prism reads no such file", event)
        if max(self._level, self._reached) > MOST_LEVELS:
            raise _error(f"more than {MOST_LEVELS} levels deep; prism reads no such file", event)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - of the base class
        """Return the value of a node."""
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:
            raise _error(f"a number of {len(node.value):,} characters; put it in quotes if it is text", node, self.keys)
        try:
            value = super().construct_object(node, deep=deep)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            kind = node.tag.rpartition(":")[2]
            raise _error(f"{shown(node.value)} is no {kind}", node, self.keys) from error
        if problem := _problem(value):
            raise _error(problem, node, self.keys)
        return value


def _problem(value: object) -> str:
    """Return what is wrong with a scalar; empty if it is usable."""
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        return f"{shown(value)} is a number of more than 64 bits; put it in quotes if it is text"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    if isinstance(value, str) and (unusable := re.search("[\0\ud800-\udfff]", value)):
        return f"{shown(value)} contains {unusable[0]!a}, which is no character"
    return ""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    own = {key for key, _ in node.value if key.tag != _MERGE}
    loader.flatten_mapping(node)
    pairs: dict[Any, Any] = {}
    given = set()
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, list | dict | set):
            raise _error(f"a key must be text, not {shown(key)}", key_node, loader.keys)
        if key in given and key_node in own:
            raise _error(f"key {shown(key)} is given twice", key_node, loader.keys)
        if key_node in own:
            given.add(key)
        loader.keys.append(one_line(str(key)))
        pairs[key] = loader.construct_object(value_node, deep=True)
        loader.keys.pop()
    return pairs


def _error(problem: str, place: Any, keys: Sequence[str] = ()) -> yaml.MarkedYAMLError:
    where = f"{'.'.join(keys)}: " if keys else ""
    return yaml.MarkedYAMLError(problem=where + problem, problem_mark=place.start_mark)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
