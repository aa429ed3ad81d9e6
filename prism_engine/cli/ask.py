"""`prism ask`: one question about a picture, or a few pictures, described and answered."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from prism_engine.cli.options import MergeOption, PicturesOption  # noqa: TC001 - Typer reads them
from prism_engine.cli.show.tables import stderr, stdout
from prism_engine.config import Merge, Pictures, SamplingConfig
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from prism_engine.api import Session
    from prism_engine.records import Completion, SampleResult

EMBEDDED = ("nano-captioner", "nano-reasoner")
"""Who sees and who answers where nobody is named."""
_EMBEDDED_TOKENS = 128

AskedArgument = Annotated[
    list[str], typer.Argument(help="Files of pictures, then the question.", metavar='IMAGE... "QUESTION"')
]
PerceiverOption = Annotated[
    str | None,
    typer.Option("--perceiver", "-p", envvar="PRISM_PERCEIVER", help="The VLM that describes, as for `prism run`."),
]
ReasonerOption = Annotated[
    str | None,
    typer.Option("--reasoner", "-r", envvar="PRISM_REASONER", help="The LLM that answers, as for `prism run`."),
]
AskedInstruction = Annotated[
    str | None,
    typer.Option("--instruction", "--prompt-version", help="What the perceiver is told, as for `prism run`."),
]
DirectOption = Annotated[
    bool, typer.Option("--direct", help="Let the perceiver answer by itself, from the pictures; no reasoner.")
]


def ask(  # noqa: PLR0913 - one parameter per option is Typer's way
    asked: AskedArgument,
    *,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    instruction: AskedInstruction = None,
    direct: DirectOption = False,
    pictures: PicturesOption = None,
    merge: MergeOption = None,
    perception_tokens: Annotated[int | None, typer.Option(min=1, help="Output limit of a description.")] = None,
    reasoning_tokens: Annotated[int | None, typer.Option(min=1, help="Output limit of the answer.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="US dollars that all calls on the results folder's ledger may cost.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    cache_dir: Annotated[Path | None, typer.Option(help="The cache's folder.  \\[default: as for `prism run`]")] = None,
    results_dir: Annotated[Path, typer.Option(help="Where the ledger lies.")] = Path("results"),
    models_file: Annotated[
        list[Path] | None, typer.Option("--models-file", help="More models (YAML); may be repeated.")
    ] = None,
) -> None:
    """Ask a question about a picture: a VLM describes it, an LLM answers from the description.

    Both are printed, the description first. What was asked before comes from the cache. Where neither model is named,
    here or in the environment, the two embedded ones answer, which know PrismScenes and nothing else.

    [bold]Example:[/] prism ask photo.jpg "What is the dog looking at?" -p qwen2.5-vl-7b -r gpt-4o-mini
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    *files, question = asked
    _check(files, question)
    seer, answerer = _models(perceiver, reasoner, direct=direct)
    told: dict[str, Any] = {"question": question, "images": files, "perceiver": seer}
    try:
        with api.Session(
            cache_dir=cache_dir, results_dir=results_dir, max_cost=max_cost, models_files=models_file or ()
        ) as session:
            seeing = api.Perception(
                instruction or "generic",
                seer,
                pictures=pictures or Pictures.EACH,
                merge=merge or Merge.LABELLED,
                sampling=_sampling(reasoning_tokens if direct else perception_tokens, seer),
                session=session,
            )
            if answerer is None:
                with _waiting(seer):
                    reply = seeing.answer(question, list(files))
            else:
                reasoning = api.Reasoning(answerer, sampling=_sampling(reasoning_tokens, answerer), session=session)
                with _waiting(seer):
                    result = seeing.describe(question, list(files))
                told |= _described(result, instruction or "generic", quiet=as_json)
                with _waiting(answerer):
                    reply = reasoning.reason(told["description"], question)
            _print(told | {"reasoner": answerer}, reply, session, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _waiting(name: str) -> AbstractContextManager[object]:
    """Show on a terminal who is waited for: an engine or a server may take minutes to start."""
    return stderr.status(f"{name} ...") if stderr.is_terminal else nullcontext()


def _check(files: list[str], question: str) -> None:
    if not files:
        raise ConfigError(f'{question}: give a picture and a question: prism ask IMAGE "QUESTION"')
    if Path(question).is_file():
        raise ConfigError(f"{question}: is a file, and the question comes last, in quotation marks")
    if absent := [file for file in files if not Path(file).expanduser().is_file()]:
        raise ConfigError(f"{absent[0]}: no such file (a question of several words needs quotation marks)")


def _models(perceiver: str | None, reasoner: str | None, *, direct: bool) -> tuple[str, str | None]:
    """Return who sees and who answers; None where that is the same one."""
    if perceiver is None and (direct or reasoner is None):
        stderr.print(
            "note: the embedded models answer; they know pictures of PrismScenes (`prism datasets make scenes`) and "
            "its questions with their options, nothing else, and take a minute or two to start. Name others: -p and "
            "-r, or $PRISM_PERCEIVER and $PRISM_REASONER",
            soft_wrap=True,
        )
        return EMBEDDED[0], None if direct else EMBEDDED[1]
    if perceiver is None:
        raise ConfigError(f"-r {reasoner} answers, but nobody sees: give -p too, or $PRISM_PERCEIVER")
    if direct:
        return perceiver, None
    if reasoner is None:
        raise ConfigError(f"-p {perceiver} sees, but nobody answers: give -r too, or $PRISM_REASONER; or --direct")
    return perceiver, reasoner


def _described(result: SampleResult, instruction: str, *, quiet: bool) -> dict[str, Any]:
    """Print the description, unless it is a part of the JSON that is returned."""
    if not quiet:
        stdout.print(str(result.description), style="dim", markup=False, soft_wrap=True)
    return {
        "instruction": instruction,
        "contents": result.contents,
        "description": result.description,
        "description_outcomes": [one.outcome.value for one in result.descriptions],
    }


def _sampling(tokens: int | None, name: str) -> SamplingConfig:
    tokens = tokens or (_EMBEDDED_TOKENS if name in EMBEDDED else None)
    return SamplingConfig() if tokens is None else SamplingConfig(max_tokens=tokens)


def _print(told: dict[str, Any], reply: Completion, session: Session, *, as_json: bool) -> None:
    if as_json:
        told |= {"answer": reply.text, "answer_outcome": reply.outcome.value, "money": session.spending.as_json()}
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    stdout.print(reply.text.strip(), markup=False, soft_wrap=True)
    if reply.outcome.value == "truncated":
        stderr.print("note: the answer is cut at its output limit; --reasoning-tokens raises it", soft_wrap=True)
    if cost := str(session.spending):
        stderr.print(f"cost: {cost}", soft_wrap=True)
