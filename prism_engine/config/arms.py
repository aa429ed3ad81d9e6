"""Arms: the ways of answering a benchmark's questions, by the name that a user types, such as `all` or `direct`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic_core import core_schema

from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DescriptionSource = Literal["descriptions", "gold", "none"]
"""What a reasoner answers from, besides the question: the perceiver's descriptions, gold descriptions, or nothing."""
Answerer = Literal["reasoner", "perceiver"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of answering the same questions: who answers, and from what.

    A plain value: two arms are equal if all their parts are. In run files, manifests and folders an arm is its name.
    """

    name: str
    """With its parameter, if it has one: `NAME-PARAMETER`."""
    answerer: Answerer | None
    """None only describes, or only writes hints."""
    source: DescriptionSource
    """`none` for a perceiver, which answers from the pictures."""
    cached_only: bool = False
    """Descriptions come from the cache alone; the perceiver is never started."""
    hints_only: bool = False
    """Only the hint writer of a query-specific instruction runs."""
    about: str = ""
    """For `--help`, after the name."""
    parameter: str = ""
    """What follows `NAME-`; empty for an arm without a parameter."""

    ALL: ClassVar[Arm]
    PERCEPTION: ClassVar[Arm]
    REASONING: ClassVar[Arm]
    DIRECT: ClassVar[Arm]
    BLIND: ClassVar[Arm]
    ORACLE: ClassVar[Arm]
    PROMPTS: ClassVar[Arm]

    def __str__(self) -> str:
        return self.name

    @property
    def describes(self) -> bool:
        """Whether the arm uses descriptions by the perceiver."""
        return self.source == "descriptions"

    @property
    def direct(self) -> bool:
        """Whether the perceiver answers by itself, from the pictures."""
        return self.answerer == "perceiver"

    @property
    def answers(self) -> bool:
        """Whether questions are answered, and therefore scored."""
        return self.answerer is not None

    @property
    def needs_perceiver(self) -> bool:
        """Whether a perceiver must be named."""
        return self.describes or self.direct

    @property
    def needs_reasoner(self) -> bool:
        """Whether a reasoner must be named."""
        return self.answerer == "reasoner"

    @classmethod
    def named(cls, name: str) -> Arm:
        """Return the arm of a name.

        Raises:
            ValueError: there is none; the message names the nearest one, or says what is wrong with the parameter.
        """
        if name in ARMS:
            return ARMS[name]
        family, dash, parameter = name.partition("-")
        if dash and family in PARAMETERISED:
            return replace(PARAMETERISED[family](parameter), name=name, parameter=parameter)
        raise ValueError(f"unknown mode {name!r}{did_you_mean(name, ARMS)} (known: {', '.join(ARMS)})")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """Read an arm from its name, and write it as its name."""
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        """Describe it as the text that it is in a file."""
        return {"type": "string"}

    @classmethod
    def _validated(cls, value: object) -> Arm:
        if isinstance(value, Arm):
            return value
        if not isinstance(value, str):
            raise ValueError("must be the name of a mode")  # noqa: TRY004 - pydantic reports ValueErrors
        return cls.named(value)


Arm.ALL = Arm("all", "reasoner", "descriptions", about="the reasoner, from descriptions")
Arm.PERCEPTION = Arm("perception", None, "descriptions", about="none: describe only")
Arm.REASONING = Arm(
    "reasoning", "reasoner", "descriptions", cached_only=True, about="the reasoner, from cached descriptions"
)
Arm.DIRECT = Arm("direct", "perceiver", "none", about="the perceiver, from the pictures")
Arm.BLIND = Arm("blind", "reasoner", "none", about="the reasoner, from the question alone")
Arm.ORACLE = Arm("oracle", "reasoner", "gold", about="the reasoner, from gold descriptions")
Arm.PROMPTS = Arm("prompts", None, "none", hints_only=True, about="none: write hints only, as `prism gen-prompts`")

ARMS: Final[Mapping[str, Arm]] = MappingProxyType(
    {arm.name: arm for arm in (Arm.ALL, Arm.PERCEPTION, Arm.REASONING, Arm.DIRECT, Arm.BLIND, Arm.ORACLE, Arm.PROMPTS)}
)
"""The arms without a parameter, by name."""
PARAMETERISED: Final[dict[str, Callable[[str], Arm]]] = {}
"""By the part of the name before the first dash: what makes the arm of a parameter, or raises a ValueError."""
