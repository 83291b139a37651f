"""The pages of one petition: what an agent asks is shown (GET), and somebody rules (POST).

One address is the agent's to pass on, so it gives no power: a person types the key of an owner or an approver. The
other is mailed to one person alone, who needs no key.
"""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from gatepost import access
from gatepost.access.paper import Person, Principal, Role, Scope
from gatepost.act import petition
from gatepost.act.petition import Petition, link
from gatepost.act.petition.link import PersonLink
from gatepost.decide import PolicyError
from gatepost.deliver import ask
from gatepost.deliver.hold import Approver, ApproverError
from gatepost.doors.public.page import UNKNOWN, EndError, form_of, pages, rendered
from gatepost.ids import AccountId, TenantId
from gatepost.journey import House
from gatepost.workbench import Bench, BusyError, TooManyError, of_petition

KEY_MAX_CHARS = 256

log = structlog.get_logger()

_WHY = {
    "sender.known": "A rule of the policy speaks for this author already.",
    "policy.missing": "The mailbox has no policy that could be changed.",
    "mailbox.missing": "The mailbox was removed.",
    "mailbox.promoted": "The mailbox is not in its sandbox.",
    "approver.key_needed": "Two people must say yes to this, and the first did so with a key. So must the second: by"
    " command, over REST, or on the page the agent names.",
    "approver.link_needed": "Two people must say yes to this, and the first did so by a link mailed to them. So must"
    " the second, by a link of their own.",
}


def build(house: House, bench: Bench) -> Starlette:
    """Return the pages of a house that an agent leads people to."""

    async def show(request: Request) -> Response:
        tenant, found = await _found(request, house)
        return await _page(house, tenant, found)

    async def rule(request: Request) -> Response:
        form = await form_of(request)
        tenant, found = await _found(request, house)
        is_approved = _decision(form)
        principal = await _principal(form.get("key", ""), house, tenant, found.account)
        approver = Approver(id=principal.key, is_agent=principal.role is Role.AGENT)
        await _rule(house, bench, tenant, found, approver, form, is_approved=is_approved)
        return await _page(house, tenant, found)

    return pages(link.PATH, show, rule)


def build_own(house: House, bench: Bench) -> Starlette:
    """Return the pages that each approver is mailed a link of their own to."""

    async def show(request: Request) -> Response:
        own, found, _ = await _asked(request, house)
        return await _page(house, own.tenant, found, is_own=True)

    async def rule(request: Request) -> Response:
        form = await form_of(request)
        own, found, person = await _asked(request, house)
        approver = Approver(id=person.id)
        await _rule(house, bench, own.tenant, found, approver, form, is_approved=_decision(form))
        return await _page(house, own.tenant, found, is_own=True)

    return pages(link.PERSON_PATH, show, rule)


def _decision(form: Mapping[str, str]) -> bool:
    is_approved = {"approve": True, "deny": False}.get(form.get("decision", ""))
    if is_approved is None:
        raise EndError(HTTPStatus.BAD_REQUEST, "Nothing was done", "The form was not one of this page's.")
    return is_approved


async def _rule(
    house: House,
    bench: Bench,
    tenant: TenantId,
    found: Petition,
    approver: Approver,
    form: Mapping[str, str],
    *,
    is_approved: bool,
) -> None:
    """Write the ruling; where somebody was quicker, nothing, and the page says how it ended."""
    try:
        async with house.db.transaction(tenant) as tx:
            await petition.rule(
                tx,
                found.id,
                approver,
                is_approved=is_approved,
                digest=form.get("digest", ""),
                at=house.clock(),
                entropy=house.entropy,
                put=of_petition(house, bench),
            )
    except petition.PetitionSettledError:
        return
    except petition.PetitionChangedError:
        raise EndError(HTTPStatus.CONFLICT, "It is not what you saw", "Open the page again and look.") from None
    except (petition.PetitionInvalidError, PolicyError) as error:
        why = _WHY.get(str(error), "The policy in force does not take it.")
        raise EndError(HTTPStatus.CONFLICT, "It cannot be done", why) from None
    except TooManyError:
        text = "As many policies as may wait for a second person. Rule on those first."
        raise EndError(HTTPStatus.CONFLICT, "It cannot be done", text) from None
    except BusyError:
        raise EndError(
            HTTPStatus.SERVICE_UNAVAILABLE, "Not now", "Too much is being compared. Try again soon."
        ) from None
    except ApproverError:
        raise EndError(
            HTTPStatus.FORBIDDEN, "Not yours", "Neither whoever asked nor who said yes already answers this."
        ) from None
    log.info("page.ruled", petition=found.id, by=approver.id)


async def _asked(request: Request, house: House) -> tuple[PersonLink, Petition, Person]:
    """Return the petition a mailed link leads to, and whose link it is, if that person may still rule on it."""
    own = link.read_for(str(request.path_params["token"]), house.keyring, now=house.clock())
    if own is None:
        raise EndError(*UNKNOWN)
    async with house.db.transaction(own.tenant) as tx:
        person = await access.person(tx, own.person)
        try:
            found = await petition.get(tx, own.petition)
        except petition.PetitionMissingError:
            raise EndError(*UNKNOWN) from None
    if person is None or not petition.may_rule_on(person, found) or await ask.is_mailbox(house.db, person.address):
        raise EndError(*UNKNOWN)
    return own, found, person


async def _found(request: Request, house: House) -> tuple[TenantId, Petition]:
    known = link.read(str(request.path_params["token"]), house.keyring)
    if known is None:
        raise EndError(*UNKNOWN)
    tenant, identifier = known
    async with house.db.transaction(tenant) as tx:
        try:
            return tenant, await petition.get(tx, identifier)
        except petition.PetitionMissingError:
            raise EndError(*UNKNOWN) from None


async def _principal(key: str, house: House, tenant: TenantId, account: AccountId) -> Principal:
    """Return whose key was typed, if it may rule on this; one answer for all that may not."""
    is_plausible = 0 < len(key) <= KEY_MAX_CHARS and key.isascii() and key.isprintable()
    found = await access.authenticate(house.db, key) if is_plausible else None
    is_theirs = found is not None and found.tenant == tenant and found.account in {None, account}
    if found is None or not is_theirs or Scope.APPROVALS_WRITE not in found.scopes:
        text = "That is not a key that may rule here. Nothing was done."
        raise EndError(HTTPStatus.FORBIDDEN, "Not with this key", text)
    return found


async def _page(house: House, tenant: TenantId, found: Petition, *, is_own: bool = False) -> Response:
    """Return the page as things stand now; ``is_own``: who rules needs no key."""
    async with house.db.transaction(tenant) as tx:
        found = await petition.get(tx, found.id)
        account = await access.account(tx, found.account)
    return rendered(
        "petition.html",
        HTTPStatus.OK,
        petition=found,
        state=found.state_at(house.clock()).value,
        mailbox=str(account.address) if account else f"mailbox {found.account}",
        is_own=is_own,
    )
