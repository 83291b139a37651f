"""Calling somebody: by mail that we sign and hand over ourselves, and by a signed webhook. It quotes nothing.

The mail's author is the postmaster of the domain the caller gives; the webhook is a Standard Webhook under a secret
that is derived from the house's keys (``gatepost incident secret``), with the answer of the receiver as its receipt.
"""

from dataclasses import dataclass
from email.utils import format_datetime

import orjson

from gatepost import domains
from gatepost.act import webhook
from gatepost.act.client import post
from gatepost.act.paper import Event, EventKind
from gatepost.deliver import own_mail
from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.traffic import CROWDED, CrowdedError
from gatepost.egress import Errand, Purpose
from gatepost.ids import AccountId, EventId
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST

_SECRET = "duty webhook"  # noqa: S105  # what the secret is for


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a call. ``result``: a word of ours."""

    is_taken: bool
    result: str


def secret(house: House) -> str:
    """Return what our webhooks to people on call and to connectors are signed with, 64 hex characters."""
    return house.keyring.derive(_SECRET).hex()


async def mail(house: House, author: Address, to: Address, *, name: str, subject: str, lines: tuple[str, ...]) -> Told:
    """Hand one mail over, now or not at all. ``name`` makes its Message-ID."""
    owner = await domains.tenant_of(house.db, author.domain)
    if owner is None:
        return Told(is_taken=False, result="author.elsewhere")
    road = await own_mail.find_road(house, owner, author, to, seed=name)
    if isinstance(road, Attempt):
        return Told(is_taken=False, result=road.reason)
    head = (
        f"From: {author}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {format_datetime(house.clock())}",
        f"Message-ID: <{house.own_ids.write(name, author.domain)}>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "Content-Transfer-Encoding: 7bit",
    )
    raw = "\r\n".join((*head, "", *lines, "")).encode("ascii", "replace")
    try:
        tried = await own_mail.carry(house, road, name, raw)
    except CrowdedError:
        return Told(is_taken=False, result=CROWDED)
    return Told(is_taken=tried.result is AttemptResult.ACCEPTED, result=f"mail.{tried.result.value}")


async def hook(house: House, url: str, *, name: str, ref: str, said: dict[str, Json]) -> Told:
    """Post one signed JSON object. ``name`` is its ``webhook-id``: the same again is the same."""
    now = house.clock()
    body = orjson.dumps(said)
    event = Event(id=EventId(name), account=AccountId(0), kind=EventKind.TEST, email=None, lane=ref, at=now)
    headers = webhook.headers(body, event=event, signers=webhook.Signers((secret(house),)), at=now)
    answer = await post(url, body, headers, errand=Errand(Purpose.WEBHOOK, ref, TRUST), egress=house.egress)
    return Told(is_taken=answer.is_done, result=answer.reason)
