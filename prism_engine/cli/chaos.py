"""`prism chaos`: a local API server that limits, fails and bills as configured, for rehearsals."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prism_engine.cli.options import JsonOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import print_json, print_table, stderr, stdout
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from prism_engine.chaos.behaviour import Behaviour, Fault, RetryAfter
    from prism_engine.chaos.bill import Prices
    from prism_engine.chaos.rate_limits import RateLimits
    from prism_engine.chaos.server import ChaosServer

_FAULTS_HELP = (
    "Faults that requests meet at random: all; transient (those that a retry fixes, or that do no harm); or any of "
    "500, 502, 503, 529, html, 429, 400, reset, hang, torn, slow, empty, filtered, cut, usage-zero, usage-missing, "
    "usage-negative, usage-absurd, separated by commas."
)


def chaos(  # noqa: PLR0913 - one parameter per option is Typer's way
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8000,
    rpm: Annotated[int | None, typer.Option("--rpm", min=1, help="Requests per minute (a token bucket).")] = None,
    tpm: Annotated[
        int | None,
        typer.Option("--tpm", min=1, help="Tokens per minute; a request reserves its prompt and its output limit."),
    ] = None,
    burst: Annotated[float, typer.Option(min=0, help="Seconds of inflow that these buckets hold.")] = 60.0,
    count_used: Annotated[
        bool, typer.Option("--count-used", help="Give back to --tpm what a completion did not use.")
    ] = False,
    count_refused: Annotated[
        bool, typer.Option("--count-refused", help="Count refused requests against --rpm as well.")
    ] = False,
    halve_after: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Halve the limits S seconds after the first request.")
    ] = None,
    halve_after_requests: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Halve the limits after N requests.")
    ] = None,
    retry_after: Annotated[
        str, typer.Option(help="How a 429 says when to retry: seconds, date, ms, none, or mixed.")
    ] = "seconds",
    faults: Annotated[str | None, typer.Option(metavar="all|transient|LIST", help=_FAULTS_HELP)] = None,
    rate: Annotated[float, typer.Option(min=0, max=1, help="Share of requests that meet one of --faults.")] = 0.1,
    seed: Annotated[
        int, typer.Option(help="Seed of the faults; the same one gives the same faults for the same arrivals.")
    ] = 0,
    key: Annotated[str | None, typer.Option(help="The API key that requests must carry.  \\[default: any]")] = None,
    revoke_after: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="After N requests refuse every key (401).")
    ] = None,
    price_in: Annotated[str, typer.Option(help="Dollars per million prompt tokens.")] = "0",
    price_out: Annotated[str, typer.Option(help="Dollars per million completion tokens.")] = "0",
    full_length: Annotated[
        bool,
        typer.Option("--full-length", help="Make every text as long as its output limit: the most expensive case."),
    ] = False,
    hidden_reasoning: Annotated[
        float,
        typer.Option(
            min=0,
            max=10_000,
            metavar="X",
            help="Report and bill X times the output limit as reasoning tokens, as providers do that do not bound it.",
        ),
    ] = 0.0,
    latency: Annotated[float, typer.Option(min=0, help="Seconds until each answer.")] = 0.0,
    slow: Annotated[float, typer.Option(min=0, help="Seconds that the fault `slow` adds.")] = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Serve an OpenAI-compatible API on 127.0.0.1 that limits, fails and bills like a provider on a bad day.

    There is no model behind it: a text names an option letter, by a hash of its question.
    Ctrl-C ends it and prints what happened and the bill. While it runs, both are
    JSON under /stats and /bill. --json prints what happened as JSON, and the URL on
    stderr. Computed completions are billed, even if the connection
    was then reset, hung, or given up. The same --seed gives the same faults.

    [bold]Example:[/] rehearse a paid run in two terminals. The first:

    prism chaos --rpm 600 --faults transient --price-in 0.15 --price-out 0.6

    It prints a models file; save that as chaos.yaml, and in the second:

    prism run MMStar.tsv -p scripted -r chaos --models-file chaos.yaml --rpm 600

    Leave out the run's --rpm, and it has to cope with 429s. Add --revoke-after 50
    here, and the run stops; start the server again without it, and the same command
    continues. --full-length makes every answer as expensive as it can be.
    """
    from prism_engine.chaos.behaviour import Behaviour, RandomFaults  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.chaos.server import serve  # noqa: PLC0415

    given = locals()
    kinds = _faults(faults)
    behaviour = Behaviour(
        latency=latency,
        slow=slow,
        key=key,
        revoke_after=revoke_after,
        limits=_limits(given),
        retry_after=_retry_after(retry_after),
        random=RandomFaults(rate, kinds, seed) if kinds else None,
        full_length=full_length,
        hidden_reasoning=hidden_reasoning,
        prices=_prices(price_in, price_out),
    )
    server = asyncio.run(serve(behaviour, port, lambda url: _print_start(url, behaviour, as_json=as_json)))
    if as_json:
        # Without the counts by request, which grow with the load: /stats and /bill have them.
        stats = {field.name: getattr(server.stats, field.name) for field in fields(server.stats)}
        parts = {"stats": (stats, "hits"), "bill": (server.bill.as_json(), "requests")}
        print_json(
            {name: {key: each[key] for key in each if key != left_out} for name, (each, left_out) in parts.items()}
        )
    else:
        _print_end(server)


def _limits(given: dict[str, Any]) -> RateLimits:
    from prism_engine.chaos.rate_limits import LimitChange, RateLimits  # noqa: PLC0415 - see above

    seconds, requests = given["halve_after"], given["halve_after_requests"]
    timed = () if seconds is None else (LimitChange(after_seconds=seconds),)
    counted = () if requests is None else (LimitChange(after_requests=requests),)
    changes = timed + counted
    if changes and given["rpm"] is None and given["tpm"] is None:
        raise ConfigError("--halve-after: there is no limit to halve; give --rpm or --tpm too")
    return RateLimits(
        requests_per_minute=given["rpm"],
        tokens_per_minute=given["tpm"],
        burst=given["burst"],
        count="used" if given["count_used"] else "reserved",
        count_refused=given["count_refused"],
        changes=changes,
    )


def _faults(names: str | None) -> tuple[Fault, ...]:
    from prism_engine.chaos.behaviour import LASTING, Fault  # noqa: PLC0415 - see above

    groups = {"all": tuple(Fault), "transient": tuple(fault for fault in Fault if fault not in LASTING)}
    if names is None or names in groups:
        return groups.get(names or "", ())
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in [*Fault]:
            raise ConfigError(f"--faults: {name!r} is not a fault; known: {', '.join([*groups, *Fault])}")
    return tuple(map(Fault, wanted))


def _retry_after(name: str) -> RetryAfter:
    from prism_engine.chaos.behaviour import RetryAfter  # noqa: PLC0415 - see above

    if name not in [*RetryAfter]:
        raise ConfigError(f"--retry-after: {name!r} is not one of {', '.join(RetryAfter)}")
    return RetryAfter(name)


def _prices(prompt: str, completion: str) -> Prices:
    from prism_engine.chaos.bill import Prices  # noqa: PLC0415 - see above

    try:
        return Prices(Decimal(prompt), Decimal(completion))
    except InvalidOperation:
        raise ConfigError(f"--price-in and --price-out must be numbers (got {prompt!r} and {completion!r})") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _print_start(url: str, behaviour: Behaviour, *, as_json: bool) -> None:
    typer.echo(url, err=as_json)
    key = "null" if behaviour.key is None else "CHAOS_KEY  # the variable that holds the key"
    stderr.print(
        "a models file for `prism run -r chaos --models-file FILE`:\n\n"
        f"models:\n  chaos:\n    backend: api\n    model: chaos\n    base_url: {url}\n    api_key_env: {key}\n"
        "    timeout: 30\n    identity: chaos\n\n"
        f"{url.removesuffix('/v1')}/bill and /stats report what happened so far; Ctrl-C ends it",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _print_end(server: ChaosServer) -> None:
    stats, bill = server.stats, server.bill
    counts = {
        "requests received": stats.received,
        "completions sent": stats.completed,
        "refused for a limit (429)": stats.rate_limited,
        "refused for the key (401)": stats.unauthorized,
        "given up by their client": stats.abandoned,
        "met a fault": stats.faults,
        **{f"  {name}": count for name, count in sorted(stats.by_fault.items())},
        "completions billed": bill.calls,
        "  of which paid again for the same request": bill.paid_again,
        "prompt tokens": bill.prompt_tokens,
        "completion tokens": bill.completion_tokens,
    }
    shown = {"requests received", "completions sent"}
    rows = [(name, f"{count:,}") for name, count in counts.items() if count or name in shown]
    stdout.print()
    print_table(("What happened", ""), [*rows, ("bill", f"${bill.dollars.normalize():f}")])
