"""What answers have in common whoever gives them: bounded, foreign, perhaps no JSON. Pure."""

import re
from http import HTTPStatus
from typing import Any

import orjson

from gatepost.egress import is_success
from gatepost.upkeep.siem.paper import Verdict

_WORD = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)


def read_object(answer: bytes) -> dict[str, Any]:
    """Return the JSON object in an answer, or an empty one where there is none."""
    try:
        found = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def word(text: object) -> str:
    """Return a receiver's error type where it is a plain word, which quotes nobody's mail."""
    return text if isinstance(text, str) and _WORD.fullmatch(text) else "other"


def again(count: int, reason: str) -> Verdict:
    """Say that the whole request is to be repeated."""
    return Verdict(again=range(count), reason=reason)


def by_status(count: int, status: int, name: str) -> Verdict:
    """Judge by the HTTP status alone, where nothing better is said.

    A 2xx that does not speak the receiver's language (a proxy's page) is no acceptance, and a redirect leads to a
    place nobody registered.
    """
    reason = f"{name}.http_{status}"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Verdict(is_split=True, reason=f"{name}.too_large")
    if status == HTTPStatus.BAD_REQUEST:
        return Verdict(is_split=True, reason=reason)
    if (
        status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    ):
        return again(count, reason)
    if is_success(status):
        return again(count, f"{name}.unreadable")
    return Verdict(stop=reason)
