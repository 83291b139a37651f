"""The ``hold`` member of a rule, and of ``outbound``: how long a message waits for a person, and what then. Pure.

Silence refuses. That it delivers must be written, and is said of what an author or a recipient is held for alone:
what a guard found is refused at the end of the wait, whatever is written.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from gatepost.decide import shape
from gatepost.decide.nearest import nearest_span
from gatepost.decide.paper import USUAL_WAIT, Wait
from gatepost.decide.shape import Faults, Parser

LASTS_MAX = timedelta(days=30)
REFUSE, DELIVER = "refuse", "deliver"
_SPAN = re.compile(r"([1-9][0-9]{0,2})([hd])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


def _span(value: object, path: str, faults: Faults) -> str:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None or _length(found) > LASTS_MAX:
        near = nearest_span(value)
        is_near = near is not None and (meant := _SPAN.fullmatch(near)) is not None and _length(meant) <= LASTS_MAX
        more = f"; the nearest is {near}" if is_near else ""
        faults.tell(
            path,
            f'must be a number of hours or days, at most 30 days, such as "12h" or "7d"{more}',
            near if is_near else None,
        )
        return ""
    return found[0]


def _length(span: re.Match[str]) -> timedelta:
    return int(span[1]) * _UNITS[span[2]]


WAIT = shape.object_of(
    {
        "expiresAfter": Parser(_span, {"type": "string", "pattern": "^[1-9][0-9]{0,2}[hd]$"}),
        "then": shape.word(REFUSE, DELIVER, weak=(DELIVER,)),
    },
    least=1,
)
"""Reads the member into its normal form."""


def compile_wait(normal: Mapping[str, Any] | None) -> Wait | None:
    """Return what ``WAIT`` has read; None where the policy does not say."""
    if normal is None:
        return None
    span = _SPAN.fullmatch(normal.get("expiresAfter", ""))
    return Wait(USUAL_WAIT.lasts if span is None else _length(span), is_delivered=normal.get("then") == DELIVER)
