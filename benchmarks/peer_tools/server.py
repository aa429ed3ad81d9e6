"""The provider of a measurement: a chaos server that counts its completions per task, not per body.

Tools word their requests differently, so a task is recognised by its mark: a question carries `[task 17]`, a picture is
known by its digest. Requests with neither, such as a probe, count as other calls.

    python benchmarks/peer_tools/server.py --latency 0.2 [--rpm 600 --tpm 100000 --burst 2]

Prints its URL as the first line; on SIGTERM or SIGINT, prints its counts as one line of JSON and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
from collections import Counter
from typing import Any

from prism_engine.chaos.behaviour import Behaviour, RetryAfter
from prism_engine.chaos.rate_limits import RateLimits
from prism_engine.chaos.server import serve

MARK = re.compile(r"\[task (\d+)\]")
WORDS = "The picture shows a small scene with a few shapes on a plain background, one larger than the others."


class Replies:
    """Answers requests and counts them by task.

    Attributes:
        computed: completions per task: `answer 17` or `describe DIGEST`.
        other: completions of requests without a mark.
    """

    def __init__(self) -> None:
        self.computed: Counter[str] = Counter()
        self.other = 0

    def __call__(self, body: dict[str, Any]) -> str:
        text, picture = _parts(body)
        mark = MARK.search(text)
        if picture is not None:
            digest = hashlib.sha256(picture.encode()).hexdigest()[:12]
            self.computed[f"describe {digest}"] += 1
            return f"{WORDS} Its mark is {digest}."
        if mark is None:
            self.other += 1
            return "Yes."
        self.computed[f"answer {mark[1]}"] += 1
        return f"The answer is {'ABCD'[int(mark[1]) % 4]}. {mark[0]}"


def _parts(body: dict[str, Any]) -> tuple[str, str | None]:
    """Return the text of a request, and its picture as a data URI, or None."""
    texts, picture = [], None
    for message in body["messages"]:
        content = message.get("content")
        for part in content if isinstance(content, list) else [{"text": content}]:
            match part:
                case {"image_url": {"url": str(url)}}:
                    picture = url
                case {"text": str(text)}:
                    texts.append(text)
    return "\n".join(texts), picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds until each answer")
    parser.add_argument("--rpm", type=int, help="requests per minute")
    parser.add_argument("--tpm", type=int, help="tokens per minute")
    parser.add_argument("--burst", type=float, default=2.0, help="seconds of inflow that the limits' buckets hold")
    given = parser.parse_args()
    replies = Replies()
    limits = RateLimits(requests_per_minute=given.rpm, tokens_per_minute=given.tpm, burst=given.burst)
    behaviour = Behaviour(latency=given.latency, limits=limits, retry_after=RetryAfter.SECONDS, reply=replies)
    server = asyncio.run(serve(behaviour, 0, lambda url: print(url, flush=True)))
    print(
        json.dumps(
            {
                "computed": replies.computed,
                "other": replies.other,
                "refused": server.stats.rate_limited,
                "most_in_flight": server.stats.most_in_flight,
            }
        )
    )


if __name__ == "__main__":
    main()
