"""Writes the tasks of a measurement, the same for all tools: prism's prompts, in each tool's format.

python benchmarks/peer_tools/workload.py FOLDER COUNT one|two|engine
"""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import sys
from pathlib import Path

from PIL import Image

from prism_engine.prompts import instruction_text, reasoning_messages
from prism_engine.records import Option, Sample
from prism_engine.scenes import write_benchmark

HEADER = ("index", "image", "question", "A", "B", "C", "D", "answer")
OPTIONS = dict(zip("ABCD", ("red", "blue", "green", "yellow"), strict=True))
LIMIT = 64
"""Output tokens of each call."""
GAP = "\x1f"
"""Stands for a description while a prompt is split around it."""


def write_tasks(folder: Path, count: int, *, pictures: bool) -> None:
    """Write `tasks.tsv` for prism, and `tasks.jsonl` with the prompts that prism makes of it for the other tools.

    Args:
        pictures: whether each task has a picture of its own (a file below `pictures/` for the other tools).
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pictures").mkdir()
    names = HEADER if pictures else tuple(name for name in HEADER if name != "image")
    with (
        (folder / "tasks.tsv").open("w", newline="", encoding="utf-8") as table,
        (folder / "tasks.jsonl").open("w", encoding="utf-8") as lines,
    ):
        writer = csv.DictWriter(table, names, delimiter="\t")
        writer.writeheader()
        for number in range(count):
            question = f"[task {number}] Which colour does the largest shape of scene {number} have?"
            row = {"index": number, "question": question, "answer": "ABCD"[number % 4], **OPTIONS}
            task = {"id": number, "target": row["answer"], **_prompts(question)}
            if pictures:
                content = _picture(number)
                path = folder / "pictures" / f"{number}.png"
                path.write_bytes(content)
                row["image"] = base64.b64encode(content).decode()
                task["picture"] = str(path)
            writer.writerow(row)
            lines.write(json.dumps(task) + "\n")


def write_engine_tasks(folder: Path, count: int) -> None:
    """Write `tasks.tsv` for prism (pictures of scenes), and `batch.jsonl` for vLLM's run-batch."""
    folder.mkdir(parents=True)
    with (folder / "tasks.tsv").open("w", newline="", encoding="utf-8") as table:
        write_benchmark(table, count, 0)
    csv.field_size_limit(2**30)
    with (
        (folder / "tasks.tsv").open(newline="", encoding="utf-8") as table,
        (folder / "batch.jsonl").open("w", encoding="utf-8") as lines,
    ):
        for row in csv.DictReader(table, delimiter="\t"):
            image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{row['image']}"}}
            content = [image, {"type": "text", "text": instruction_text("generic")}]
            messages = [{"role": "user", "content": content}]
            body = {"model": "captioner", "messages": messages, "max_tokens": LIMIT, "temperature": 0}
            line = {"custom_id": row["index"], "method": "POST", "url": "/v1/chat/completions", "body": body}
            lines.write(json.dumps(line) + "\n")


def _prompts(question: str) -> dict[str, str]:
    sample = Sample(0, "0", (), question, options=tuple(Option(letter, text) for letter, text in OPTIONS.items()))
    (blind,) = reasoning_messages(sample, None)
    (informed,) = reasoning_messages(sample, GAP)
    before, after = str(informed.parts[0]).split(GAP)
    return {
        "blind": str(blind.parts[0]),
        "describe": instruction_text("generic"),
        "before": before,
        "after": after,
    }


def _picture(number: int) -> bytes:
    """Return a PNG that no other task has: 64x64 pixels of noise, 12 kB."""
    noise = random.Random(number).randbytes(64 * 64 * 3)  # noqa: S311 - reproducible
    buffer = io.BytesIO()
    Image.frombytes("RGB", (64, 64), noise).save(buffer, "PNG")
    return buffer.getvalue()


def main() -> None:
    folder, count, stages = sys.argv[1:]
    if stages == "engine":
        write_engine_tasks(Path(folder), int(count))
    else:
        write_tasks(Path(folder), int(count), pictures=stages == "two")


if __name__ == "__main__":
    main()
