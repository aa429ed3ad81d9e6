"""`prism ask`: describes one or more pictures and answers one question about them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from prism_engine.cli import completion
from prism_engine.cli.config_options import option
from prism_engine.cli.options import (
    ANSWERS,
    DESCRIPTIONS,
    LIMITS,
    RESULTS_DIR,
    WHAT,
    CacheFolder,
    MergeOption,
    ModelsFileOption,
    PicturesOption,
    ResultsFolder,
    TrustCodeOption,
)
from prism_engine.cli.show.console import stderr, stdout
from prism_engine.config import Merge, Pictures, SamplingConfig
from prism_engine.errors import ConfigError
from prism_engine.records import Outcome

if TYPE_CHECKING:
    from prism_engine.api import Session
    from prism_engine.records import Completion, SampleResult

EMBEDDED = ("nano-captioner", "nano-reasoner")
"""The perceiver and the reasoner if none is named."""
_EMBEDDED_TOKENS = 128

AskedArgument = Annotated[
    list[str], typer.Argument(help="Picture files, then the question.", metavar='IMAGE... "QUESTION"')
]


def ask(  # noqa: PLR0913 - one parameter per option is Typer's way
    asked: AskedArgument,
    *,
    perceiver: Annotated[
        str | None,
        option(
            "The VLM that describes, as for `prism run`.",
            *("--perceiver", "-p"),
            panel=WHAT,
            envvar="PRISM_PERCEIVER",
            autocompletion=completion.models,
        ),
    ] = None,
    reasoner: Annotated[
        str | None,
        option(
            "The LLM that answers, as for `prism run`.",
            *("--reasoner", "-r"),
            panel=WHAT,
            envvar="PRISM_REASONER",
            autocompletion=completion.models,
        ),
    ] = None,
    direct: Annotated[
        bool,
        option("Let the perceiver answer by itself, from the pictures; no reasoner.", "--direct", panel=WHAT),
    ] = False,
    instruction: Annotated[
        str | None,
        option(
            "What to ask the perceiver for, as for `prism run`.",
            *("--instruction", "--prompt-version"),
            panel=DESCRIPTIONS,
            autocompletion=completion.instructions,
        ),
    ] = None,
    pictures: PicturesOption = None,
    merge: MergeOption = None,
    perception_tokens: Annotated[
        int | None, option("Output limit of a description, in tokens.", panel=DESCRIPTIONS, min=1)
    ] = None,
    reasoning_tokens: Annotated[
        int | None, option("Output limit of the answer, in tokens.", panel=ANSWERS, min=1)
    ] = None,
    max_cost: Annotated[
        float | None,
        option("US dollars that all calls in the results folder's ledger may cost together.", panel=LIMITS, min=0),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    cache_dir: CacheFolder,
    results_dir: ResultsFolder = RESULTS_DIR,
    models_file: ModelsFileOption = None,
    trust: TrustCodeOption = False,  # noqa: ARG001 - handled by its callback
) -> None:
    """Ask a question about a picture: a VLM describes it, an LLM answers from the description.

    Both are printed, the description first. Repeated questions are answered from the cache. If neither model is named,
    here or in the environment, the two embedded ones are used, which know PrismScenes and nothing else.

    [bold]Example:[/] prism ask photo.jpg "What is the dog looking at?" -p qwen2.5-vl-7b -r gpt-4o-mini
    """
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called

    *files, question = asked
    _check(files, question)
    describer, answerer = _models(perceiver, reasoner, direct=direct)
    record: dict[str, Any] = {"question": question, "images": files, "perceiver": describer}
    try:
        with api.Session(
            cache_dir=cache_dir, results_dir=results_dir, max_cost=max_cost, models_files=models_file or ()
        ) as session:
            seeing = api.Perception(
                instruction or "generic",
                describer,
                pictures=pictures or Pictures.EACH,
                merge=merge or Merge.LABELLED,
                sampling=_sampling(reasoning_tokens if direct else perception_tokens, describer),
                session=session,
            )
            if answerer is None:
                with _waiting(describer):
                    reply = seeing.answer(question, list(files))
            else:
                reasoning = api.Reasoning(answerer, sampling=_sampling(reasoning_tokens, answerer), session=session)
                with _waiting(describer):
                    result = seeing.describe(question, list(files))
                record |= _described(result, instruction or "generic", quiet=as_json)
                with _waiting(answerer):
                    reply = reasoning.reason(record["description"], question)
            _print(record | {"reasoner": answerer}, reply, session, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _waiting(name: str) -> AbstractContextManager[object]:
    """Show on a terminal which model is awaited: an engine or a server may take minutes to start."""
    return stderr.status(f"{name} ...") if stderr.is_terminal else nullcontext()


def _check(files: list[str], question: str) -> None:
    if not files:
        raise ConfigError(f'{question}: give a picture and a question: prism ask IMAGE "QUESTION"')
    if Path(question).is_file():
        raise ConfigError(f"{question}: is a file, and the question comes last, in quotation marks")
    if absent := [file for file in files if not Path(file).expanduser().is_file()]:
        raise ConfigError(f"{absent[0]}: no such file (a question of several words needs quotation marks)")


def _models(perceiver: str | None, reasoner: str | None, *, direct: bool) -> tuple[str, str | None]:
    """Return the perceiver and the reasoner; no reasoner if the perceiver answers."""
    if perceiver is None and (direct or reasoner is None):
        stderr.print(
            "note: using the embedded models; they know pictures of PrismScenes (`prism datasets make scenes`) and "
            "its questions with their options, nothing else, and take a minute or two to start. Name others with -p "
            "and -r, or $PRISM_PERCEIVER and $PRISM_REASONER",
            soft_wrap=True,
        )
        return EMBEDDED[0], None if direct else EMBEDDED[1]
    if perceiver is None:
        raise ConfigError(f"-r {reasoner} answers, but no perceiver is named: give -p too, or $PRISM_PERCEIVER")
    if direct:
        return perceiver, None
    if reasoner is None:
        raise ConfigError(
            f"-p {perceiver} describes, but no reasoner is named: give -r too, or $PRISM_REASONER; or --direct"
        )
    return perceiver, reasoner


def _described(result: SampleResult, instruction: str, *, quiet: bool) -> dict[str, Any]:
    """Return what the JSON has about the description; print the description unless `quiet`."""
    if not quiet:
        stdout.print(str(result.description), style="dim", markup=False, soft_wrap=True)
    return {
        "instruction": instruction,
        "contents": result.hints,
        "description": result.description,
        "description_outcomes": [one.outcome.value for one in result.descriptions],
    }


def _sampling(tokens: int | None, name: str) -> SamplingConfig:
    tokens = tokens or (_EMBEDDED_TOKENS if name in EMBEDDED else None)
    return SamplingConfig() if tokens is None else SamplingConfig(max_tokens=tokens)


def _print(record: dict[str, Any], reply: Completion, session: Session, *, as_json: bool) -> None:
    if as_json:
        record |= {"answer": reply.text, "answer_outcome": reply.outcome.value, "money": session.spending.as_json()}
        typer.echo(orjson.dumps(record, option=orjson.OPT_INDENT_2).decode())
        return
    stdout.print(reply.text.strip(), markup=False, soft_wrap=True)
    if reply.outcome is Outcome.TRUNCATED:
        stderr.print("note: the answer is cut at its output limit; --reasoning-tokens raises it", soft_wrap=True)
    if cost := str(session.spending):
        stderr.print(f"cost: {cost}", soft_wrap=True)
