"""The run file: benchmark, models, instruction, sampling, limits and folders of one run."""

from __future__ import annotations

import os
import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, TypedDict

import platformdirs
from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from prism_engine.config.arms import Arm
from prism_engine.config.bounds import (  # noqa: TC001 - pydantic reads annotations
    Dollars,
    Draws,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    Seed,
    Tokens,
)
from prism_engine.config.choices import Merge, Pictures
from prism_engine.config.deadline import has_passed
from prism_engine.config.frozen import Frozen
from prism_engine.config.models import ModelSpec  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.reasoning_effort import ReasoningEffort  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind, Sampling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from prism_engine.config.models import Registry

STORED: Final = "stored"
"""Validation context of a configuration that an earlier command stored: its deadline may have passed since."""
GIVEN = "given"
"""Replaces the instruction's name for descriptions from a table."""
_CHECKOUT = Path(__file__).parents[2]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text without line breaks")
    return text


Tags = dict[
    Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]{0,63}$")],
    Annotated[str, StringConstraints(max_length=200), AfterValidator(_printable)],
]
"""Labels by name."""


class SamplingConfig(Frozen):
    """Sampling parameters of one stage.

    Example: `{max_tokens: 1024, temperature: 0.7, seed: 1, n: 3}`.
    """

    max_tokens: Tokens = 512
    """Output limit, in tokens."""
    temperature: NonNegativeFloat = 0.0
    """Sampling temperature; 0 is greedy, deterministic decoding."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Nucleus sampling: share of probability mass from which tokens are drawn; 1 uses all tokens."""
    seed: Seed | None = None
    """Random seed, used only at a temperature above 0. None lets the model choose, except that draws (`n` above 1)
    count from 0."""
    stop: tuple[str, ...] = ()
    """Texts that end the output."""
    n: Draws = 1
    """Number of draws: descriptions per picture, or answers per description; above 1 it needs a temperature above 0.
    Draw k (from 0) has the seed `seed` + k."""

    @model_validator(mode="after")
    def _check_draws(self) -> Self:
        if self.n > 1 and self.temperature == 0:
            raise ValueError(f"n: {self.n} draws would all be the same at temperature 0; give a higher temperature")
        return self

    def to_sampling(self) -> Sampling:
        """Return the sampling parameters of a call."""
        return Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=self.stop,
        )


def default_cache_dir() -> Path:
    """Return `$PRISM_CACHE`, else `cache/` in a checkout, else the user's cache folder."""
    if from_environment := os.environ.get("PRISM_CACHE"):
        return Path(from_environment).expanduser()
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "prism_engine").is_dir():
        return _CHECKOUT / "cache"
    return Path(platformdirs.user_cache_dir("prism-engine", appauthor=False))


class CommandConfig(Frozen):
    """What runs, judgings and gradings share: limits, bounds on money, time and failures, and folders."""

    requests_per_minute: PositiveInt | None = None
    """Maximum requests per minute to the model that answers or judges (to the perceiver, if there is no reasoner). Only
    for models behind an API. Overrides the registry; None keeps its value."""
    tokens_per_minute: PositiveInt | None = None
    """Maximum prompt plus completion tokens per minute, for the same model. Overrides the registry; None keeps its
    value."""
    concurrency: PositiveInt | None = None
    """Maximum concurrent requests to the same model. Overrides the registry; None keeps its value."""
    max_cost: Dollars | None = None
    """Cost cap in US dollars for all runs into `results_dir` together; it is never exceeded. A call that might exceed
    it is not sent, and the run stops; raise the cap to resume. None means no cap."""
    deadline: str | None = None
    """When the run stops on its own, resumable: a time of day (`07:00`), a duration from its start (`8h30m`), or a date
    and time (`2026-11-22 07:00`). None means no deadline."""
    fail_on_error: NonNegativeFloat | None = None
    """How many samples (answers to judge, rows to grade) may fail: a share below 1 (`0.05`), or a count from 1 on. The
    run stops if more fail; otherwise it counts as complete. 0 stops at the first failure. None never stops for
    failures, but a run with failures is incomplete."""
    cache_dir: Path = Field(default_factory=default_cache_dir)
    """The cache folder; default `$PRISM_CACHE`, else `cache/` in a checkout, else the user's cache folder."""
    results_dir: Path = Path("results")
    """The folder for results; `max_cost` applies to all runs into it."""
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    """Additional models, by name; they override registry entries with the same name."""

    @field_validator("cache_dir", "results_dir")
    @classmethod
    def _expand_home(cls, path: Path) -> Path:
        return path.expanduser()

    @field_validator("deadline", mode="before")
    @classmethod
    def _check_deadline(cls, text: object, info: ValidationInfo) -> object:
        if isinstance(text, int):  # YAML reads 7:00 as 420, in base 60
            text = f"{text // 60}:{text % 60:02}"
        if isinstance(text, str) and has_passed(text) and info.context != STORED:
            raise ValueError("is in the past")
        return text

    def most_failures(self, count: int) -> int | None:
        """Return how many of `count` items may fail; None means no limit."""
        bound = self.fail_on_error
        return None if bound is None else int(bound if bound >= 1 else bound * count)


class CommandOptions(TypedDict, total=False):
    """The fields of `CommandConfig` as keywords of the public functions, with the values that are converted to them."""

    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrency: int | None
    max_cost: float | Decimal | None
    deadline: str | None
    fail_on_error: float | None
    cache_dir: str | Path
    results_dir: str | Path
    models: Mapping[str, ModelSpec | Mapping[str, Any]]


class RunConfig(CommandConfig):
    """The keys of a run file; every default is what most users want."""

    benchmark: str
    """The benchmark: a known name (`MMStar`), or the path of a TSV in VLMEvalKit's format, of a JSONL or Parquet file,
    or of a mapping (YAML)."""
    perceiver: str | None = None
    """The VLM that describes: a registered name, a checkpoint folder or a hub id; `A~B` merges the descriptions of
    multiple perceivers. Not needed in modes `blind` and `oracle`."""
    reasoner: str | None = None
    """The LLM that answers: a registered name, a checkpoint folder or a hub id. A number after a registered name
    (`llama3-70b-chat-2048`) sets the output limit of its answers. Not needed in modes `perception` and `direct`."""
    instruction: str = "generic"
    """The perceiver's instruction: a built-in name, a wording of more than one word, `@FILE` (a text file, or a JSON
    hints file by index), or `query-specific_MODEL`: the generic instruction plus per-question hints written by
    MODEL."""
    pictures: Pictures = Pictures.EACH
    """How the pictures of a multi-picture sample are sent to the perceiver: `each` (one request per picture),
    `together` (one request for all), or `first` (only the first picture)."""
    merge: Merge = Merge.LABELLED
    """How the descriptions of multiple perceivers are merged: `labelled` (under numbered labels), `plain` (separated by
    an empty line), or `original` (as in the original Prism: in reverse order, without a separator)."""
    mode: Arm = Arm.ALL
    """The model that answers, and its input: `all` (the reasoner, from descriptions), `perception` (describe only),
    `reasoning` (the reasoner, from cached descriptions), `direct` (the perceiver, from the pictures), `blind` (the
    reasoner, from the question alone), `oracle` (the reasoner, from gold descriptions), or `prompts` (only write
    hints)."""
    descriptions: Path | None = None
    """A table of existing descriptions (JSON lines, CSV, Excel or Parquet), keyed by the benchmark's index, by `doc_id`
    (0-based row number), or by picture digests. The perceiver is not called; its name, if given, labels the results.
    In mode `oracle`, the table replaces the benchmark's gold descriptions."""
    missing_descriptions: Literal["error", "skip"] = "error"
    """What to do with samples missing from `descriptions`, and with its rows that match no sample: `error` fails before
    any call; `skip` counts the samples as failed and ignores the rows."""
    failed: Literal["apart", "wrong"] = "apart"
    """How to score samples without an answer because a call failed: `apart` leaves them out of the accuracy and reports
    how far they could move it; `wrong` counts them as wrong answers, for a strict analysis."""
    samples: PositiveInt | None = None
    """Use only the first N samples; None uses all."""
    perception: SamplingConfig = SamplingConfig()
    """Sampling of descriptions."""
    reasoning: SamplingConfig = SamplingConfig()
    """Sampling of answers, by the reasoner or, in mode `direct`, by the perceiver."""
    writing: SamplingConfig = SamplingConfig()
    """Sampling of hints, by the hint writer of a query-specific instruction."""
    reasoning_effort: ReasoningEffort | None = None
    """How much the answering model reasons: `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`. Only for a
    model behind an API. With `thinking_budget` it replaces the registry's two values; None for both keeps them."""
    thinking_budget: NonNegativeInt | None = None
    """Maximum tokens that the answering model thinks, in place of the registry's; 0 turns thinking off."""
    rotate: PositiveInt | Literal["all"] = 1
    """Number of rotations of each multiple-choice question's options to ask, to measure position bias; `all` means as
    many as it has options. Rotation 0 is the question as it is. 1 rotates nothing. All share one description. Questions
    whose options refer to each other ("All of the above") or that have none are asked once, and counted."""
    answer_kind: AnswerKind | None = None
    """The answer kind, which selects the scorer (`choice`, `yes_no`, `vqa`, ...); None derives it from the benchmark's
    name, else from its columns."""
    profile: str = "prism"
    """Rules for reading replies: `prism`, or those of a VLMEvalKit version (`v1`, `v2`, `v3`)."""
    judge: str | None = None
    """The judge that is asked, after the run, about answers the rules could not read: any model that `prism judge`
    accepts. None uses no judge."""
    tags: Tags = Field(default_factory=dict)
    """Labels for tables and filters, such as `{paper: v2, seed: 3}`; they change no call, score or folder."""
    retry_failed: bool = False
    """Make calls only for samples that failed in the previous run into the same folder. All others come from the cache;
    samples that were never run stay so."""
    ahead: NonNegativeInt = 256
    """Maximum number of described samples that wait for the reasoner; bounds memory."""
    engines_at_once: PositiveInt = 1
    """Maximum number of vision engines that run on this machine at the same time, across multiple runs; the others wait
    for their turn."""

    @field_validator("rotate", mode="before")
    @classmethod
    def _check_rotate(cls, number: object) -> object:
        if number == "all" or (not isinstance(number, bool) and re.fullmatch("[1-9][0-9]{0,2}", str(number))):
            return number if number == "all" else int(str(number))
        raise ValueError("must be a number of rotations from 1 on, such as 4, or all")

    @field_validator("tags", mode="before")
    @classmethod
    def _tags_as_text(cls, tags: object) -> object:
        if not isinstance(tags, dict):
            return tags
        return {key: str(value) if type(value) in (int, float, bool) else value for key, value in tags.items()}

    @field_validator("descriptions")
    @classmethod
    def _expand_descriptions(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser()

    @model_validator(mode="after")
    def _check_models(self) -> Self:
        mode = self.mode.name
        if self.writing.n > 1:
            raise ConfigError(
                "writing.n: hints are written only once; for multiple draws use perception.n or reasoning.n"
            )
        if self.mode == Arm.PERCEPTION and self.descriptions is not None:
            raise ConfigError(
                f"mode {mode!r} makes descriptions, but `descriptions` already provides them: leave one of the two out"
            )
        if not self.mode.answers and not (self.reasoning_effort is None and self.thinking_budget is None):
            raise ConfigError(f"mode {mode!r} answers nothing: leave out --reasoning-effort and --thinking-budget")
        if self.calls_perceiver and self.perceiver is None:
            raise ConfigError(
                f"mode {mode!r} needs a perceiver: give it with --perceiver (`prism models` lists names), or as "
                "`perceiver:` in a run file; modes blind and oracle need none"
            )
        if self.mode.needs_reasoner and self.reasoner is None:
            raise ConfigError(
                f"mode {mode!r} needs a reasoner: give --reasoner, or --mode perception to describe only, or --mode "
                "direct to let the perceiver answer"
            )
        return self

    @property
    def calls_perceiver(self) -> bool:
        """Whether the perceiver is a model that may be called."""
        return self.mode.direct or self.describes

    @property
    def describes(self) -> bool:
        """Whether the run uses descriptions made by the perceiver."""
        return self.mode.describes and self.descriptions is None

    @property
    def perceiver_label(self) -> str | None:
        """The perceiver's name for display and folders; for a table of descriptions without one, the file's name."""
        if not self.mode.needs_perceiver:
            return None
        return self.perceiver or (self.descriptions.stem if self.descriptions is not None else None)

    @property
    def instruction_label(self) -> str | None:
        """The origin of the descriptions, for display and folders; None for no descriptions or the benchmark's own."""
        if self.mode.source == "gold" and self.descriptions is not None:
            return f"oracle-{self.descriptions.stem}"
        if not self.mode.describes:
            return None
        return self.instruction if self.describes else GIVEN

    @property
    def reasoner_label(self) -> str | None:
        """The reasoner's name for display; a non-default output limit is appended, as in Prism (`NAME-2048`)."""
        limit = self.reasoning.max_tokens
        is_default = limit == SamplingConfig.model_fields["max_tokens"].default
        return (self.reasoner if is_default else f"{self.reasoner}-{limit}") if self.mode.needs_reasoner else None

    @property
    def effort_label(self) -> str | None:
        """The reasoning effort and the thinking budget of answers, for display; None if the registry's hold."""
        effort = None if self.reasoning_effort is None else f"effort {self.reasoning_effort}"
        thinking = None if self.thinking_budget is None else f"thinking {self.thinking_budget}"
        return ", ".join(filter(None, (effort, thinking))) or None

    @property
    def answer_label(self) -> str:
        """What distinguishes these answers, in folders, from others of the same models and sampling; may be empty.

        Every setting that changes answers or their scores appends to it.
        """
        pictures = "+first" if self.mode.direct and self.pictures is Pictures.FIRST else ""
        pictures += "" if self.rotations == 1 else f"-rotate-{self.rotations}"
        kind = "" if self.answer_kind is None else f"-{self.answer_kind.value}"
        profile = "" if self.profile == RunConfig.model_fields["profile"].default else f"-{self.profile}"
        effort = "" if self.effort_label is None else "-" + self.effort_label.replace(", ", "-").replace(" ", "-")
        return pictures + effort + kind + profile + ("" if self.failed == "apart" else "-failed-as-wrong")

    @property
    def draws(self) -> tuple[int, int]:
        """The number of descriptions per picture, and of answers per description, in this run."""
        return self.perception.n if self.describes else 1, self.reasoning.n if self.mode.answers else 1

    @property
    def rotations(self) -> int | Literal["all"]:
        """The number of rotations of each question's options in this run; 1 if it does not answer."""
        return self.rotate if self.mode.answers else 1

    def in_mode(self, mode: Arm) -> RunConfig:
        """Return this run in another mode.

        Raises:
            ConfigError: a model that the mode needs is not given.
        """
        return RunConfig.model_validate({**dict(self), "mode": mode}, context=STORED)

    def resumed(self, changes: Mapping[str, Any], typed: Mapping[str, str] | None = None) -> RunConfig:
        """Return this run with other options; a deadline that has passed no longer applies.

        Args:
            changes: by key.
            typed: what the user typed for them, for messages; see `validated`.

        Raises:
            ConfigError: an option is invalid.
        """
        spent = self.deadline is not None and has_passed(self.deadline)
        return validated(_RUN, {**dict(self), **({"deadline": None} if spent else {}), **changes}, "options", typed)


class _Shared(CommandOptions, total=False):
    """The options of a run that are the same for all runs of a sweep."""

    pictures: Pictures | str
    merge: Merge | str
    missing_descriptions: Literal["error", "skip"]
    failed: Literal["apart", "wrong"]
    samples: int | None
    perception: SamplingConfig | Mapping[str, Any]
    reasoning: SamplingConfig | Mapping[str, Any]
    writing: SamplingConfig | Mapping[str, Any]
    rotate: int | Literal["all"]
    answer_kind: AnswerKind | str | None
    profile: str
    judge: str | None
    tags: Mapping[str, str]
    retry_failed: bool
    ahead: int
    engines_at_once: int


class RunOptions(_Shared, total=False):
    """The fields of `RunConfig` as keywords of `prism.run`."""

    reasoning_effort: ReasoningEffort | None
    thinking_budget: int | None
    benchmark: str | Path
    perceiver: str | Path | None
    reasoner: str | Path | None
    instruction: str
    mode: Arm | str
    descriptions: str | Path | None


class SweepOptions(_Shared, total=False):
    """The same; a list stands for one run per value, and multiple lists for every combination."""

    reasoning_effort: ReasoningEffort | Sequence[ReasoningEffort] | None
    thinking_budget: int | Sequence[int] | None
    benchmark: str | Path | Sequence[str | Path]
    perceiver: str | Path | Sequence[str | Path] | None
    reasoner: str | Path | Sequence[str | Path] | None
    instruction: str | Sequence[str]
    mode: Arm | str | Sequence[Arm | str]
    descriptions: str | Path | Sequence[str | Path] | None


_RUN: TypeAdapter[RunConfig] = TypeAdapter(RunConfig)


def load_run_configs(
    path: Path | None, options: Mapping[str, Any], typed: Mapping[str, str] | None = None
) -> tuple[RunConfig, ...]:
    """Read a run file and override its keys by options (nested ones by dotted keys: `perception.max_tokens`).

    Options whose value is None do not override the file. Relative paths are resolved from the current folder.

    Args:
        typed: what the user typed for the options, for messages; see `validated`.

    Returns:
        One run; if keys in `SWEPT` are lists, one run per combination, see `combinations`.

    Raises:
        ConfigError: the file or an option is invalid; the message lists all mistakes, with the nearest known keys.
    """
    data = read_yaml(path) if path else {}
    for dotted, value in options.items():
        if value is None:
            continue
        *parents, last = dotted.split(".")
        section = data
        for parent in parents:
            inner = section.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{path}: {parent}: must be `key: value` pairs")
            section = inner
        section[last] = value
    where = str(path) if path else "options"
    if "benchmark" not in data and set(data) <= set(RunConfig.model_fields):  # else validation reports the unknown key
        raise ConfigError(f"{where}: no benchmark: give it as the argument, or as `benchmark:` in a run file")
    return tuple(validated(_RUN, keys, where, typed) for keys in combinations(data, where))


SWEPT: Final = (
    *("descriptions", "perceiver", "benchmark", "instruction", "reasoner", "reasoning_effort", "thinking_budget"),
    "mode",
)
"""Keys that may be lists. The first one varies slowest, so runs with the same engine are adjacent."""


def combinations(data: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """Yield the keys of one run per combination of the lists; without lists, the keys as they are.

    A mode that needs no perceiver (or no instruction or reasoner) makes only one run for a whole list of them.

    Raises:
        ConfigError: a list is empty or contains a value twice.
    """
    lists = {key: data[key] for key in SWEPT if isinstance(data.get(key), list)}
    for key, values in lists.items():
        if not values:
            raise ConfigError(f"{where}: {key}: the list is empty")
        for index, value in enumerate(values):
            if value in values[:index]:
                raise ConfigError(f"{where}: {key}: {value!r} is given twice")
    yielded = []
    for values in product(*lists.values()):
        run = {**data, **dict(zip(lists, values, strict=True))}
        for key in _unneeded(run):
            if key in lists:
                del run[key]
        if run not in yielded:
            yielded.append(run)
            yield run


def _unneeded(run: Mapping[str, Any]) -> Iterator[str]:
    """Yield the swept keys that the run's mode does not use."""
    try:
        mode = Arm.named(str(run.get("mode", Arm.ALL)))
    except ValueError:  # reported when the run's keys are validated
        return
    if not mode.needs_perceiver:
        yield "perceiver"
    if not mode.hints_only and (not mode.describes or run.get("descriptions") is not None):
        yield "instruction"
    if not (mode.describes or mode.source == "gold"):
        yield "descriptions"
    if not mode.needs_reasoner:
        yield "reasoner"
    if not mode.answers:
        yield from ("reasoning_effort", "thinking_budget")


_LIMITED: Final = re.compile(r"(.+)-(\d{1,7})")


def with_own_limit(config: RunConfig, registry: Registry) -> RunConfig:
    """Return the run with the output limit at the end of the reasoner's name, if only the rest is a registered name.

    Raises:
        ConfigError: the run also sets a different limit.
    """
    name = config.reasoner
    match = _LIMITED.fullmatch(name) if name is not None and name not in registry else None
    if match is None or match[1] not in registry or int(match[2]) == 0:
        return config
    limit, given = int(match[2]), config.reasoning.max_tokens
    default = type(config.reasoning)().max_tokens
    if given not in (default, limit):
        raise ConfigError(
            f"reasoner {name!r} says {limit} tokens, but --reasoning-tokens (reasoning.max_tokens) says {given}; "
            "give one of the two"
        )
    reasoning = config.reasoning.model_copy(update={"max_tokens": limit})
    return config.model_copy(update={"reasoner": match[1], "reasoning": reasoning})
