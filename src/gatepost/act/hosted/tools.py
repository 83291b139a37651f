"""What a tool declares: what it takes, the capability it needs, and the lowest label it accepts. Pure."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gatepost.act.hosted.agent import Document
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Result
from gatepost.act.hosted.schema import check_schema
from gatepost.decide import capabilities

Run = Callable[[Call], Awaitable[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something a model may ask for.

    Attributes:
        schema: of the arguments, an object.
        capability: what the grants of all the turn has read must have in common (``decide/capabilities.py``).
        accepts: below this label a person approves first.
        bounds: arguments that must stay within the operator's limits: name to ``recipients``, ``calendars`` or
            ``amount_max``.
        is_repeatable: running it again under the same key does nothing new; where it is not, and the house dies in
            between, nobody knows whether it ran, and it is not run again.
        run: does it.
        answers: what it says goes to whom the turn's message is answered to, who then must be among the people of all
            the turn has read.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    capability: str
    accepts: Label
    run: Run
    bounds: Mapping[str, str]
    is_repeatable: bool
    answers: bool = False

    def __post_init__(self) -> None:
        check_schema(self.schema, self.name)

    @property
    def amounts(self) -> tuple[str, ...]:
        """The arguments that say what a call amounts to."""
        return tuple(name for name, limit in self.bounds.items() if limit == "amount_max")


Toolbox = Mapping[str, Tool]
"""All there are in this house, by name."""


def toolbox(tools: Iterable[Tool]) -> Toolbox:
    """Return them by name; raises ``ValueError`` where two have one name."""
    found: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in found:
            raise ValueError(f"two tools are called {tool.name}")
        found[tool.name] = tool
    return found


def granted(tools: Toolbox, document: Document, granted_names: Iterable[str]) -> list[Tool]:
    """Return exactly the tools that the operator named and the grant covers: what the model is told of."""
    known = frozenset(granted_names)
    return [tools[name] for name in dict.fromkeys(document.tools) if name in tools and is_covered(tools[name], known)]


def is_covered(tool: Tool, granted_names: Iterable[str]) -> bool:
    """Tell whether a grant holds what a tool needs."""
    return capabilities.allows(granted_names, tool.capability)
