"""Bodies that people write by hand: JSON, or YAML as policies are read from it (RFC 9512)."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request

from gatepost.decide.written import Spelling, UnreadableError, read_document
from gatepost.doors.rest.policy_shapes import storable
from gatepost.doors.rest.problems import Code, Problem

JSON, YAML = "application/json", "application/yaml"
_YAML_TYPES = frozenset({YAML, "application/x-yaml", "text/yaml", "text/x-yaml"})
"""What RFC 9512 registers, and its aliases."""
AT_ONCE_OCTETS = 16_384
"""Read on the loop: YAML takes some 4 ms; what is larger, up to a quarter of a second, is read beside it."""


def spelling_of(content_type: str) -> Spelling:
    """Return what a Content-Type says; nothing is JSON. Raises ``Problem`` 415 for a type that is not read here."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in {"", JSON} or kind.endswith("+json"):
        return Spelling.JSON
    if kind in _YAML_TYPES or kind.endswith("+yaml"):
        return Spelling.YAML
    raise Problem(Code.MEDIA_UNSUPPORTED, headers={"Accept": f"{JSON}, {YAML}"})


async def written(request: Request) -> object:
    """Return what the body says, for ``decide`` to judge; an empty one says null.

    Raises:
        Problem: 415 for another type, 400 where nobody can read it, 422 where no store could keep it.
        PolicyError: a name stands twice, or a number is none.
    """
    spelling = spelling_of(request.headers.get("content-type", ""))
    octets = await request.body()
    try:
        read = partial(read_document, octets, spelling)
        is_large = len(octets) > AT_ONCE_OCTETS
        document = (await asyncio.to_thread(read) if is_large else read()) if octets.strip() else None
    except UnreadableError as error:
        raise Problem(Code.REQUEST_MALFORMED, errors=error.errors) from error
    try:
        storable(document)
    except ValueError as error:
        raise Problem(Code.REQUEST_INVALID, errors=[f"body: {error}"]) from error
    return document


Written = Annotated[object, Depends(written)]


def accepts(schema: Mapping[str, Any], example: object = None) -> dict[str, Any]:
    """Return what OpenAPI is told of such a body."""
    told = {"schema": dict(schema), **({"example": example} if example is not None else {})}
    return {"requestBody": {"required": True, "content": {JSON: told, YAML: {"schema": dict(schema)}}}}
