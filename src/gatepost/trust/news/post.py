"""The promises of ``news`` kept: the link that confirms, and each piece of news once, by mail or by webhook.

A webhook is told as Standard Webhooks says (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``), signed with
one Ed25519 key of the house whose public half stands on the subscription page: no secret has to be handed out.
"""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
import structlog

from gatepost.act.client import post as post_event
from gatepost.act.webhook import Signers, public_key, signatures
from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.retry import next_attempt_at
from gatepost.egress import Errand, Purpose
from gatepost.ids import EntryId
from gatepost.jobs import Handler, Job, Promise, TryAgainError
from gatepost.journey import House
from gatepost.keys import Keyring
from gatepost.mail.address import Address
from gatepost.record import trust_log
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust import incidents, leaf, parts, postbox, telling
from gatepost.trust import store as facts
from gatepost.trust.leaf import instant
from gatepost.trust.news import store, subscribe, told
from gatepost.trust.news.paper import Channel, News, Subscriber, in_words
from gatepost.trust.operator import Operator
from gatepost.trust.postbox import Words

TELL = "news.tell"
"""The kind of the promise to tell one subscriber one fact."""
FRESH = timedelta(days=2)
"""Facts older than this are no news; a house that was down longer tells nobody of what is over."""
KEPT = timedelta(days=120)
"""How long it is kept that a fact was told: longer than the claim about it looks back."""
ROUND_MAX = 100
_SEED = "news-webhook"

log = structlog.get_logger()


def whpk(keyring: Keyring) -> str:
    """Return the public key that webhooks of news are checked with."""
    return public_key(keyring.derive(_SEED))


async def spread(house: House) -> int:
    """Promise each new fact to everybody who is told of such facts and was when it was stated; return how many."""
    now, count = house.clock(), 0
    async with house.db.transaction(TRUST) as tx:
        await store.forget_told(tx, house.past() - KEPT)
        waiting = await store.untold(tx, told.SUBJECTS, since=now - FRESH, limit=ROUND_MAX)
    for entry in waiting:
        found = await _news(house, entry)
        async with house.db.transaction(TRUST) as tx:
            if not await store.mark_told(tx, entry, now) or found is None:
                continue
            fact, news = found
            whom = await store.told_of(tx, news.topic, fact.at)
            body = {"entry": int(entry)}
            await house.jobs.enqueue_all(tx, [Promise(TELL, each, {**body, "subscriber": each}) for each in whom])
            count += len(whom)
    return count


async def _news(house: House, entry: EntryId, operator: Operator | None = None) -> tuple[Stated, News] | None:
    """Return a fact and its words, as things stood when it was stated; None where it is no news."""
    async with house.db.transaction(TRUST) as tx:
        known = await trust_log.stated(tx, [entry])
        if not known:
            return None
        (fact,) = known
        incident, revisions = None, []
        if fact.action.startswith("incident."):
            entries = await facts.history(tx, f"{incidents.SUBJECT}{fact.object_ref}", limit=1_000)
            until = sorted(each for each in entries if each <= entry)
            incident = next(iter(incidents.incidents_of(await trust_log.stated(tx, until))), None)
        elif fact.action == leaf.REVISED:
            older = await facts.history(tx, leaf.REVISION, limit=1, before=entry)
            revisions = [fact, *await trust_log.stated(tx, older)]
    changes = await parts.told(house.blobs, revisions)
    news = told.news_of(fact, incident, changes[0] if changes else parts.FIRST, operator)
    return None if news is None else (fact, news)


class Newsroom:
    """Keeps the promises, in the name of the operator whose folder it is."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house = house
        self._folder = folder

    def handlers(self) -> dict[str, Handler]:
        """Return what keeps them, by kind."""
        return {subscribe.ASK: self.ask, TELL: self.tell}

    async def ask(self, job: Job) -> None:
        """Send somebody the link that confirms.

        Raises:
            TryAgainError: they could not be reached yet.
        """
        known = await self._subscriber(job)
        if known is None or known.round != job.body["round"] or not self._house.public_url:
            return  # it was confirmed, or asked for anew, while this waited
        operator = await postbox.operator_for(job, self._folder, self._house.clock())
        confirm, _ = subscribe.links(self._house, known)
        if known.channel is Channel.WEBHOOK:
            data = {"confirm_url": confirm, "topics": sorted(known.wanted)}
            await self._call(job, known, f"{known.id}-{known.round}", "subscription.confirm", data)
            return
        name = operator.entity.trading_name
        text = (
            f"Somebody, you we hope, asked that {name} tells this address of:\n{in_words(known.wanted)}.\n\n"
            f"To agree, open this page and press its button, within 48 hours:\n\n{confirm}\n\n"
            "Otherwise do nothing: nobody will write to you, and the address is forgotten after that time.\n"
        )
        words = Words(name=f"{known.id}-{known.round}", subject=f"{name}: please confirm", text=text)
        await self._mail(job, known, operator, words)

    async def tell(self, job: Job) -> None:
        """Tell somebody one fact.

        Raises:
            TryAgainError: they could not be reached yet.
        """
        entry = EntryId(int(job.body["entry"]))
        operator = await postbox.operator_for(job, self._folder, self._house.clock())
        known, found = await self._subscriber(job), await _news(self._house, entry, operator)
        if known is None or found is None or found[1].topic not in known.topics:
            return  # who left meanwhile is told nothing
        fact, news = found
        url = f"{self._house.public_url.rstrip('/')}{news.path}"
        if known.channel is Channel.WEBHOOK:
            data = {"title": news.title, "text": news.text, "url": url, "entry": entry, "topic": news.topic}
            await self._call(job, known, f"{entry}-{known.id}", news.kind, data, at=instant(fact.at))
            return
        _, leave = subscribe.links(self._house, known)
        text = f"{news.text}\n\nStated: {fact.at:%Y-%m-%d %H:%M:%S} UTC\n{url}\n\n-- \nTo be told no more:\n{leave}\n"
        subject = f"[{operator.entity.trading_name}] {news.title}"
        words = Words(name=f"news-{entry}-{known.id}", subject=subject, text=text, leave_url=leave)
        await self._mail(job, known, operator, words)

    async def _subscriber(self, job: Job) -> Subscriber | None:
        async with self._house.db.transaction(TRUST) as tx:
            return await store.by_id(tx, str(job.body["subscriber"]))

    async def _mail(self, job: Job, known: Subscriber, operator: Operator, words: Words) -> None:
        author, to = postbox.author_of(operator), Address.parse(known.target)
        tried = await postbox.post(self._house, author, to, words)
        log.info("news.mailed", subscriber=known.id, result=tried.result.value, reason=tried.reason)
        postbox.again(job, tried, self._house.clock())
        if _is_nobody(tried):
            await self._forget(known)

    async def _call(self, job: Job, known: Subscriber, name: str, kind: str, data: Any, *, at: str = "") -> None:
        now = self._house.clock()
        body = orjson.dumps({"type": kind, "timestamp": at or instant(now), "data": data})
        stamp = str(int(now.timestamp()))
        signers = Signers((), self._house.keyring.derive(_SEED))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Gatepost",
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(signatures(f"{name}.{stamp}.".encode() + body, signers)),
        }
        errand = Errand(Purpose.WEBHOOK, known.id)
        answer = await post_event(known.target, body, headers, errand=errand, egress=self._house.egress)
        log.info("news.called", subscriber=known.id, status=answer.status_code, reason=answer.reason)
        if answer.status_code == HTTPStatus.GONE:
            await self._forget(known)
        elif answer.reason != "receiver.accepted":
            again_at = next_attempt_at(job.attempt, submitted_at=job.promised_at, now=now)
            if again_at is not None and answer.reason != "egress.refused":
                raise TryAgainError(again_at, answer.reason)

    async def _forget(self, known: Subscriber) -> None:
        await telling.note_own(self._house, "news.left", known.id, {"reason": "gone"})
        async with self._house.db.transaction(TRUST) as tx:
            await store.remove(tx, known.id)
        log.info("news.forgotten", subscriber=known.id)


def _is_nobody(tried: Attempt) -> bool:
    """Tell whether the address will never take mail (RFC 3463, class 5.1)."""
    return tried.result is AttemptResult.FAILED and tried.status.startswith("5.1.")
