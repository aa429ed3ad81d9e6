"""The scorers of open answers, by their kind; each lives in a file of its own."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.anls import Anls
from prism_engine.scoring.caption import Caption
from prism_engine.scoring.exact import Exact
from prism_engine.scoring.llavabench import LlavaBench
from prism_engine.scoring.mathvista import MathVista
from prism_engine.scoring.mmvet import MmVet
from prism_engine.scoring.ocrbench import OcrBench
from prism_engine.scoring.relaxed import Relaxed
from prism_engine.scoring.vqa import Vqa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prism_engine.records import AnswerKind
    from prism_engine.scoring.base import Scorer


OPEN_SCORERS: Final[Mapping[AnswerKind, Callable[[str], Scorer]]] = MappingProxyType(
    {scorer.kind: scorer for scorer in (Vqa, Anls, Relaxed, Exact, OcrBench, MathVista, MmVet, LlavaBench, Caption)}
)
