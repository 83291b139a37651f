"""If-Match and If-None-Match (RFC 9110 section 13.1): what must be in force for a request to be carried out.

A policy's entity tag is its version in quotes, always strong; ``"0"`` stands for none yet.
"""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from gatepost.doors.rest.problems import Code, Problem, overtaken
from gatepost.workbench.change import Preconditions

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_BETWEEN = re.compile(r"[ \t]*(?:,[ \t]*)+")
_VERSION = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


def etag(version: int) -> str:
    """Return a version as an entity tag (RFC 9110 section 8.8.3)."""
    return f'"{version}"'


def _tags(request: Request, name: str) -> list[tuple[bool, str]] | None:
    """Return the tags of a field, each with whether it is weak; None for the star.

    Raises:
        Problem: 422, it is neither.
    """
    text = ",".join(request.headers.getlist(name)).strip(" \t,")
    if text == "*":
        return None
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(text):
        tag = _TAG.match(text, at)
        between = tag and _BETWEEN.match(text, tag.end())
        if tag is None or (between is None and tag.end() < len(text)):
            raise Problem(Code.REQUEST_INVALID, errors=[f'header.{name}: write * or entity tags, such as "7"'])
        found.append((tag[1] is not None, tag[2]))
        at = between.end() if between else tag.end()
    return found


def _versions(tags: list[tuple[bool, str]], *, with_weak: bool) -> frozenset[int]:
    """Return the versions that could be meant: of our tags all are strong, and no other was ever given."""
    named = {text for is_weak, text in tags if with_weak or not is_weak}
    return frozenset(int(text) for text in named if _VERSION.fullmatch(text))


def preconditions(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="`*`, or ETags of versions you saw: 412 where another is in force."),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", description="`*`: only where there is none yet; or ETags: where another is."),
    ] = None,
) -> Preconditions:
    """Read both fields. If-Match compares strongly, so that a weak tag matches nothing; If-None-Match weakly.

    Raises:
        Problem: 422, one of them cannot be read.
    """
    wanted = None if if_match is None else _tags(request, "If-Match")
    barred = None if if_none_match is None else _tags(request, "If-None-Match")
    return Preconditions(
        is_there=if_match is not None and wanted is None,
        among=None if wanted is None else _versions(wanted, with_weak=False),
        is_absent=if_none_match is not None and barred is None,
        besides=frozenset() if barred is None else _versions(barred, with_weak=True),
    )


PreconditionsDep = Annotated[Preconditions, Depends(preconditions)]


def is_unchanged(wanted: Preconditions, version: int) -> bool:
    """Tell whether the reader has that version already, which is a 304.

    Raises:
        Problem: 412, it is not the one that is asked for by If-Match.
    """
    if not wanted.match(version):
        raise overtaken()
    return not wanted.hold(version)
