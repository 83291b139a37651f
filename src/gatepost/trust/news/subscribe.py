"""Ask to be told, confirm it, leave: double opt-in, and nobody learns from us who is told.

Whoever asks gets the same answer whether the address was known, new, or asked for a minute ago. What differs is the
mail, which only that address reads. Links change nothing when opened; a button on the page behind them does.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from gatepost.act.webhook import check_url
from gatepost.egress import EgressRefusedError, Errand, Purpose, place_of
from gatepost.ids import token
from gatepost.jobs import Promise
from gatepost.journey import House
from gatepost.mail.address import Address, AddressError
from gatepost.record.trust_log import TRUST
from gatepost.trust import signed_link, telling
from gatepost.trust.news import store
from gatepost.trust.news.paper import Channel, Subscriber, Topic

ASK = "news.ask"
"""The kind of the promise to send somebody the link that confirms."""
CONFIRM_PATH, LEAVE_PATH = "/trust/subscribe/confirm", "/trust/subscribe/leave"
CONFIRM, LEAVE = "subscribe", "unsubscribe"
"""The purposes of the two links."""

CONFIRM_WITHIN = timedelta(hours=48)
"""How long a link counts, and how long an address that never confirmed is kept."""
AGAIN_AFTER = timedelta(minutes=10)
"""Between two mails to the same address, whoever asks."""
PER_HOUR = 120
"""First mails to anybody in an hour: this form must not be what floods other people's mailboxes."""


class TargetError(ValueError):
    """It is no address or no URL that could be told, or nothing was asked for."""


class TooManyError(Exception):
    """Too many asked; come back after ``retry_after_s``."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many subscriptions")
        self.retry_after_s = retry_after_s


async def ask(house: House, channel: Channel, target: str, topics: Collection[Topic]) -> None:
    """Promise the link that confirms to an address or a URL.

    Raises:
        TargetError: there is nothing to tell, or nowhere to tell it.
        TooManyError: too many asked.
    """
    target, now = read_target(channel, target), house.clock()
    if not topics:
        raise TargetError("choose at least one")
    if channel is Channel.WEBHOOK:
        _check_spelled(house, target)
    async with house.db.transaction(TRUST) as tx:
        await store.lock(tx)
        if await store.asked_since(tx, now - timedelta(hours=1)) >= PER_HOUR:
            raise TooManyError(3600)
        known = await store.by_target(tx, channel, target)
        if known is not None and now - known.asked_at < AGAIN_AFTER:
            return
        if known is None:
            known = Subscriber(
                id=token("su", house.entropy(10)),
                channel=channel,
                target=target,
                topics=frozenset(),
                wanted=frozenset(topics),
                asked_at=now,
                round=1,
            )
            await store.add(tx, known)
        else:
            known = await store.ask_again(tx, known, topics, now)
        await house.jobs.enqueue(tx, Promise(ASK, known.id, {"subscriber": known.id, "round": known.round}))


def _check_spelled(house: House, url: str) -> None:
    """Refuse an address nobody may connect to; which rule says so is for the record, and no stranger's."""
    try:
        house.egress.check_spelled(Errand(Purpose.WEBHOOK, ASK), *place_of(url))
    except EgressRefusedError as error:
        raise TargetError("nothing may connect there: give a URL with a public host") from error


def read_target(channel: Channel, text: str) -> str:
    """Return an address or a URL as it is kept.

    Raises:
        TargetError: it is none.
    """
    try:
        return check_url(text.strip()) if channel is Channel.WEBHOOK else str(Address.parse(text.strip()))
    except (AddressError, ValueError) as error:
        raise TargetError(str(error)) from error


async def find(house: House, purpose: str, link: str) -> tuple[Subscriber | None, int]:
    """Return whose link it is, and its round; None where it is nobody's any more."""
    read = signed_link.read(purpose, link, house.keyring)
    if read is None:
        return None, 0
    async with house.db.transaction(TRUST) as tx:
        return await store.by_id(tx, read[0]), read[1]


def still_counts(found: Subscriber | None, round_: int, now: datetime) -> bool:
    """Tell whether a link that confirms counts: of the last mail alone, not yet used, not too old."""
    return found is not None and found.round == round_ and now - found.asked_at < CONFIRM_WITHIN


async def confirm(house: House, link: str) -> bool:
    """Let a link count; False where it counts no more, or never did."""
    now = house.clock()
    found, round_ = await find(house, CONFIRM, link)
    if found is None or not still_counts(found, round_, now):
        return False
    await telling.note_own(house, "news.confirmed", found.id, {"topics": [each.value for each in sorted(found.wanted)]})
    async with house.db.transaction(TRUST) as tx:
        return await store.confirm(tx, found.id, round_, since=now - CONFIRM_WITHIN, at=now)


async def leave(house: House, link: str) -> bool:
    """Forget whoever this link was sent to; done again, it stays done. False: the link is none of ours."""
    read = signed_link.read(LEAVE, link, house.keyring)
    if read is None:
        return False
    found, _ = await find(house, LEAVE, link)
    if found is not None:
        await telling.note_own(house, "news.left", found.id, {"reason": "asked"})
    async with house.db.transaction(TRUST) as tx:
        await store.remove(tx, read[0])
    return True


def links(house: House, subscriber: Subscriber) -> tuple[str, str]:
    """Return the URLs by which a subscriber confirms and leaves."""
    base = house.public_url.rstrip("/")
    confirming = signed_link.sign(CONFIRM, subscriber.id, subscriber.round, house.keyring)
    leaving = signed_link.sign(LEAVE, subscriber.id, 0, house.keyring)
    return f"{base}{CONFIRM_PATH}/{confirming}", f"{base}{LEAVE_PATH}/{leaving}"


async def tidy(house: House) -> int:
    """Forget whoever did not confirm in time; return how many."""
    async with house.db.transaction(TRUST) as tx:
        return await store.remove_unconfirmed(tx, house.past() - CONFIRM_WITHIN)
