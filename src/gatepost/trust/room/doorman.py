"""The document room's letters: to the operator that somebody asks, to the visitor the link that lets them in."""

from pathlib import Path

from gatepost.jobs import Handler, Job
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.record.trust_log import TRUST
from gatepost.trust import postbox
from gatepost.trust.postbox import Words
from gatepost.trust.room import store, visit
from gatepost.trust.room.paper import State


class Doorman:
    """Keeps the promises of ``visit``."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house = house
        self._folder = folder

    def handlers(self) -> dict[str, Handler]:
        """Return what keeps them, by kind."""
        return {visit.LETTER: self.write}

    async def write(self, job: Job) -> None:
        """Write one letter, unless its reason is gone.

        Raises:
            TryAgainError: it was not taken yet.
        """
        house, now = self._house, self._house.clock()
        async with house.db.transaction(TRUST) as tx:
            grant = await store.by_id(tx, str(job.body["grant"]))
        if grant is None or grant.round != job.body["round"]:
            return
        operator = await postbox.operator_for(job, self._folder, now)
        author, name = postbox.author_of(operator), operator.entity.trading_name
        letter = f"{grant.id}-{grant.round}"
        if grant.state is State.ASKED:
            text = (
                f"Request {grant.id} for the document room waits for a person.\n\n"
                f"gatepost trust room list\ngatepost trust room approve {grant.id}\n"
            )
            words = Words(name=letter, subject=f"{name}: the document room is asked for", text=text)
            postbox.again(job, await postbox.post(house, author, author, words), now)
        elif grant.is_open(now) and house.public_url:
            text = (
                f"Here you are let in, once, within 24 hours:\n\n{visit.link(house, grant)}\n\n"
                f"A person approved your request until {grant.expires_at:%Y-%m-%d}. After that page you can ask for\n"
                "another link at any time. If you asked for nothing, do nothing.\n"
            )
            words = Words(name=letter, subject=f"{name}: your way into the document room", text=text)
            tried = await postbox.post(house, author, Address.parse(grant.visitor.address), words)
            postbox.again(job, tried, now)
