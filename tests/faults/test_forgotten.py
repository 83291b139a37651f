"""One house with everything on at once, and two people erased from it: nothing of them is found, and no copy opens.

Bodies and the second store lie in a bucket that keeps all versions. An agent of the house's own waits for a person's
word, mail waits in both directions, a webhook's receiver is away, one SIEM acknowledges late, one has refused entries,
one is away. A third person, who is not erased, is found again wherever these two are not.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import pytest

from faults.beyond import Beyond, standing
from faults.machine import Machine, state_folder
from faults.remembered import (
    PARTS,
    Person,
    be_told,
    copied,
    files,
    opening,
    policy,
    searches,
    shown,
    until,
    wrapped_keys,
    write,
)
from faults.zone import named
from model_api import Block, ModelApi, model_api, text, use
from outbound import http_receiver, smtp_sink
from ports import free_port
from traces import Search
from upkeep.siem.receivers import ElasticDouble, OtlpDouble, receiving

pytestmark = pytest.mark.timeout(3600)

BY_REST, BY_COMMAND, STAYS, OTHER = Person("zqa"), Person("zqb"), Person("zqc"), Person("zqo")
PEOPLE = (BY_REST, BY_COMMAND, STAYS)
ERASED = (BY_REST, BY_COMMAND)
REFUSED = {"_id": "x", "status": 400, "error": {"type": "mapper_parsing_exception"}}
SECOND = "second@ours.test"


@dataclass
class Lived:
    """A house that knows them all."""

    house: Machine
    beyond: Beyond
    model: ModelApi
    elastic: ElasticDouble
    away: int
    http: httpx2.AsyncClient
    boxes: Sequence[str]

    def everything(self) -> Iterable[tuple[str, bytes]]:
        """Yield all that lies anywhere: files, objects, every version of each."""
        yield from files(self.house.state)
        yield from self.beyond.store.versions
        for path, _ in self.beyond.store.versions:
            yield f"name of {path}", path.encode()

    def run(self, *command: str) -> str:
        done = self.house.run(*command, "-t", "sandbox")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


def _found(search: Search, where: Iterable[tuple[str, bytes]]) -> dict[str, set[str]]:
    each = ((name, search.in_octets(octets)) for name, octets in where)
    return {name: words for name, words in each if words}


def _answer(asked: Mapping[str, Any]) -> list[Block]:
    """Speak as a model does that repeats what it read."""
    read = json.dumps(asked)
    who = next((person for person in PEOPLE if person.says("body") in read), OTHER)
    return [use("reply", text=who.says("agent"))] if len(asked["messages"]) == 1 else [text("Done.")]


async def _furnish(lived: Lived, hook: str) -> None:
    """Switch everything on."""
    house, http = lived.house, lived.http
    key = house.state / "key"
    key.write_text(lived.model.key)
    assert house.run("agent", "key", str(key)).returncode == 0
    key.unlink()
    box = lived.boxes[0]
    agent = {"name": "A", "instructions": "Answer.", "model": "m", "tools": ["reply"], "approval": {"reply": "always"}}
    exports = (
        {"kind": "splunk", "url": lived.beyond.siem.url, "credential": "secret", "wants_ack": True},
        {"kind": "elastic", "url": lived.elastic.url, "credential": "id:secret", "format": "ecs"},
        {"kind": "otlp", "url": f"http://127.0.0.1:{lived.away}", "is_personal": True},
    )
    for method, path, body in (
        *(("PUT", f"{each}/policy", policy([*PEOPLE, OTHER])) for each in lived.boxes),
        ("PUT", f"{box}/agent", agent),
        ("PUT", "hosting", {"is_on": True}),
        *(("POST", f"{box}/webhooks", {"url": url}) for url in (hook, f"http://127.0.0.1:{free_port()}/")),
        *(("POST", "exports", each) for each in exports),
    ):
        said = await http.request(method, path, json=body)
        assert said.is_success, (path, said.text)


@asynccontextmanager
async def _lived(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lived]:
    siem = ElasticDouble(items={at: [REFUSED] for at in range(20, 24)})
    with state_folder() as folder, standing(folder) as beyond, receiving(siem):
        beyond.siem.uses_ack, beyond.siem.acks_after = True, 1_000
        environment = beyond.environment(has_bucket=True)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT"):
            monkeypatch.setenv(name, environment[name])
        state, spool = folder / "state", folder / "state" / "temporary"
        state.mkdir(mode=0o711)
        spool.mkdir()
        async with smtp_sink() as sink, named() as names, model_api() as model, http_receiver() as hook:
            model.otherwise = _answer
            house = Machine(
                state,
                **environment,
                TMPDIR=str(spool),
                GATEPOST_LOG__SECOND="s3://bucket/second",
                GATEPOST_SMTP__WORKERS="2",
                GATEPOST_DNS__SERVERS=names,
                GATEPOST_DELIVERY__NEXT_HOP=f"127.0.0.1:{sink.port}",
                GATEPOST_AGENTS__URL=model.url,
            )
            facts = await asyncio.to_thread(house.start)
            try:
                head = {"authorization": f"Bearer {facts['api_key']}"}
                async with httpx2.AsyncClient(
                    base_url=f"{facts['base_url']}/v1/", headers=head, timeout=60, trust_env=False
                ) as http:
                    first, second = f"mailboxes/{facts['mailbox_id']}", await asyncio.to_thread(_second_box, house)
                    lived = Lived(house, beyond, model, siem, free_port(), http, (first, second))
                    await _furnish(lived, hook.url)
                    for person in PEOPLE:
                        await asyncio.to_thread(write, house.port, person, [house.recipient, SECOND], OTHER)
                        await be_told(http, person, first, second)
                    await until(lambda: hook.requests and len(model.requests) >= len(PEOPLE) and siem.stored)
                    yield lived
            finally:
                if house.up is not None and house.up.poll() is None:
                    house.kill()


def _second_box(house: Machine) -> str:
    """Make a mailbox whose sends wait for a person; return its path."""
    for command in (("domain", "add", "ours.test"), ("mailbox", "add", SECOND)):
        assert house.run(*command, "-t", "sandbox").returncode == 0
    boxes = json.loads(house.run("mailbox", "list", "-t", "sandbox", "--json").stdout)
    number = next(box["id"] for box in boxes if box["address"] == SECOND)
    assert house.run("mailbox", "sandbox", str(number), "-t", "sandbox").returncode == 0
    return f"mailboxes/{number}"


async def test_nothing_is_found_of_whoever_is_erased_and_no_copy_of_it_opens(
    nightly: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not nightly:
        pytest.skip("a minute: make nightly; its quick form is tests/cli/test_retention.py")
    look = searches(PEOPLE)
    async with _lived(monkeypatch) as lived:
        house = lived.house
        await asyncio.to_thread(lived.run, "log", "verify")
        seen = look[STAYS.name].in_octets((await shown(lived.http, lived.boxes)).encode())
        assert {repr(STAYS.says(part)) for part in ("local", "subject", "agent", "why")} <= seen
        before, copies = wrapped_keys(house.state), await asyncio.to_thread(copied, house)
        _nothing_lies_open(lived, look)
        await _erase(lived)
        await _rest_shows_nothing(lived, look)
        dead = before - wrapped_keys(house.state)
        assert len(dead) == len(ERASED)
        with psycopg.connect(house.owner_dsn(), autocommit=True) as owner:
            owner.execute("checkpoint")
        await asyncio.to_thread(lived.run, "log", "verify")
        await _the_one_that_was_away_hears_nothing(lived, look)
        assert house.stop() == 0
        _nothing_lies_open(lived, look)
        assert [name for name, octets in lived.everything() if any(key in octets for key in dead)] == []
        objects = [name for name in lived.beyond.store.objects if "/bodies/" in name]
        assert objects
        others = [OTHER.address, *(person.friend for person in PEOPLE)]
        of_one = {person.name: opening(house.state, copies, look[person.name], others) for person in PEOPLE}
    assert {place.partition("/")[0] for place in of_one[STAYS.name]} >= {"opening", "email", "body", "submission"}
    for person in ERASED:
        assert of_one[person.name] == {}


def _quoted(person: Person) -> set[str]:
    """Return, as a search names them, a person's words that stand in what others wrote and asked."""
    of_others = [person.says(part) for part in ("local", "domain", "display", "quote", "why", "find")]
    return {repr(each[:30]) for each in (*of_others, *person.texts()[len(PARTS) :])}


def _nothing_lies_open(lived: Lived, look: Mapping[str, Search]) -> None:
    """Hold that no word of anybody lies open anywhere; and that a word that does is found."""
    everything = list(lived.everything())
    assert _found(Search({b"ours.test": "ours"}), everything), "the search finds nothing at all"
    for search in look.values():
        assert _found(search, everything) == {}


async def _erase(lived: Lived) -> None:
    said = await lived.http.post("erasures", json={"address": BY_REST.address, "reason": "asked"})
    assert (said.status_code, said.json()["waiting"]) == (200, 0), said.text
    told = await asyncio.to_thread(lived.run, "erase", BY_COMMAND.address, "--yes", "--json")
    (done,) = json.loads(told)
    for each in (said.json(), done):
        assert (each["keys"], each["waiting"]) == (1, 0)
        assert min(each["openings"], each["messages"], each["bodies"], each["queued"]) > 0


async def _rest_shows_nothing(lived: Lived, look: Mapping[str, Search]) -> None:
    said = (await shown(lived.http, lived.boxes)).encode()
    assert look[STAYS.name].in_octets(said)
    for person in ERASED:
        assert look[person.name].in_octets(said) <= _quoted(person)
        async with asyncio.timeout(120):  # the indexer comes by itself
            while await _entries_of(lived, person):
                await asyncio.sleep(0.2)
    assert await _entries_of(lived, STAYS) > 0


async def _entries_of(lived: Lived, person: Person) -> int:
    """Return how many entries the log is searched for an author with."""
    return len((await lived.http.get(f"log/search?sender={person.address}")).json()["items"])


async def _the_one_that_was_away_hears_nothing(lived: Lived, look: Mapping[str, Search]) -> None:
    """Let the SIEM that was away come back: it is sent what is left of the entries that waited for it."""
    back = OtlpDouble()
    with receiving(back, lived.away):
        await until(lambda: look[STAYS.name].in_octets(json.dumps(back.records).encode()))
        for person in ERASED:
            heard = look[person.name].in_octets(json.dumps(back.records).encode())
            assert heard <= _quoted(person)
