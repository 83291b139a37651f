"""Who is mailed about a petition, and what that mail says."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatepost import access, journey
from gatepost.access import Person, Role
from gatepost.act import petition
from gatepost.act.petition import Kind, Petition, link
from gatepost.act.petition.link import PersonLink
from gatepost.db import Database
from gatepost.jobs import Promise, TryAgainError
from gatepost.mail.address import Address
from journeys.scene import Scene, open_scene
from outbound import TENANT, Sink, consequences, entropy, job, smtp_sink

ANN = Address.parse("ann@customer.example")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
async def scene(db: Database, tmp_path: Path, sink: Sink) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path, sink_port=sink.port) as opened:
        opened.house = replace(opened.house, public_url="https://mail.gatepost.test/")
        yield opened


async def add(scene: Scene, address: str, role: Role = Role.APPROVER) -> Person:
    async with scene.house.db.transaction(TENANT) as tx:
        return await access.add_person(tx, Address.parse(address), role, at=scene.house.clock(), entropy=entropy)


async def made(scene: Scene, role: Role = Role.AGENT) -> Petition:
    house = scene.house
    async with house.db.transaction(TENANT) as tx:
        keys = [each.id for each in await access.list_keys(tx) if each.role is role]
        account = scene.account if role is Role.AGENT else None
        if not keys:
            made, _ = await access.add_key(tx, role, label="k", at=house.clock(), entropy=os.urandom, account=account)
            keys = [made.id]
        return await petition.make(
            tx, scene.account, Kind.SENDER, sender=ANN, why="She asks for a nightingale.", proposer=keys[0], email=None,
            at=house.clock(), entropy=entropy, jobs=house.jobs,
        )  # fmt: skip


async def asked(scene: Scene) -> None:
    """Keep the promises to ask, without taking them off the list."""
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select kind, key, body from job where tenant = %(tenant)s and kind = 'petition.ask'")
    for row in rows:
        await journey.outgoing(scene.house)[row.kind](job(Promise(row.kind, row.key, row.body)))


async def test_each_approver_is_mailed_a_link_of_their_own_once_which_quotes_nothing(scene: Scene, sink: Sink) -> None:
    officer = await add(scene, "officer@example.org")
    await add(scene, "auditor@example.org", Role.AUDITOR)
    await add(scene, str(ANN), Role.OWNER)
    await add(scene, f"{ANN.local}+me@{ANN.domain}", Role.OWNER)
    waiting = await made(scene)
    assert await made(scene) == waiting  # the same question promises nothing more
    sink.rcpt_reply = "451 later"
    with pytest.raises(TryAgainError):
        await asked(scene)
    sink.rcpt_reply = ""
    await asked(scene)
    [mail] = sink.mails
    assert mail.rcpt_tos == ["officer@example.org"]
    assert all(word not in mail.content for word in (b"customer", b"nightingale"))
    [token] = re.findall(rb"https://mail.gatepost.test/approve-petition/(\S+)", mail.content)
    found = link.read_for(token.decode(), scene.house.keyring, now=scene.house.clock())
    assert found == PersonLink(TENANT, waiting.id, officer.id, waiting.expires_at)
    assert "petition.ask" in [action for _, action in await consequences(scene.house.db)]


async def test_of_what_a_persons_key_asked_the_mail_leads_to_the_page_for_keys(scene: Scene, sink: Sink) -> None:
    await add(scene, "officer@example.org")
    waiting = await made(scene, Role.OWNER)
    await asked(scene)
    [token] = re.findall(rb"https://mail.gatepost.test/petition/(\S+)", sink.mails[0].content)
    assert link.read(token.decode(), scene.house.keyring) == (TENANT, waiting.id)


async def test_nobody_is_asked_once_it_is_over_or_they_are_gone(scene: Scene, sink: Sink) -> None:
    officer = await add(scene, "officer@example.org")
    await made(scene)
    scene.clock.move(petition.LASTS)
    await asked(scene)
    scene.clock.move(-petition.LASTS)
    public = scene.house
    scene.house = replace(public, public_url="")
    await asked(scene)
    scene.house = public
    async with scene.house.db.transaction(TENANT) as tx:
        await access.remove_person(tx, officer.id)
    await asked(scene)
    assert sink.mails == []
