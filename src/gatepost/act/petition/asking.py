"""Asking people about petitions: each approver of the tenant gets a mail with a link of their own.

It quotes nothing; whom and what the agent asks for is shown by the page behind the link.
"""

from dataclasses import dataclass

from gatepost import access
from gatepost.access.paper import Account, Person
from gatepost.act.petition import link, store
from gatepost.act.petition.link import PersonLink
from gatepost.act.petition.paper import Petition, State
from gatepost.db import Transaction
from gatepost.deliver.ask import Means, Question, approvers, may_rule, put, whom
from gatepost.ids import PetitionId
from gatepost.jobs import Job, Promise

ASK = "petition.ask"


def may_rule_on(person: Person, petition: Petition) -> bool:
    """Return whether a person rules on a petition: nobody does about whether they may write themselves."""
    return may_rule(person) and not person.address.is_of(petition.sender)


async def questions(tx: Transaction, petition: Petition) -> list[Promise]:
    """Return the promises to ask each approver of the tenant."""
    asked = await approvers(tx, lambda person: may_rule_on(person, petition))
    return [Promise(ASK, f"{petition.id} {each.id}", {"petition": petition.id, "person": each.id}) for each in asked]


@dataclass(frozen=True, slots=True)
class PetitionAsker:
    """Keeps the promises to ask."""

    house: Means

    async def ask(self, job: Job) -> None:
        """Mail one person the link to one petition, unless somebody ruled already or they may not.

        Raises:
            TryAgainError: their server did not take it yet.
        """
        now = self.house.clock()
        async with self.house.db.transaction(job.tenant) as tx:
            person = await whom(tx, job)
            petition = await store.by_id(tx, PetitionId(str(job.body["petition"])))
            account = None if petition is None else await access.account(tx, petition.account)
            if petition is None or person is None or account is None or not self.house.public_url:
                return
            is_by_key = await access.may_be_same(tx, person.id, petition.proposer)
        if petition.state_at(now) is not State.WAITING or petition.is_erased or not may_rule_on(person, petition):
            return
        await put(self.house, job, self._question(account, petition, person, is_by_key=is_by_key), person)

    def _question(self, account: Account, petition: Petition, person: Person, *, is_by_key: bool) -> Question:
        """Return what is asked; of what a person's key asked, by the page that tells people apart by their keys."""
        own = PersonLink(account.tenant, petition.id, person.id, petition.expires_at)
        keyring = self.house.keyring
        by_key = f"{link.PATH}/{link.sign(account.tenant, petition.id, keyring)}"
        return Question(
            action="petition.ask",
            account=account,
            ref=petition.id,
            id=petition.id,
            asked_at=petition.made_at,
            ends_at=petition.expires_at,
            subject="An agent asks for something",
            says="An agent asks for something that only a person may allow.",
            facts=(f"Petition: {petition.id}", f"Until:    {petition.expires_at:%Y-%m-%d %H:%M} UTC, then it is over"),
            path=by_key if is_by_key else f"{link.PERSON_PATH}/{link.sign_for(own, keyring)}",
        )
