"""Mails what a tenant was told to one of its owners; what became of the mail is an entry of the tenant's record."""

from pathlib import Path

import orjson

from gatepost import record
from gatepost.deliver import ask
from gatepost.ids import EntryId
from gatepost.jobs import Handler, Job
from gatepost.journey import House
from gatepost.record import store as entries
from gatepost.record.paper import Consequence, Kind
from gatepost.trust import postbox, telling, wording
from gatepost.trust.postbox import Words


class Courier:
    """Keeps the promises of ``telling``."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house = house
        self._folder = folder

    def handlers(self) -> dict[str, Handler]:
        """Return what keeps them, by kind."""
        return {telling.MAIL: self.carry}

    async def carry(self, job: Job) -> None:
        """Mail one person what one entry says, unless they are no owner any more.

        Raises:
            TryAgainError: their server did not take it yet.
        """
        entry, now = EntryId(int(job.body["entry"])), self._house.clock()
        async with self._house.db.transaction(job.tenant) as tx:
            found = await entries.by_number(tx, [entry])
            opened = await entries.opening(tx, entry) if found else None
            person = await ask.whom(tx, job)
        if not found or person is None or not telling.is_told(person):
            return
        operator = await postbox.operator_for(job, self._folder, now)
        leaf = orjson.loads(found[0].leaf)
        said = {**(leaf["detail"] or {}), **{name: each["value"] for name, each in (opened or {}).items()}}
        subject, text, path = wording.said(leaf["action"], leaf["object_ref"], said, operator)
        where = f"\n{self._house.public_url.rstrip('/')}{path}\n" if self._house.public_url else ""
        words = Words(name=f"notice-{entry}-{person.id}", subject=subject, text=text + where)
        tried = await postbox.post(self._house, postbox.author_of(operator), person.address, words)
        postbox.again(job, tried, now)
        told = Consequence(
            kind=Kind.ACT,
            action="notice.mailed",
            actor=telling.HOUSE,
            at=now,
            object_ref=str(entry),
            public={"person": person.id, "result": tried.result.value, "reason": tried.reason},
        )
        async with self._house.db.transaction(job.tenant) as tx:
            await record.note(tx, told, entropy=self._house.entropy)
