"""Translates VLMEvalKit's command line (`--data A B --model M --mode infer`) to prism's options, with notes.

There a model answers from the pictures, which is prism's mode `direct`. With a reasoner in addition, the model
describes and the reasoner answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from prism_engine.config.choices import SEPARATOR
from prism_engine.config.models import HUB_ID
from prism_engine.errors import ConfigError
from prism_engine.original.translation import Translation, concurrency_of
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.config.models import ModelSpec, Registry

MODES: Final = ("all", "infer", "eval")
VALUED: Final = {
    "work-dir": "results_dir",
    "api-nproc": "concurrency",
    "retry": None,
    "reuse-aux": None,
    "judge-nproc": None,
    "judge-api-nproc": None,
    "judge-retry": None,
    "judge-timeout": None,
    "judge-args": None,
    "judge-base-url": None,
    "judge-key": None,
    "base-url": None,
    "key": None,
}
"""Options with a value that only VLMEvalKit has, with the configuration key that each sets, if any."""
FLAGS: Final = ("reuse", "use-vllm", "keep-failed", "api-mode")
"""Options without a value that only VLMEvalKit has."""
NO_JUDGE: Final = "exact_matching"
_ALIASES: Final = {"GPT4o_20241120": "gpt-4o-1120", "GeminiFlash2-5": "gemini-2.5-flash"}
_IGNORED: Final = {
    "reuse": "finished calls always come from the cache",
    "reuse-aux": "finished calls always come from the cache",
    "use-vllm": "a model's registry entry says how it runs; `prism models` lists them",
    "keep-failed": "failed calls are reported, never scored, and made again by the next run",
    "api-mode": "calls are always made concurrently",
    "retry": "calls that may succeed later are retried; `attempts:` of a model's entry sets how often",
    "ignore": "failed calls are reported, never scored, and made again by the next run",
    "verbose": "descriptions and answers are in the results folder",
    "judge-nproc": "`limits:` of the judge's entry set its concurrency",
    "judge-api-nproc": "`limits:` of the judge's entry set its concurrency",
    "judge-retry": "`attempts:` of the judge's entry sets it",
    "judge-timeout": "`timeout:` of the judge's entry sets it",
}
"""Why an option has no effect here."""
_REFUSED: Final = {
    "judge-args": "write what the judge needs into an entry of a --models-file, and name that as --judge",
    "judge-base-url": "write `base_url:` into an entry of a --models-file, and name that as --judge",
    "judge-key": "keys are read from the environment or .env, never from a command line, which others can see: set the "
    "variable that the judge's entry names (OPENAI_API_KEY)",
    "base-url": "write `base_url:` into an entry of a --models-file, and name that as --model",
    "key": "keys are read from the environment or .env, never from a command line, which others can see: set the "
    "variable that the model's entry names (OPENAI_API_KEY)",
}
"""What to do instead of an option that would change answers or scores here too, but has no translation."""


def is_vlmevalkit(given: Mapping[str, Any], mode: str | None) -> bool:
    """Whether arguments are VLMEvalKit's and not the original Prism's: both have --data, --model, --mode and --verbose.

    Args:
        given: by name.
        mode: the value of `--mode`, if it is given once.
    """
    lists = any(isinstance(given.get(name), list) for name in ("data", "model"))
    return lists or mode in {"infer", "eval"} or not given.keys().isdisjoint((*VALUED, *FLAGS))


def translated_line(
    given: Mapping[str, Any], mode: str | None, registry: Registry, named: Mapping[str, Any]
) -> Translation:
    """Translate VLMEvalKit's arguments to prism's options.

    Args:
        given: VLMEvalKit's arguments by name.
        mode: the value of `--mode`; None if it is not given or is one of prism's own.
        named: options given under prism's names.

    Raises:
        ConfigError: a model is not in the registry; an option has no translation.
    """
    for name, instead in _REFUSED.items():
        if name in given:
            raise ConfigError(f"--{name}: {instead}")
    options: dict[str, Any] = {}
    notes = []
    if "data" in given:
        options["benchmark"] = given["data"]
    if "model" in given:
        names = given["model"] if isinstance(given["model"], list) else [given["model"]]
        options["perceiver"] = [registry_name(name, registry) for name in names]
        notes += [
            f"model {theirs}: {ours} of `prism models`"
            for theirs, ours in zip(names, options["perceiver"], strict=True)
            if theirs != ours
        ]
    options |= {
        option: given[key]
        for key, option in (("infer_model", "reasoner"), ("prompt_version", "instruction"))
        if key in given
    }
    if "work-dir" in given:
        options["results_dir"] = given["work-dir"]
    if not named.get("mode"):
        decoupled = options.get("reasoner") or named.get("reasoner")
        options["mode"] = "all" if decoupled else "direct"
        notes.append(f"mode: {_MODE_NOTES[mode or 'all']}; {_DECOUPLED if decoupled else _DIRECT}")
    if mode == "eval":
        options["cached_only"] = True
    if (threads := given.get("api-nproc") or given.get("nproc")) is not None and not named.get("concurrency"):
        reasoner = options.get("reasoner")
        callers = [reasoner] if reasoner else named.get("reasoner") or options.get("perceiver") or []
        concurrency, note = concurrency_of(list(map(str, callers)), threads, registry)
        notes.append(note)
        options |= concurrency
    ignored = [name for name in _IGNORED if name in given]
    notes += [f"{name}: ignored; {_IGNORED[name]}" for name in ignored]
    return Translation(options, notes)


_MODE_NOTES: Final = {
    "all": "answers and scores",
    "infer": "answers, scored by rules, which costs nothing; no judge is asked",
    "eval": "scores the answers that are in the cache, and makes no calls for others",
}
_DIRECT: Final = "the model answers from the pictures (--mode direct), as in VLMEvalKit; with --reasoner it describes"
_DECOUPLED: Final = "the model describes and the reasoner answers (--mode all)"


def judge_to_ask(judge: str | None, mode: str | None) -> tuple[bool, str | None]:
    """Return whether a given judge is to be asked, and a note if not."""
    if judge == NO_JUDGE:
        return False, f"judge: {NO_JUDGE} is what prism does without a judge"
    if judge is not None and mode == "infer":
        return False, "judge: not asked in --mode infer; `prism judge` asks it later"
    return judge is not None, None


def registry_name(name: str, registry: Registry) -> str:
    """Return the registry's name for one of VLMEvalKit's: the same but for case and separators, or by checkpoint.

    Raises:
        ConfigError: no entry is that model, or more than one; says how to add one.
    """
    if name in registry or HUB_ID.fullmatch(name) or SEPARATOR in name:
        return name
    if name in _ALIASES and _ALIASES[name] in registry:
        return _ALIASES[name]
    wanted = _parts(name)
    found = [own for own, _ in registry if _parts(own) == wanted]
    found = found or [own for own, spec in registry if wanted in _checkpoint_parts(spec)]
    if len(found) == 1:
        return found[0]
    try:
        registry.find(name)  # a checkpoint's folder
    except ConfigError:
        known = [own for own, _ in registry]
        hint = f"; it may be {' or '.join(found)}" if found else did_you_mean(name, known) or _similar(name, known)
        raise ConfigError(
            f"--model {name}: VLMEvalKit's model of this name is not in the registry{hint}\n`prism models` lists it; "
            "give the checkpoint's hub id (org/name), or add an entry under `models:` in a --models-file"
        ) from None
    return name


def _parts(name: str) -> tuple[str, ...]:
    """Return the letters and the numbers of a name, whatever separates them: `Gemma3-4B` is `gemma-3-4b`."""
    return tuple(re.findall(r"[a-z]+|\d+(?:\.\d+)?", name.lower()))


def _checkpoint_parts(spec: ModelSpec) -> Sequence[tuple[str, ...]]:
    """Return the names that a checkpoint goes by: its own, and without `Instruct` or what marks a converted one."""
    checkpoint = getattr(spec, "model", "").rpartition("/")[2]
    bare = re.sub(r"(-hf|-it|-[Ii]nstruct)$", "", checkpoint)
    return [_parts(checkpoint), _parts(bare)] if checkpoint else []


def _similar(name: str, known: Sequence[str]) -> str:
    """Return the entry that shares the most with a name, as a hint; nothing if none shares its first word."""
    wanted = _parts(name)
    family = [own for own in known if wanted and _parts(own)[:1] == wanted[:1]]
    if not family:
        return ""
    return f"; the nearest one is {max(family, key=lambda own: len(set(_parts(own)) & set(wanted)))!r}"
