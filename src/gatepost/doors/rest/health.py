"""Whether the process answers, and whether it can do its work; for supervisors, without a key."""

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from gatepost.doors.rest.problems import MEANINGS, Code, missing, unavailable
from gatepost.doors.rest.shapes import Health, ProblemKind

Readiness = Callable[[], Awaitable[tuple[str, ...]]]
"""Return a word for each thing that keeps the house from its work; empty where it can work."""

router = APIRouter(tags=["health"])


def readiness_of(request: Request) -> Readiness:
    """Return what this door asks whether the house can work."""
    return cast("Readiness", request.app.state.readiness)


@router.head("/health/live", include_in_schema=False)  # what many watchers send
@router.get("/health/live", summary="Is the process alive?")
async def alive() -> Health:
    """Answer without touching anything else."""
    return Health()


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", summary="Can the house work?")
async def ready(readiness: Annotated[Readiness, Depends(readiness_of)]) -> Health:
    """Answer 200 where the house can work; otherwise 503 with a word in `errors` for each thing that is wrong."""
    if wrong := await readiness():
        raise unavailable(wrong)
    return Health()


@router.get("/api/problems/{code}", summary="What a problem's type means")
async def problem(code: str) -> ProblemKind:
    """Explain one problem type; every problem's `type` leads here."""
    if code not in set(Code):
        raise missing("problem type")
    meaning = MEANINGS[Code(code)]
    return ProblemKind(code=code, status=meaning.status, title=meaning.title, advice=meaning.advice)
