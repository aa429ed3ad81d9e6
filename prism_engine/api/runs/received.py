"""States what resuming a received run would start, contact, read, write and spend, before any of it happens.

The configuration in a received folder is someone else's command line: it may name servers to start, code to load,
addresses that keys are sent to, and files of this machine whose texts go to a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prism_engine.api.build.code_trust import TRUST_CODE, brings_code
from prism_engine.api.build.instruction_sources import writer_of
from prism_engine.api.build.perception_side import perception_roles
from prism_engine.config import ApiModel, RunConfig, VllmModel
from prism_engine.config.model_entry import Limits
from prism_engine.config.request_headers import variables_of
from prism_engine.config.run_config import with_own_limit
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prism_engine.api.results.status import RunState
    from prism_engine.config import ModelSpec, Registry

_MAX_TEXT: Final = 300
_STATED: Final = frozenset(
    {
        "backend",
        "model",
        "engine",
        "chat_template",
        "base_url",
        "api_key_env",
        "server",
        "extra_body",
        "price",
        "headers",
    }
    | {"limits", "about", "replies"}
)
"""Fields of an entry that have a line of their own, or no consequences; every other one is listed."""


def consequences(config: RunConfig, registry: Registry, folder: Path) -> list[str]:
    """Return what a run with a received configuration would do, one line each, safe to print.

    Args:
        registry: the user's own, without the received entries.
        folder: the one in which the run would work.

    Raises:
        ConfigError: the configuration names a model that exists nowhere.
    """
    merged = registry.merged(config.models)
    lines = [line for name in _models_of(config, merged) for line in _effects(name, merged.find(name), registry)]
    if config.judge is not None:
        lines += _judge_effects(config.judge, merged, registry)
    files = {"benchmark": config.benchmark, "descriptions": config.descriptions}
    if config.instruction.startswith("@"):
        files["instruction"] = config.instruction[1:]
    lines += [f"reads {_shown(path)} as its {key}, for the models above" for key, path in files.items() if path]
    lines.append(
        f"works in {_shown(folder)}, writes results to {_shown(config.results_dir)} and calls to the cache "
        f"{_shown(config.cache_dir)}"
    )
    cap = "has no cost cap" if config.max_cost is None else f"has a cost cap of ${config.max_cost}"
    lines.append(f"{cap} (--max-cost sets one)")
    return lines


def received_judge(state: RunState, judge: str, registry: Registry) -> str | None:
    """Return a note if a received run defines a model with the judge's name, which is not used; None if it does not.

    Raises:
        ConfigError: the received run is the only one that defines the judge; or another version of prism wrote it.
    """
    spec = None if state.is_own else state.run_config().models.get(judge)
    if spec is None or _is_yours(judge, spec, registry):
        return None
    effects = "; ".join(_effects(judge, spec, registry))
    if judge in registry:
        return f"{state.folder} was received, and its own model {judge!r} is not used, but yours ({effects})"
    raise ConfigError(
        f"{state.folder} was received, and only it defines the judge {judge!r}: {effects}. Received models do not "
        "judge: if you want this one, write it into a file of your own and give that as --models-file"
    )


def _models_of(config: RunConfig, registry: Registry) -> list[str]:
    config = with_own_limit(config, registry)
    if config.instruction.startswith("@"):  # names no hint writer, and is not to be opened yet
        config = config.model_copy(update={"instruction": RunConfig.model_fields["instruction"].default})
    names = [*perception_roles(config, registry).values(), writer_of(config)]
    names.append(config.reasoner if config.mode.needs_reasoner else None)
    return list(dict.fromkeys(name for name in names if name is not None))


def _judge_effects(name: str, merged: Registry, registry: Registry) -> Iterator[str]:
    try:
        spec = merged.find(name)
    except ConfigError:  # perhaps one of VLMEvalKit's names for judges; if not, judging reports it
        yield f"asks the judge {_shown(name)}"
    else:
        yield from _effects(name, spec, registry)


def _effects(name: str, spec: ModelSpec, registry: Registry) -> Iterator[str]:
    """Yield what the use of a model does on this machine and where it sends what."""
    if _is_yours(name, spec, registry):
        yield f"uses {_shown(name)}, as your own registry has it"
        return
    if isinstance(spec, VllmModel):
        yield from _loaded(name, "loads", spec.model, spec.engine)
        if spec.chat_template is not None:
            yield f"{_shown(name)}: with the chat template {_shown(spec.chat_template)}"
    elif isinstance(spec, ApiModel) and spec.server is not None:
        yield from _loaded(name, "starts a vLLM server of", spec.server.model, spec.server.options)
    elif isinstance(spec, ApiModel):
        key = "without a key" if spec.api_key_env is None else f"with the key in {_shown(spec.api_key_env)}"
        extra = f", and adds {_listed(spec.extra_body)}" if spec.extra_body else ""
        price = "" if spec.price is None else f", at the received price {_listed(spec.price.model_dump())}"
        address = _shown(spec.base_url.encode("ascii", "backslashreplace").decode())  # no letter looks like another one
        yield f"{_shown(name)}: sends requests to {address} {key}{extra}{price}"
        if spec.headers:
            variables = [_shown(each) for value in spec.headers.values() for each in variables_of(value)]
            reads = f", which reads {', '.join(variables)} from your environment or .env" if variables else ""
            yield f"{_shown(name)}: sends the headers {_listed(spec.headers)}{reads}"
    else:
        yield f"{_shown(name)}: canned replies"
    if others := {key: value for key, value in spec if key not in _STATED and value != _default_of(spec, key)}:
        yield f"{_shown(name)}: with {_listed(others)}"


def _loaded(name: str, does: str, checkpoint: str, options: dict[str, Any]) -> Iterator[str]:
    yield f"{_shown(name)}: {does} {_shown(checkpoint)}" + (f" with {_listed(options)}" if options else "")
    if brings_code(options):
        yield f"{_shown(name)}: RUNS PYTHON CODE that comes with {_shown(checkpoint)} ({TRUST_CODE})"


def _default_of(spec: ModelSpec, key: str) -> object:
    return type(spec).model_fields[key].get_default(call_default_factory=True)


def _is_yours(name: str, spec: ModelSpec, registry: Registry) -> bool:
    """Whether the user's registry has the same entry by this name; limits may differ."""
    try:
        own = registry.find(name) if name in registry else None
    except ConfigError:
        return False
    return own is not None and _without_limits(own) == _without_limits(spec)


def _without_limits(spec: ModelSpec) -> ModelSpec:
    return spec.model_copy(update={"limits": Limits()}) if spec.rate_limits is not None else spec


def _listed(options: Mapping[str, Any]) -> str:
    """Return options as text: every one, however many, with long values cut one by one, so that none can hide."""
    return ", ".join(f"{_shown(key)}={_shown(value)}" for key, value in options.items())


def _shown(text: object) -> str:
    """Return a received text as it can be printed: no control characters, and not endless."""
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text))
    return safe if len(safe) <= _MAX_TEXT else f"{safe[:_MAX_TEXT]}... ({len(safe):,} characters)"
