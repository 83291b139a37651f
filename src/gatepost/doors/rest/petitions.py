"""What agents ask of people: proposed by them, ruled on by approvers."""

from fastapi import APIRouter, status

from gatepost.access.paper import Principal, Role
from gatepost.act import petition
from gatepost.act.petition import Kind, Petition, link
from gatepost.decide import capabilities
from gatepost.deliver.hold import Approver
from gatepost.doors.rest.auth import ApprovalsWriter, HouseDep, MailReader, PetitionsWriter, mailbox_of
from gatepost.doors.rest.granted import OnAny, Shown, demand
from gatepost.doors.rest.hold_shapes import Word
from gatepost.doors.rest.parameters import Limit, ListCursor, MailboxId, PetitionId
from gatepost.doors.rest.petition_shapes import NewPromotion, NewSender, PetitionPage, PetitionRuling, PetitionShown
from gatepost.doors.rest.workbench import BenchDep
from gatepost.ids import PetitionId as Id
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.workbench import of_petition

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/petitions", tags=["petitions"])


def _shown(one: Petition, house: House, principal: Principal) -> PetitionShown:
    return PetitionShown(
        petition_id=one.id,
        mailbox_id=one.account,
        asks=one.kind,
        state=one.state_at(house.clock()),
        address=one.sender or None,
        why=one.why,
        proposed_by=one.proposer,
        message_id=one.email,
        made_at=one.made_at,
        expires_at=one.expires_at,
        settled_at=one.settled_at,
        settled_by=one.settled_by,
        first_yes_by=one.first_yes_by,
        policy_version=one.policy_version,
        digest=None if one.is_unreadable else one.digest,
        approval_url=link.url(house.public_url, principal.tenant, one.id, house.keyring),
        is_unreadable=one.is_unreadable,
    )


async def _made(
    house: House,
    principal: Principal,
    mailbox_id: int,
    kind: Kind,
    basis: Shown,
    *,
    why: str,
    sender: Address | None = None,
) -> PetitionShown:
    async with mailbox_of(house, principal, mailbox_id) as (_, account):
        pass  # 404 comes before 403
    wanted = capabilities.PROPOSE_SENDER if kind is Kind.SENDER else capabilities.REQUEST_PROMOTION
    await demand(house, principal, account, basis, wanted)
    async with house.db.transaction(principal.tenant) as tx:
        made = await petition.make(
            tx,
            account,
            kind,
            sender=sender,
            why=why,
            proposer=principal.key,
            email=basis.message,
            at=house.clock(),
            entropy=house.entropy,
            jobs=house.jobs if house.public_url else None,
        )
    return _shown(made, house, principal)


@router.post("/sender", summary="Propose that somebody may write", status_code=status.HTTP_201_CREATED)
async def propose_sender(
    mailbox_id: MailboxId, body: NewSender, house: HouseDep, principal: PetitionsWriter, basis: OnAny
) -> PetitionShown:
    """Ask that an address may write to the mailbox. A person decides: a yes is a new version of the policy.

    The same question while it waits is the same petition. An agent's key needs the capability `propose_sender`.
    """
    address = Address.parse(body.address)
    return await _made(house, principal, mailbox_id, Kind.SENDER, basis, why=body.why, sender=address)


@router.post("/promotion", summary="Ask to leave the sandbox", status_code=status.HTTP_201_CREATED)
async def request_promotion(
    mailbox_id: MailboxId, body: NewPromotion, house: HouseDep, principal: PetitionsWriter, basis: OnAny
) -> PetitionShown:
    """Ask that what the mailbox sends no longer waits for a person. Pass `approval_url` on to one.

    An agent's key needs the capability `request_promotion`.
    """
    return await _made(house, principal, mailbox_id, Kind.PROMOTION, basis, why=body.why)


@router.get("", summary="List petitions")
async def page(
    mailbox_id: MailboxId, house: HouseDep, principal: MailReader, limit: Limit = 50, cursor: ListCursor = None
) -> PetitionPage:
    """Return what was asked for, newest first, and how it ended."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await petition.page(tx, account, limit=limit, cursor=cursor)
    return PetitionPage(items=[_shown(one, house, principal) for one in found.petitions], next_cursor=found.after)


@router.get("/{petition_id}", summary="Read a petition")
async def show(mailbox_id: MailboxId, petition_id: PetitionId, house: HouseDep, principal: MailReader) -> PetitionShown:
    """Return one petition, and how it ended."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        return _shown(await petition.get(tx, Id(petition_id), account), house, principal)


@router.post("/{petition_id}/decision", summary="Rule on a petition")
async def rule(
    mailbox_id: MailboxId,
    petition_id: PetitionId,
    body: PetitionRuling,
    house: HouseDep,
    bench: BenchDep,
    principal: ApprovalsWriter,
) -> PetitionShown:
    """Say yes or no, once; a yes is done at once. No agent rules, nor the key that asked.

    Where the tenant wants a second person, the yes to a sender is a proposal, and `policy_version` stays null; two keys
    must say yes to the end of a sandbox, and after the first the petition still waits, with `first_yes_by`.
    """
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        found = await petition.get(tx, Id(petition_id), account)
        ruled = await petition.rule(
            tx,
            found.id,
            Approver(id=principal.key, is_agent=principal.role is Role.AGENT),
            is_approved=body.decision is Word.APPROVE,
            digest=body.digest,
            at=house.clock(),
            entropy=house.entropy,
            put=of_petition(house, bench),
        )
    return _shown(ruled, house, principal)
