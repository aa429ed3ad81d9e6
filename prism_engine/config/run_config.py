"""One run: benchmark x perceiver x instruction x reasoner, limits, and where things lie."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

import platformdirs
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, TypeAdapter, field_validator, model_validator

from prism_engine.config.choices import Merge, Mode, Pictures
from prism_engine.config.models import Dollars, Frozen, ModelSpec
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind, Sampling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_SPAN: Final = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m(?:in)?)?")
FORMS: Final = "`07:00` (the next one), `8h30m` from the start, or `2026-11-22 07:00`"


def deadline_at(text: str, now: datetime) -> datetime:
    """Return the moment that is meant, in local time.

    Args:
        text: one of `FORMS`.
        now: the start of the run, with its time zone.

    Raises:
        ValueError: it is none of the forms, or lies in the past.
    """
    said = text.strip()
    if clock := _CLOCK.fullmatch(said):
        today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)
    if (span := _SPAN.fullmatch(said)) and (span[1] or span[2]):
        return now + timedelta(hours=int(span[1] or 0), minutes=int(span[2] or 0))
    if not said[:4].isdigit():
        raise ValueError(f"is none of {FORMS}")
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        raise ValueError(f"is none of {FORMS}") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
    if moment <= now:
        raise ValueError("lies in the past")
    return moment


GIVEN = "given"
"""Stands where an instruction's name would, for descriptions from elsewhere."""
_CHECKOUT = Path(__file__).parents[2]


class SamplingConfig(Frozen):
    """How one stage draws its completions."""

    max_tokens: PositiveInt = 512
    """Output limit in tokens."""
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: PositiveInt = 1
    """How many are drawn: descriptions of a picture, answers to a description. Draw k has the seed `seed` + k."""

    @model_validator(mode="after")
    def _draws_differ(self) -> Self:
        if self.n > 1 and self.temperature == 0:
            raise ValueError(f"n: {self.n} draws would all be the same at temperature 0; give a higher temperature")
        return self

    def to_sampling(self) -> Sampling:
        """Return the value that travels with each call."""
        return Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=self.stop,
        )


def default_cache_dir() -> Path:
    """Return `$PRISM_CACHE`, else `cache/` of a checkout, else the user's cache folder."""
    if from_environment := os.environ.get("PRISM_CACHE"):
        return Path(from_environment).expanduser()
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "prism_engine").is_dir():
        return _CHECKOUT / "cache"
    return Path(platformdirs.user_cache_dir("prism-engine", appauthor=False))


class RunConfig(Frozen):
    """Everything that a run is told; what is left out has the default that most users want."""

    benchmark: str
    """A benchmark's name, or the path of a TSV in VLMEvalKit's format, of a JSONL or Parquet file, or of a mapping."""
    perceiver: str | None = None
    """The VLM that describes: a name of the registry, or the folder of a checkpoint; `A~B` joins the descriptions of
    several. Not needed in modes `blind` and `oracle`."""
    reasoner: str | None = None
    """The LLM that answers; not needed in modes `perception` and `direct`. A number after a registered name
    (`llama3-70b-chat-2048`) is the output limit of its answers."""
    instruction: str = "generic"
    """What the perceiver is told: the name of a built-in instruction, a wording of more than one word, `@FILE` (a text,
    or contents by row as JSON), or `query-specific_MODEL`: generic, and what MODEL says that the question needs
    observed."""
    pictures: Pictures = Pictures.EACH
    """How the pictures of a sample with several are shown (each, together, first)."""
    merge: Merge = Merge.LABELLED
    """How the descriptions of several perceivers become one (labelled, plain, original)."""
    mode: Mode = Mode.ALL
    descriptions: Path | None = None
    """A table of descriptions from elsewhere (JSON lines, CSV, Excel, Parquet), by the benchmark's index, by `doc_id`
    (the row's number from 0), or by the digests of pictures. No perceiver is called; its name, where one is given,
    labels the results. In mode `oracle` they stand in the place of the benchmark's gold descriptions."""
    missing_descriptions: Literal["error", "skip"] = "error"
    """What becomes of samples that `descriptions` lacks, and of rows that belong to no sample: an error before anything
    is called; or the samples are counted as failed, and the rows are left out."""
    failed: Literal["apart", "wrong"] = "apart"
    """How samples count that have no answer because a call failed: not at all (accuracy is over the others, and says
    how far they could move it), or as wrong answers, for a strict analysis."""
    samples: PositiveInt | None = None
    """Take only the first this many samples; None takes all."""
    perception: SamplingConfig = SamplingConfig()
    """Of descriptions."""
    reasoning: SamplingConfig = SamplingConfig()
    """Of answers, whoever gives them."""
    writing: SamplingConfig = SamplingConfig()
    """Of what a query-specific instruction's writer says."""
    answer_kind: AnswerKind | None = None
    """What a right answer is; None: what the benchmark's name says, else what its columns look like."""
    profile: str = "prism"
    """Rules by which replies are read: prism's own, or VLMEvalKit's of one period (v1, v2, v3)."""
    judge: str | None = None
    """Who is asked, at the end, about the answers that rules could not read: a name of the registry."""
    requests_per_minute: PositiveInt | None = None
    """Overrides the reasoner's limit of the registry (the perceiver's where no reasoner is named)."""
    tokens_per_minute: PositiveInt | None = None
    """As above."""
    concurrency: PositiveInt | None = None
    """As above: requests on the wire at once."""
    max_cost: Dollars | None = None
    """US dollars that the experiment (all runs into `results_dir`) may cost: never passed, whatever happens. A call
    that might pass it is not sent, and the run stops; with a larger one the same run goes on. None keeps no limit."""
    deadline: str | None = None
    """When the run stops by itself, resumable: a time of day (`07:00`), a span from its start (`8h30m`), or a date and
    time. None goes on to the end."""
    fail_on_error: NonNegativeFloat | None = None
    """How many samples may fail, as a share (`0.05`) or, from 1 on, as a count: the run stops when it is more, and is
    complete when it is not. 0 stops at the first one. None goes on whatever fails, and is then incomplete."""
    retry_failed: bool = False
    """Make calls only for samples that failed in the earlier run into the same folder. All others are as the cache has
    them: samples that were never run stay so."""
    ahead: NonNegativeInt = 256
    """Samples that may be described and wait for the reasoner; bounds memory."""
    engines_at_once: PositiveInt = 1
    """Engines on this machine that see and may be up together, where several runs have several: the others wait for
    their turn."""
    cache_dir: Path = Field(default_factory=default_cache_dir)
    results_dir: Path = Path("results")
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    """Models of this run's own, over those of the registry."""

    @field_validator("cache_dir", "results_dir", "descriptions")
    @classmethod
    def _is_home_known(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser()

    @field_validator("deadline", mode="before")
    @classmethod
    def _is_a_time_to_come(cls, text: object) -> object:
        if isinstance(text, int):  # YAML reads 7:00 as 420, in base 60
            text = f"{text // 60}:{text % 60:02}"
        if isinstance(text, str):
            deadline_at(text, datetime.now().astimezone())
        return text

    @model_validator(mode="after")
    def _names_its_models(self) -> Self:
        mode = self.mode.value
        if self.writing.n > 1:
            raise ConfigError("writing.n: contents to observe are written once; perception.n and reasoning.n draw")
        if self.mode is Mode.PERCEPTION and self.descriptions is not None:
            raise ConfigError(
                f"mode {mode!r} makes descriptions, and `descriptions` gives them: leave one of the two out"
            )
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

    def most_failures(self, count: int) -> int | None:
        """Return how many of `count` samples may fail; None where it does not matter."""
        bound = self.fail_on_error
        return None if bound is None else int(bound if bound >= 1 else bound * count)

    @property
    def calls_perceiver(self) -> bool:
        """Whether the perceiver is a model that may be called."""
        return self.mode is Mode.DIRECT or self.describes

    @property
    def describes(self) -> bool:
        """Whether the perceiver's own descriptions are part of it."""
        return self.mode.describes and self.descriptions is None

    @property
    def perceiver_label(self) -> str | None:
        """The perceiver's name for people and folders; a table of descriptions has its file's where none is given."""
        if not self.mode.needs_perceiver:
            return None
        return self.perceiver or (self.descriptions.stem if self.descriptions is not None else None)

    @property
    def instruction_label(self) -> str | None:
        """What the descriptions were made by, for people and folders; None where there are none, or the usual gold."""
        if self.mode is Mode.ORACLE and self.descriptions is not None:
            return f"oracle-{self.descriptions.stem}"
        if not self.mode.describes:
            return None
        return self.instruction if self.describes else GIVEN

    @property
    def reasoner_label(self) -> str | None:
        """The reasoner's name for people; behind it an unusual output limit of its answers, as Prism writes it."""
        limit = self.reasoning.max_tokens
        unusual = limit != SamplingConfig.model_fields["max_tokens"].default
        return (f"{self.reasoner}-{limit}" if unusual else self.reasoner) if self.mode.needs_reasoner else None

    @property
    def draws(self) -> tuple[int, int]:
        """How many descriptions of each picture, and answers to each of them, this run takes."""
        return self.perception.n if self.describes else 1, self.reasoning.n if self.mode.answers else 1

    def in_mode(self, mode: Mode) -> RunConfig:
        """Return this run in another mode.

        Raises:
            ConfigError: it does not name a model that the mode needs.
        """
        return RunConfig.model_validate({**dict(self), "mode": mode})


_RUN: TypeAdapter[RunConfig] = TypeAdapter(RunConfig)


def load_run_configs(path: Path | None, options: Mapping[str, Any]) -> tuple[RunConfig, ...]:
    """Read a run file and lay the given options over it (nested ones by dotted keys: `perception.max_tokens`).

    Options whose value is None are left to the file. Relative paths mean: from the current folder.

    Returns:
        One run; or, where keys of `SWEPT` are lists, one per combination, see `combinations`.

    Raises:
        ConfigError: the file or an option is wrong; all mistakes at once, with the nearest known key.
    """
    data = read_yaml(path) if path else {}
    for dotted, value in options.items():
        if value is None:
            continue
        *parents, last = dotted.split(".")
        place = data
        for parent in parents:
            inner = place.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{path}: {parent}: must be `key: value` pairs")
            place = inner
        place[last] = value
    where = str(path) if path else "options"
    if "benchmark" not in data and set(data) <= set(RunConfig.model_fields):  # else a misspelt key is the better news
        raise ConfigError(f"{where}: no benchmark: give it as the argument, or as `benchmark:` in a run file")
    return tuple(validated(_RUN, one, where) for one in combinations(data, where))


SWEPT: Final = ("descriptions", "perceiver", "benchmark", "instruction", "reasoner", "mode")
"""Keys that may be lists. The first varies slowest: runs of one engine come together."""


def combinations(data: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """Yield one run's keys per combination of the lists; where there is no list, the keys as they are.

    A mode that needs no perceiver (or no instruction, no reasoner) makes one run for all of a list of them.

    Raises:
        ConfigError: a list is empty, or holds a value twice.
    """
    lists = {key: data[key] for key in SWEPT if isinstance(data.get(key), list)}
    for key, values in lists.items():
        if not values:
            raise ConfigError(f"{where}: {key}: the list is empty")
        for place, value in enumerate(values):
            if value in values[:place]:
                raise ConfigError(f"{where}: {key}: {value!r} is given twice")
    seen = []
    for values in product(*lists.values()):
        one = {**data, **dict(zip(lists, values, strict=True))}
        for key in _unneeded(one):
            if key in lists:
                del one[key]
        if one not in seen:
            seen.append(one)
            yield one


def _unneeded(one: Mapping[str, Any]) -> Iterator[str]:
    try:
        mode = Mode(one.get("mode", Mode.ALL))
    except ValueError:  # whoever checks the run's keys says so
        return
    if not mode.needs_perceiver:
        yield "perceiver"
    if mode is not Mode.PROMPTS and (not mode.describes or one.get("descriptions") is not None):
        yield "instruction"
    if not (mode.describes or mode is Mode.ORACLE):
        yield "descriptions"
    if not mode.needs_reasoner:
        yield "reasoner"
