"""Every route that changes something leaves a leaf. A route of tomorrow fails here until it is driven."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from fastapi.routing import iter_route_contexts
from psycopg import sql

from doors.rest.scene import POLICY, Tenancy, calls, leaves, sequence, set_policy, write
from gatepost.access import Role
from gatepost.db import Database
from gatepost.deliver.paper import Kept
from gatepost.doors import rest
from gatepost.jobs import Jobs
from gatepost.journey import House
from gatepost.record.vocabulary import VOCABULARY
from gatepost.upkeep.retention import Keeper
from witnessed import is_seen

_AGENTS = "tests/doors/rest/test_agents.py::test_every_version_of_an_agent_stays_and_its_digest_is_committed_to"
_NOTICES = "tests/doors/rest/test_notices.py"
_HELD = "tests/doors/rest/test_retention.py::test_a_hold_names_its_reason_and_forbids"
_YES = "tests/doors/rest/test_petitions.py::test_a_yes_is_a_new_version_with_where_it_came_from"
DRIVEN_ELSEWHERE = {
    ("PUT", "/api/v1/hosting"): (
        "tests/doors/rest/test_agents.py::test_hosting_is_off_until_an_owner_switches_it_on",
        "hosting.on",
    ),
    ("PUT", "/api/v1/mailboxes/{mailbox_id}/agent"): (_AGENTS, "agent.set"),
    ("DELETE", "/api/v1/mailboxes/{mailbox_id}/agent"): (_AGENTS, "agent.remove"),
    ("POST", "/api/v1/mailboxes/{mailbox_id}/turns/{turn_id}/calls/{digest}"): (
        "tests/doors/rest/test_turns.py::test_an_approver_settles_a_held_call_once_and_stands_in_the_record",
        "tool.approved",
    ),
    ("POST", "/api/v1/erasures"): (
        "tests/doors/rest/test_retention.py::test_whoever_is_erased_is_gone_from_every_page",
        "person.erased",
    ),
    ("POST", "/api/v1/legal-holds"): (_HELD, "hold.place"),
    ("DELETE", "/api/v1/legal-holds/{legal_hold_id}"): (_HELD, "hold.release"),
    ("POST", "/api/v1/mailboxes/{mailbox_id}/holds/{hold_id}/decision"): (
        "tests/doors/rest/test_holds.py::test_a_denial_is_recorded_under_whoever_denied",
        "hold.deny",
    ),
    ("POST", "/api/v1/mailboxes/{mailbox_id}/waiting/{waiting_id}/decision"): (
        "tests/doors/rest/test_waiting.py::test_one_word_rules_on_each_once_and_stands_in_the_record",
        "hold.deny",
    ),
    ("POST", "/api/v1/notices/instructions"): (f"{_NOTICES}::test_an_instruction_is_noted", "instruction.given"),
    ("POST", "/api/v1/notices/terms/{about}/decision"): (
        f"{_NOTICES}::test_a_text_is_accepted_by_its_octets_and_changed_one_s_mind_about",
        "terms.accepted",
    ),
    ("POST", "/api/v1/notices/subprocessors/{about}/objection"): (
        f"{_NOTICES}::test_an_objection_is_made_shown_and_taken_back",
        "subprocessor.objected",
    ),
    ("DELETE", "/api/v1/notices/subprocessors/{about}/objection"): (
        f"{_NOTICES}::test_an_objection_is_made_shown_and_taken_back",
        "subprocessor.settled",
    ),
    ("POST", "/api/v1/policy/proposals/{proposal_id}/decision"): (
        "tests/workbench/test_proposal.py::test_a_second_person_puts_it_in_force_and_each_step_is_an_entry",
        "policy.approve",
    ),
    ("POST", "/api/v1/mailboxes/{mailbox_id}/petitions/sender"): (_YES, "petition.make"),
    ("POST", "/api/v1/mailboxes/{mailbox_id}/petitions/promotion"): (
        "tests/doors/rest/test_petitions.py::test_a_promotion_ends_the_sandbox",
        "petition.make",
    ),
    ("POST", "/api/v1/mailboxes/{mailbox_id}/petitions/{petition_id}/decision"): (_YES, "petition.approve"),
}
"""What needs a keeper or a held message: which test sees which entry."""
LEAVES_NONE = {
    # Tokens set aside for minutes: what becomes of them is `usage.reported`, or `budget.exhausted` where none are left.
    ("POST", "/api/v1/mailboxes/{mailbox_id}/messages/{message_id}/reservations"),
    # Questions about a draft, which they carry: nothing is kept.
    ("POST", "/api/v1/policy/check"),
    ("POST", "/api/v1/policy/explain"),
    ("POST", "/api/v1/policy/test"),
    ("POST", "/api/v1/policy/lint"),
    ("POST", "/api/v1/policy/diff"),
    # And what a draft would have made of past mail, which is read as `GET /audit-logs` reads it.
    ("POST", "/api/v1/policy/replays"),
    ("DELETE", "/api/v1/policy/replays/{replay_id}"),
}
READS_THAT_LEAVE_A_LEAF = {("GET", "/api/v1/log/export")}


@dataclass
class Scene:
    """What the routes are driven on."""

    tenancy: Tenancy
    message: str
    made: dict[str, str]

    def path(self, template: str) -> str:
        known = {"mailbox_id": self.tenancy.account, "message_id": self.message, "tenant": self.tenancy.tenant}
        return template.replace(":path}", "}").format_map(defaultdict(lambda: "1", known | self.made))


FAULT = 500
ROOT = Path(__file__).parents[3]
OPEN = {**POLICY, "outbound": {"recipients": {"domains": ["customer.example"], "thread": True}}}
DESTINATION = {"kind": "otlp", "url": "http://127.0.0.1:1"}
BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "/api/v1/mailboxes/{mailbox_id}/policy/versions/{version}/rollback"): None,
    ("PUT", "/api/v1/mailboxes/{mailbox_id}/policy"): OPEN,
    ("POST", "/api/v1/mailboxes/{mailbox_id}/webhooks"): {"url": "https://hooks.example/in"},
    ("PATCH", "/api/v1/mailboxes/{mailbox_id}/webhooks/{webhook_id}"): {},
    ("POST", "/api/v1/mailboxes/{mailbox_id}/webhooks/{webhook_id}/rotate"): {},
    ("POST", "/api/v1/mailboxes/{mailbox_id}/webhooks/{webhook_id}/test"): None,
    ("POST", "/api/v1/mailboxes/{mailbox_id}/webhooks/{webhook_id}/replay"): {},
    ("DELETE", "/api/v1/mailboxes/{mailbox_id}/webhooks/{webhook_id}"): None,
    ("PUT", "/api/v1/policy"): OPEN,
    ("POST", "/api/v1/policy/versions/{version}/rollback"): None,
    ("POST", "/api/v1/mailboxes/{mailbox_id}/messages"): {"to": ["ann@customer.example"], "text_body": "Hello."},
    ("POST", "/api/v1/mailboxes/{mailbox_id}/messages/{message_id}/reply"): {"text_body": "Yes."},
    ("POST", "/api/v1/mailboxes/{mailbox_id}/messages/{message_id}/bounce"): {"reason": "No."},
    ("POST", "/api/v1/mailboxes/{mailbox_id}/messages/{message_id}/usage"): {"tokens": 1, "tools": ["calendar"]},
    ("POST", "/api/v1/mailboxes/{mailbox_id}/policy/revocations"): {"version": 1},
    ("POST", "/api/v1/exports"): DESTINATION,
    ("PUT", "/api/v1/exports/{export_id}"): DESTINATION,
    ("POST", "/api/v1/exports/{export_id}/test"): None,
    ("POST", "/api/v1/exports/{export_id}/replay"): {},
    ("POST", "/api/v1/exports/{export_id}/resume"): {},
    ("DELETE", "/api/v1/exports/{export_id}"): None,
    ("GET", "/api/v1/log/export"): None,
}
"""Each with a body it takes, in an order in which what a route needs was made before."""

EXPECTED = {
    "policy.set",
    "policy.revoke",
    "webhook.add",
    "webhook.remove",
    "reply.queued",
    "bounce.queued",
    "usage.reported",
    "export.add",
    "export.change",
    "export.test",
    "export.replay",
    "export.resume",
    "export.remove",
    "record.export",
}


def changing() -> set[tuple[str, str]]:
    """Return every route of the real table that may change something."""
    found = {
        (method, str(route.path))
        for route in iter_route_contexts(rest.assemble().routes)
        for method in route.methods or ()
    }
    return {each for each in found if each[0] not in {"GET", "HEAD", "OPTIONS"}} | READS_THAT_LEAVE_A_LEAF


def reading() -> set[str]:
    """Return every route of the real table that is only read."""
    routes = iter_route_contexts(rest.assemble().routes)
    return {str(route.path) for route in routes if "GET" in (route.methods or ())} - {
        template for _, template in READS_THAT_LEAVE_A_LEAF
    }


@asynccontextmanager
async def still(app_dsn: str, database_name: str, owner_dsn: str, house: House) -> AsyncIterator[House]:
    """Yield the house on connections that cannot write."""
    name = sql.Identifier(database_name)
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(sql.SQL("alter database {} set default_transaction_read_only = on").format(name))
        try:
            async with Database.open(app_dsn, house.db.keys) as db:
                yield replace(house, db=db, accepting=db, jobs=Jobs(db, house.clock))
        finally:
            owner.execute("set default_transaction_read_only = off")
            owner.execute(sql.SQL("alter database {} reset default_transaction_read_only").format(name))


def test_every_route_that_changes_something_is_driven() -> None:
    assert changing() == set(BODIES) | DRIVEN_ELSEWHERE.keys() | LEAVES_NONE
    assert [one for one in DRIVEN_ELSEWHERE.items() if not is_seen(*one[1])] == []


async def test_every_route_that_changes_something_leaves_a_leaf(house: House, ours: Tenancy) -> None:
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    await sequence(house, ours)
    scene = Scene(ours, done.outcome.email, {"version": "1"})
    told: set[str] = set()
    app = rest.build(house)
    for (method, template), body in BODIES.items():
        key = ours.agent if template.endswith(("/reply", "/bounce", "/usage")) else ours.keys[Role.OWNER]
        before = await leaves(house, ours)
        async with calls(app, key) as client:
            answer = await client.request(method, scene.path(template), json=body)
        assert answer.is_success, (method, template, answer.text)
        _remember(scene, template, answer)
        fresh = (await leaves(house, ours))[len(before) :]
        assert fresh, f"{method} {template} left no leaf"
        assert {str(leaf["action"]) for leaf in fresh} <= set(VOCABULARY)
        told |= {str(leaf["action"]) for leaf in fresh}
    assert told >= EXPECTED


def _remember(scene: Scene, template: str, answer: httpx2.Response) -> None:
    for name, suffix in (("webhook_id", "/webhooks"), ("export_id", "/exports")):
        if template.endswith(suffix):
            scene.made[name] = answer.json()["id"]


WRITES_NO_LEAF: Mapping[str, str] = dict.fromkeys(
    ("/api/v1/mailboxes/{mailbox_id}/events", "/api/v1/mailboxes/{mailbox_id}/events/stream"),
    "who listens is noted, for events are written for those alone who do; it goes by itself, and changes no mail",
)
"""What is read, and yet writes; and why that is no act."""


async def test_a_route_that_only_reads_writes_nothing(
    house: House, keeper: Keeper, ours: Tenancy, app_dsn: str, database_name: str, owner_dsn: str
) -> None:
    """Every ``GET`` of the real table is answered by a house whose database takes no write, from anybody."""
    await set_policy(house, ours, POLICY)
    done = await write(house, ours)
    assert isinstance(done.outcome, Kept)
    await sequence(house, ours)
    scene = Scene(ours, done.outcome.email, {"version": "1", "leaf_index": "0"})
    async with calls(rest.build(house), ours.keys[Role.OWNER]) as client:
        for template in ("/api/v1/mailboxes/{mailbox_id}/webhooks", "/api/v1/exports"):
            _remember(scene, template, await client.post(scene.path(template), json=BODIES["POST", template]))
    answers = {}
    async with still(app_dsn, database_name, owner_dsn, house) as quiet:
        app = rest.build(quiet, keeper=replace(keeper, db=quiet.db, own=quiet.db))
        async with calls(app, ours.keys[Role.OWNER]) as client:
            for template in reading():
                answers[template] = (await client.get(scene.path(template))).status_code
            refused = await client.post(scene.path("/api/v1/exports"), json=DESTINATION)
    assert refused.status_code >= FAULT, "nothing would be seen"
    assert {template for template, status in answers.items() if status >= FAULT} == WRITES_NO_LEAF.keys()
    assert list(answers.values()).count(200) > len(answers) / 2
