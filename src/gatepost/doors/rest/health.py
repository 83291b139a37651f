"""Whether the process answers, and whether it can do its work; for supervisors, without a key."""

import asyncio

from fastapi import APIRouter

from gatepost.doors.rest.auth import HouseDep
from gatepost.doors.rest.problems import MEANINGS, Code, missing, unavailable
from gatepost.doors.rest.shapes import Health, ProblemKind

READY_TIMEOUT_S = 3.0

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
async def alive() -> Health:
    """Answer without touching anything else."""
    return Health()


@router.get("/readyz", summary="Can the house work?")
async def ready(house: HouseDep) -> Health:
    """Answer 200 when the database does, 503 otherwise."""
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            await house.db.look_up("select 1 as one")
    except TimeoutError:
        raise unavailable() from None
    return Health()


@router.get("/api/problems/{code}", summary="What a problem's type means")
async def problem(code: str) -> ProblemKind:
    """Explain one problem type; every problem's `type` leads here."""
    if code not in set(Code):
        raise missing("problem type")
    meaning = MEANINGS[Code(code)]
    return ProblemKind(code=code, status=meaning.status, title=meaning.title, advice=meaning.advice)
