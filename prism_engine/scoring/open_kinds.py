"""The scorers of open answers, by their kind; each lives in a file of its own."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.kinds.anls import Anls
from prism_engine.scoring.kinds.caption import Caption
from prism_engine.scoring.kinds.exact import Exact
from prism_engine.scoring.kinds.llavabench import LlavaBench
from prism_engine.scoring.kinds.mathvista import MathVista
from prism_engine.scoring.kinds.mmvet import MmVet
from prism_engine.scoring.kinds.ocrbench import OcrBench
from prism_engine.scoring.kinds.relaxed import Relaxed
from prism_engine.scoring.kinds.vqa import Vqa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prism_engine.records import AnswerKind
    from prism_engine.scoring.scorer import Scorer


OPEN_SCORERS: Final[Mapping[AnswerKind, Callable[[str], Scorer]]] = MappingProxyType(
    {scorer.kind: scorer for scorer in (Vqa, Anls, Relaxed, Exact, OcrBench, MathVista, MmVet, LlavaBench, Caption)}
)
