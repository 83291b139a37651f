"""Operators' clients act, over REST and by commands, while every process of the house is killed again and again.

Each act that was answered has exactly one entry, and each entry's act happened. What was never answered may have
happened, once, with its entry.
"""

import asyncio
import itertools
import json
import random
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from cli.process import COMMAND_WITHIN_S, GATEPOST
from faults.machine import Machine, check_all, rows, state_folder

pytestmark = pytest.mark.timeout(3600)

CLIENTS = 4
UP_FOR_S = (0.05, 2.0)
KILLED_AFTER = (0.4, 1.0)  # of the time a command takes on this machine now: the first half is imports
NAMES = ("id", "request", "submission_id")
"""What an answer calls that which was made."""
Objects = dict[str, list[str]]
Act = tuple[str, str]
"""An action, and what it was done to."""


@dataclass
class Told:
    """What all clients asked for and were told: what an act makes has its name once it is answered."""

    tried: Counter[str] = field(default_factory=Counter)
    answered: Counter[Act] = field(default_factory=Counter)


@dataclass
class Client:
    """One operator at a keyboard that never rests; nobody else touches what is theirs."""

    http: httpx2.AsyncClient
    box: str
    told: Told
    chance: random.Random
    names: Iterator[int]
    mine: Objects

    async def act(self) -> None:
        """Do one thing of those that can be done now."""
        ways: list[Callable[[], Awaitable[None]]] = [self._policy, self._tenant_policy, self._send, self._erase]
        for kind, limit in (("webhook", 3), ("export", 2), ("hold", 3)):
            if len(self.mine[kind]) < limit:
                ways.append(getattr(self, f"_add_{kind}"))
            if self.mine[kind]:
                ways.append(getattr(self, f"_end_{kind}"))
        if self.mine["webhook"]:
            ways += [self._change_webhook, self._rotate_webhook]
        if self.mine["version"]:
            ways.append(self._revoke)
        await self.chance.choice(ways)()

    async def _do(self, action: str, method: str, path: str, body: Any, ref: str = "") -> Any:
        self.told.tried[action] += 1
        answer = await self.http.request(method, path, json=body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        found = answer.json() if answer.content else {}
        self.told.answered[action, ref or next(found[each] for each in NAMES if each in found)] += 1
        return found

    def _taken(self, kind: str) -> str:
        """Return something of ours that is not ours any more from now on, however the asking ends."""
        return self.mine[kind].pop(self.chance.randrange(len(self.mine[kind])))

    async def _policy(self) -> None:
        self.told.tried["policy.set"] += 1
        answer = await self.http.put(f"{self.box}/policy", json=document(f"box{next(self.names)}.example"))
        assert answer.is_success, answer.text
        version = str(answer.json()["version"])
        self.told.answered["policy.set", version] += 1
        self.mine["version"].append(version)

    async def _tenant_policy(self) -> None:
        self.told.tried["policy.set"] += 1
        answer = await self.http.put("policy", json=document(f"all{next(self.names)}.example"))
        assert answer.is_success, answer.text
        self.told.answered["policy.set", f"tenant {answer.json()['version']}"] += 1

    async def _revoke(self) -> None:
        version = self._taken("version")
        body = {"version": int(version)}
        await self._do("policy.revoke", "POST", f"{self.box}/policy/revocations", body, version)

    async def _send(self) -> None:
        body = {"to": ["ann@customer.example"], "subject": f"{next(self.names)}", "text_body": "Hello."}
        await self._do("reply.queued", "POST", f"{self.box}/messages", body)

    async def _erase(self) -> None:
        body = {"address": f"someone{next(self.names)}@stranger.example", "reason": "asked"}
        await self._do("person.erased", "POST", "erasures", body)

    async def _add_webhook(self) -> None:
        body = {"url": f"https://hooks.example/{next(self.names)}"}
        self.mine["webhook"].append((await self._do("webhook.add", "POST", f"{self.box}/webhooks", body))["id"])

    async def _change_webhook(self) -> None:
        hook = self.chance.choice(self.mine["webhook"])
        kinds = ["email.received", "email.rejected", "email.held", "email.sent"]
        body = {"events": self.chance.sample(kinds, self.chance.randint(1, 3))}
        await self._do("webhook.change", "PATCH", f"{self.box}/webhooks/{hook}", body, hook)

    async def _rotate_webhook(self) -> None:
        hook = self.chance.choice(self.mine["webhook"])
        await self._do("webhook.rotate", "POST", f"{self.box}/webhooks/{hook}/rotate", {}, hook)

    async def _end_webhook(self) -> None:
        hook = self._taken("webhook")
        await self._do("webhook.remove", "DELETE", f"{self.box}/webhooks/{hook}", None, hook)

    async def _add_export(self) -> None:
        body = {"kind": "otlp", "url": f"https://logs{next(self.names)}.example"}
        self.mine["export"].append((await self._do("export.add", "POST", "exports", body))["id"])

    async def _end_export(self) -> None:
        place = self._taken("export")
        await self._do("export.remove", "DELETE", f"exports/{place}", None, place)

    async def _add_hold(self) -> None:
        body = {"reason": "a case", "address": f"held{next(self.names)}@stranger.example"}
        self.mine["hold"].append((await self._do("hold.place", "POST", "legal-holds", body))["id"])

    async def _end_hold(self) -> None:
        hold = self._taken("hold")
        await self._do("hold.release", "DELETE", f"legal-holds/{hold}", None, hold)


def document(name: str) -> dict[str, Any]:
    """Return a policy that no other act has set."""
    return {
        "defaultAction": "bounce",
        "senders": [{"match": {"domain": name}}],
        "auditLog": {"retentionDays": 30},
        "outbound": {"recipients": {"domains": ["customer.example"], "thread": True}},
    }


def line_to(house: Machine) -> httpx2.AsyncClient:
    """Return a client with the owner's key."""
    head = {"authorization": f"Bearer {house.sandbox['api_key']}"}
    return httpx2.AsyncClient(base_url=f"{house.running['base_url']}/v1/", headers=head, timeout=60, trust_env=False)


async def let_out(house: Machine) -> None:
    """Set a policy that lets mail out, before anybody sends any."""
    async with line_to(house) as http:
        answer = await http.put(f"mailboxes/{house.sandbox['mailbox_id']}/policy", json=document("first.example"))
        assert answer.is_success, answer.text


async def shared_out(house: Machine) -> list[Objects]:
    """Return for each client what of all there is shall be theirs alone."""
    found: Objects = {}
    async with line_to(house) as http:
        for kind, path in (
            ("webhook", f"mailboxes/{house.sandbox['mailbox_id']}/webhooks"),
            ("export", "exports"),
            ("hold", "legal-holds"),
        ):
            items = (await http.get(path)).json()["items"]
            found[kind] = [each["id"] for each in items if each.get("released_at") is None]
    return [defaultdict(list, {kind: ids[at::CLIENTS] for kind, ids in found.items()}) for at in range(CLIENTS)]


async def keep_acting(house: Machine, told: Told, mine: Objects, seed: int, names: Iterator[int]) -> None:
    """Act until nobody answers any more."""
    chance = random.Random(seed)
    async with line_to(house) as http:
        one = Client(http, f"mailboxes/{house.sandbox['mailbox_id']}", told, chance, names, mine)
        with suppress(httpx2.TransportError):
            while True:
                await one.act()


def command_lines(chance: random.Random, names: Iterator[int], tenant: str) -> Iterator[list[str]]:
    """Yield commands of an operator for ever, each of which makes something that no other makes."""
    while True:
        name = f"made{next(names)}"
        yield chance.choice(
            [
                ["person", "add", f"{name}@people.example", "--tenant", tenant],
                ["domain", "add", f"{name}.test", "--tenant", tenant],
                ["mailbox", "add", f"{name}@sandbox.test", "--tenant", tenant],
                ["key", "add", "--role", "auditor", "--label", name, "--tenant", tenant],
                ["tenant", "add", name],
            ]
        )


def run_and_kill(house: Machine, arguments: list[str], after_s: float) -> bool:
    """Run a command and kill it; return whether it was done before."""
    with subprocess.Popen([GATEPOST, *arguments], env=house.environment, stdout=-3, stderr=-3) as child:  # noqa: S603  # ours
        with suppress(subprocess.TimeoutExpired):
            assert child.wait(after_s) == 0, arguments
            return True
        child.kill()
    return False


def leaves(house: Machine) -> list[dict[str, Any]]:
    """Return what every entry of every tenant says, in the order of their numbers."""
    return [json.loads(row["leaf"]) for row in rows(house, "select leaf from entry order by id")]


def named(leaf: dict[str, Any]) -> str:
    """Return what a leaf is about, as the answer to the act names it."""
    if leaf["action"] == "policy.set":
        version = leaf["detail"]["policy_version"]
        return str(version) if leaf["account"] else f"tenant {version}"
    return str(leaf["object_ref"]).rpartition("/")[2]


def compare_answers(told: Told, found: list[dict[str, Any]]) -> None:
    """See that what was answered has its entries, and that no act has more of them than it was asked for."""
    entries = Counter((leaf["action"], named(leaf)) for leaf in found)
    for act, count in told.answered.items():
        assert entries[act] >= count, f"{act} was answered {count} times and has {entries[act]} entries"
    for action in told.tried:
        written = sum(count for (each, _), count in entries.items() if each == action)
        answered = sum(count for (each, _), count in told.answered.items() if each == action)
        assert answered <= written <= told.tried[action], (action, answered, written, told.tried[action])


STATE = {
    "id as name from webhook": ("webhook.add", "webhook.remove"),
    "id as name from export_destination": ("export.add", "export.remove"),
    "id as name from legal_hold": ("hold.place", ""),
    "id as name from legal_hold where released_at is not null": ("hold.release", ""),
    "version as name from policy_revocation": ("policy.revoke", ""),
    "id as name from submission": ("reply.queued", ""),
    "request as name from erasure where rule = 'person'": ("person.erased", ""),
    "id as name from person": ("person.add", ""),
    "id as name from api_key": ("key.add", ""),
    "name from domain": ("domain.add", ""),
    "tenant as name from tenant": ("tenant.add", ""),
    "id as name from account where not is_postmaster": ("mailbox.add", ""),
}
"""What there is, and the actions whose entries say that it came and went."""


def compare_state(house: Machine, found: list[dict[str, Any]]) -> None:
    """See that what the entries say is what there is, each once."""

    def there(query: str) -> Counter[str]:
        return Counter(str(row["name"]) for row in rows(house, f"select {query}"))

    said: dict[str, Counter[str]] = defaultdict(Counter)
    for leaf in found:
        said[leaf["action"]][named(leaf)] += 1
    for query, (came, went) in STATE.items():
        assert there(query) == said[came] - said[went], query
    versions = "case account when 0 then 'tenant ' || version else version::text end as name from policy"
    assert there(versions) == said["policy.set"]
    hooks = said["webhook.add"] - said["webhook.remove"]
    rotated = {hook: count for hook, count in said["webhook.rotate"].items() if hook in hooks}
    assert there("webhook as name from webhook_secret") == rotated
    changed = {named(leaf): leaf["detail"]["events"] for leaf in found if leaf["action"] == "webhook.change"}
    events = {row["id"]: row["events"] for row in rows(house, "select id, events from webhook")}
    assert {hook: events[hook] for hook in changed if hook in hooks} == {h: e for h, e in changed.items() if h in hooks}
    attempts = {row["id"]: row["attempts"] for row in rows(house, "select id, attempts from submission")}
    written = Counter(named(leaf) for leaf in found if leaf["kind"] == "attempt")
    assert {name: count for name, count in attempts.items() if count} == written


async def test_each_answered_act_has_one_entry_and_each_entry_s_act_happened(nightly: bool) -> None:
    rounds, commands = (20, 40) if nightly else (1, 2)
    chance = random.Random(seed := random.SystemRandom().randrange(1 << 16))
    print(f"seed {seed}")  # first of all: it is needed where this fails
    told, names = Told(), itertools.count(1)
    with state_folder() as folder:
        house = Machine(folder)
        await asyncio.to_thread(house.start)
        try:
            await let_out(house)
            begun = len(leaves(house))
            tenant = str(house.sandbox["tenant"])
            lines = command_lines(chance, names, tenant)
            for _ in range(rounds):
                shares = await shared_out(house)
                async with asyncio.TaskGroup() as group:
                    for mine in shares:
                        group.create_task(keep_acting(house, told, mine, chance.randrange(1 << 32), names))
                    before = told.answered.total()
                    async with asyncio.timeout(60):
                        while told.answered.total() == before:
                            await asyncio.sleep(0.01)
                    await asyncio.sleep(chance.uniform(*UP_FOR_S))
                    await asyncio.to_thread(house.kill)
                await asyncio.to_thread(house.start_again)
            began_s = time.monotonic()
            assert await asyncio.to_thread(run_and_kill, house, next(lines), COMMAND_WITHIN_S)
            took_s = time.monotonic() - began_s
            done = [
                await asyncio.to_thread(run_and_kill, house, next(lines), took_s * chance.uniform(*KILLED_AFTER))
                for _ in range(commands)
            ]
            found = leaves(house)
            compare_answers(told, found[begun:])
            compare_state(house, found)
            await check_all(house)
            verified = await asyncio.to_thread(house.run, "log", "verify", "--tenant", tenant)
            assert verified.returncode == 0, verified.stdout
        finally:
            await asyncio.to_thread(house.stop)
    untold = told.tried.total() - told.answered.total()
    assert untold
    print(f"{told.answered.total()} answered, {untold} not; {sum(done)} of {commands} commands done before the kill")
