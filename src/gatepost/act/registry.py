"""What a tenant may do with its endpoints: add, change, rotate, test, replay. Each act is an entry of the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from gatepost import record
from gatepost.act import store, telling_store, webhook
from gatepost.act.client import post
from gatepost.act.paper import (
    EVERYBODYS,
    Answer,
    Attempt,
    Endpoint,
    Event,
    EventKind,
    Health,
    Logged,
    Secrets,
    Webhook,
)
from gatepost.act.telling_store import Filter, Wanted
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, Transaction
from gatepost.egress import Egress, Errand, Lines, Purpose, place_of
from gatepost.ids import AccountId, EventId, TenantId, WebhookId, token
from gatepost.keys import Keyring
from gatepost.record.paper import Consequence, Json, Kind

WEBHOOKS_MAX = 32
"""Endpoints of one mailbox: each event is told to each of them."""

OVERLAP_MAX = timedelta(days=7)


class WebhookError(ValueError):
    """The endpoint cannot be as asked; the text says why and quotes nothing."""


class Means(Protocol):
    """The part of the house that endpoints stand on."""

    @property
    def db(self) -> Database:
        """Where they lie."""

    @property
    def keyring(self) -> Keyring:
        """Wraps their secrets."""

    @property
    def egress(self) -> Egress:
        """The way out, for a test."""

    @property
    def clock(self) -> Clock:
        """Tells when."""

    @property
    def entropy(self) -> Entropy:
        """Draws ids and secrets."""


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint with its new secret (64 hex characters), which is shown this once."""

    webhook: Webhook
    secret: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to be different about an endpoint; None leaves it as it is."""

    url: str | None = None
    events: Sequence[EventKind] | None = None
    is_stopped: bool | None = None


def purpose_of(identifier: WebhookId) -> str:
    """Return what a webhook's secret is wrapped for."""
    return f"webhook:{identifier}"


def _seed_purpose(identifier: WebhookId) -> str:
    return f"webhook-seed:{identifier}"


def signers(keyring: Keyring, endpoint: Endpoint) -> webhook.Signers:
    """Return what an endpoint's messages are signed with."""
    identifier, secrets = endpoint.webhook.id, endpoint.secrets
    opened = [
        keyring.unwrap(purpose_of(identifier), each).decode("ascii") for each in (*secrets.retired, secrets.secret)
    ]
    seed = None if secrets.seed is None else keyring.unwrap(_seed_purpose(identifier), secrets.seed)
    return webhook.Signers(tuple(opened), seed)


def _draw(house: Means, identifier: WebhookId) -> tuple[Secrets, str, str]:
    """Return new secrets, wrapped; and the secret and the public key to show."""
    secret, seed = house.entropy(32).hex(), house.entropy(32)
    wrapped = house.keyring.wrap(purpose_of(identifier), secret.encode("ascii"))
    sealed = house.keyring.wrap(_seed_purpose(identifier), seed)
    return Secrets(wrapped, sealed), secret, webhook.public_key(seed)


async def add(
    tx: Transaction,
    house: Means,
    account: AccountId,
    url: str,
    *,
    events: Sequence[EventKind] = EVERYBODYS,
    actor: str = "house",
) -> Made:
    """Register an endpoint.

    Raises:
        WebhookError: the URL cannot be used, and why; or there are too many endpoints.
        EgressRefusedError: it spells out an address where nobody may connect.
    """
    if len(await store.webhooks(tx, account)) >= WEBHOOKS_MAX:
        raise WebhookError(f"a mailbox has at most {WEBHOOKS_MAX} endpoints: remove one")
    identifier = WebhookId(token("wh", house.entropy(10)))
    made = Webhook(
        id=identifier,
        account=account,
        url=_checked(house, tx.tenant, url, ref=str(account)),
        created_at=house.clock(),
        events=tuple(dict.fromkeys(events)),
    )
    secrets, secret, public_key = _draw(house, identifier)
    await store.insert_webhook(tx, Endpoint(made, secrets))
    await _note(tx, house, made, "webhook.add", actor, {"events": list(made.events)}, {"url": url})
    return Made(made, secret, public_key)


def _checked(house: Means, tenant: TenantId, url: str, *, ref: str) -> str:
    """Return the URL; what is refused is refused about ``ref``, which no caller can make many of."""
    try:
        host, port = place_of(webhook.check_url(url))
    except ValueError as error:
        raise WebhookError(str(error)) from error
    house.egress.check_spelled(Errand(Purpose.WEBHOOK, ref, tenant), host, port)
    return url


async def find(tx: Transaction, house: Means, account: AccountId, identifier: WebhookId) -> Endpoint:
    """Return one endpoint; raises ``LookupError`` where the account has none of this id."""
    found = await store.endpoint(tx, identifier, house.clock())
    if found is None or found.webhook.account != account:
        raise LookupError(identifier)
    return found


async def list_all(tx: Transaction, account: AccountId) -> list[Webhook]:
    """Return the account's endpoints, oldest first."""
    return await store.webhooks(tx, account)


async def change(
    tx: Transaction, house: Means, account: AccountId, identifier: WebhookId, changes: Changes, *, actor: str
) -> Webhook:
    """Change where an endpoint lies or what it is told of, stop it, or set it going again.

    Raises:
        LookupError: there is none.
        WebhookError: the URL cannot be used.
        EgressRefusedError: it spells out an address where nobody may connect.
    """
    before = (await find(tx, house, account, identifier)).webhook
    after = before
    if changes.url is not None:
        after = replace(after, url=_checked(house, tx.tenant, changes.url, ref=identifier))
    if changes.events is not None:
        after = replace(after, events=tuple(dict.fromkeys(changes.events)))
    if changes.is_stopped is False:
        after = replace(after, stop_reason="", stopped_at=None)
    elif changes.is_stopped and not before.is_stopped:
        after = replace(after, stop_reason="webhook.paused", stopped_at=house.clock())
        store.stop_webhook(tx, identifier, reason=after.stop_reason, at=house.clock())
    if changes.url is not None or changes.is_stopped is False:  # it may answer now: what waits need wait no longer
        after = replace(after, health=Health())
        store.put_health(tx, identifier, after.health)
        telling_store.hurry(tx, identifier, house.clock())
    await store.change_webhook(tx, after)
    said: dict[str, Json] = {"events": list(after.events), "is_stopped": after.is_stopped}
    await _note(tx, house, after, "webhook.change", actor, said, {} if changes.url is None else {"url": changes.url})
    return after


async def remove(tx: Transaction, house: Means, account: AccountId, identifier: WebhookId, *, actor: str) -> bool:
    """Forget an endpoint with its delivery log; False where there is none. What still waited for it is given up."""
    found = await store.endpoint(tx, identifier, house.clock())
    if found is None or not await store.delete_webhook(tx, account, identifier):
        return False
    await _note(tx, house, found.webhook, "webhook.remove", actor, {}, {})
    return True


async def rotate(
    tx: Transaction, house: Means, account: AccountId, identifier: WebhookId, *, overlap: timedelta, actor: str
) -> Made:
    """Put a new secret and a new key in force; the old secret signs as well until ``overlap`` is over.

    Raises:
        LookupError: there is no such endpoint.
    """
    found = await find(tx, house, account, identifier)
    secrets, secret, public_key = _draw(house, identifier)
    at = house.clock()
    retires_at = at + min(overlap, OVERLAP_MAX)
    await store.replace_secret(tx, identifier, secrets, retired=found.secrets.secret, at=at, retires_at=retires_at)
    said: dict[str, Json] = {"overlap_s": int((retires_at - at).total_seconds())}
    await _note(tx, house, found.webhook, "webhook.rotate", actor, said, {})
    return Made(found.webhook, secret, public_key)


async def replay(
    tx: Transaction, house: Means, account: AccountId, identifier: WebhookId, wanted: Wanted, *, actor: str
) -> int:
    """Have events told anew, by id or by time; return how many. Each keeps its ``webhook-id``.

    Raises:
        LookupError: there is no such endpoint.
        WebhookError: it is stopped.
    """
    found = (await find(tx, house, account, identifier)).webhook
    if found.is_stopped:
        raise WebhookError("the endpoint is stopped: set it going first")
    count = await telling_store.replay(tx, identifier, account, wanted, house.clock())
    await _note(tx, house, found, "webhook.replay", actor, {"count": count, "only_dead": wanted.only_dead}, {})
    return count


async def deliveries(
    tx: Transaction, house: Means, account: AccountId, identifier: WebhookId, wanted: Filter
) -> list[Logged]:
    """Return the delivery log of an endpoint, newest first; raises ``LookupError`` where there is none."""
    await find(tx, house, account, identifier)
    return await telling_store.logged(tx, identifier, wanted)


async def test(house: Means, tenant: TenantId, account: AccountId, identifier: WebhookId, *, actor: str) -> Answer:
    """Send one ``webhook.test`` now, also to a stopped endpoint, and return what the receiver said.

    Raises:
        LookupError: there is no such endpoint.
    """
    async with house.db.transaction(tenant) as tx:
        endpoint = await find(tx, house, account, identifier)
    at = house.clock()
    event = Event(
        id=EventId(token("ev", house.entropy(10))),
        account=account,
        kind=EventKind.TEST,
        email=None,
        lane=identifier,
        at=at,
        detail={"webhook_id": identifier},
    )
    answer = await tell(
        house, tenant, endpoint, event, webhook.payload(event, None), signers=signers(house.keyring, endpoint)
    )
    async with house.db.transaction(tenant) as tx:
        attempt = Attempt(at, answer.status_code, answer.reason, answer.took_ms)
        telling_store.log(tx, [(identifier, event.id, attempt)])
        said: dict[str, Json] = {"status_code": answer.status_code, "reason": answer.reason, "event": event.id}
        await _note(tx, house, endpoint.webhook, "webhook.test", actor, said, {})
    return answer


async def tell(
    house: Means,
    tenant: TenantId,
    endpoint: Endpoint,
    event: Event,
    body: bytes,
    *,
    signers: webhook.Signers,
    lines: Lines | None = None,
) -> Answer:
    """Post one event once, over a connection of ``lines`` where there are any, and return what the receiver said."""
    hook = endpoint.webhook
    headers = webhook.headers(body, event=event, signers=signers, at=house.clock())
    errand = Errand(Purpose.WEBHOOK, hook.id, tenant)
    return await post(hook.url, body, headers, errand=errand, egress=house.egress, lines=lines)


async def _note(
    tx: Transaction,
    house: Means,
    about: Webhook,
    action: str,
    actor: str,
    public: Mapping[str, Json],
    private: Mapping[str, Json],
) -> None:
    done = Consequence(
        kind=Kind.ACT,
        action=action,
        actor=actor,
        at=house.clock(),
        account=about.account,
        object_ref=about.id,
        public=public,
        private=private,
    )
    await record.note(tx, done, entropy=house.entropy)
