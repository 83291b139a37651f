"""Schemathesis against the served door: whatever it sends, never a 5xx and never an undescribed answer."""

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from doors.rest.scene import POLICY, Tenancy, held, petitioned, sequence, served, set_policy, write
from gatepost.doors import rest
from gatepost.doors.limit import Rate
from gatepost.journey import House
from gatepost.upkeep.retention import Keeper

EXAMPLES_PER_OPERATION = 8
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def probe_all(url: str, key: str, known: dict[str, object]) -> int:
    """Send generated requests to every operation, with ids that exist where the path wants some; return how many."""
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    sent = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path.endswith("/stream"):
            continue  # it answers for ten minutes; tests/doors/rest/test_events.py

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES_PER_OPERATION,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def probe(case: schemathesis.Case[Any]) -> None:
            nonlocal sent
            for parameters in (dict(case.path_parameters), known):
                case.path_parameters.update({name: parameters[name] for name in case.path_parameters})
                answer = case.call(headers={"Authorization": f"Bearer {key}"})
                case.validate_response(answer, checks=CHECKS)
                sent += 1

        probe()
    return sent


async def test_no_generated_request_breaks_the_door(house: House, keeper: Keeper, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    await sequence(house, ours)
    known: dict[str, object] = {
        "mailbox_id": ours.account,
        "message_id": done.recorded.arrived.email,
        "thread_id": getattr(done.outcome, "thread", "th_none"),
        "webhook_id": "wh_none",
        "export_id": "ex_none",
        "petition_id": await petitioned(house, ours),
        "waiting_id": await petitioned(house, ours),
        "hold_id": await held(house, ours, done.recorded.arrived.email),
        "turn_id": "tu_none",
        "about": "terms",
        "legal_hold_id": "lh_none",
        "digest": "0" * 64,
        "entry_id": 1,
        "part": 0,
        "leaf_index": 0,
        "tenant": ours.tenant,
        "path": "0/000.p/1",
        "proposal_id": "pp_none",
        "replay_id": "dr_none",
        "name": "support",
        "version": 1,
        "code": "scope.missing",
    }
    async with served(rest.build(house, keeper=keeper, rate=Rate(10_000, 100_000))) as url:
        sent = await asyncio.to_thread(probe_all, url, ours.owner, known)
    assert sent > 300
