"""Rewrite the list of files in docs/architecture.md from the first lines of the modules' docstrings (`make docs`)."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- begin: files -->", "<!-- end: files -->"


def main() -> None:
    """Write the page with an up-to-date list."""
    PAGE.write_text(with_list(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def with_list(page: str) -> str:
    """Return the page with the list between its two markers replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{file_list()}{END}{after}"


def file_list() -> str:
    """Return one heading per folder and one line per module: its name, and the first line of its docstring."""
    lines = []
    package = ROOT / "prism_engine"
    for folder in sorted({path.parent for path in package.rglob("*.py")}):
        lines.append(f"\n**`{folder.relative_to(ROOT).as_posix()}/`** {caption(folder / '__init__.py')}\n\n")
        modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
        lines += [f"- `{path.name}`: {caption(path)}\n" for path in modules]
    return "".join(lines) + "\n"


def caption(path: Path) -> str:
    """Return the first line of a module's docstring.

    Raises:
        ValueError: it has none.
    """
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if docstring is None:
        raise ValueError(f"{path}: the module has no docstring, and so no caption")
    return docstring.splitlines()[0]


if __name__ == "__main__":
    main()
