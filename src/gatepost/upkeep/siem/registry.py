"""Destinations: added, changed, removed, tested and replayed, each act with its entry in the record."""

from dataclasses import dataclass

from gatepost import ids
from gatepost.db import Transaction
from gatepost.egress import Errand, Purpose, place_of, read_url
from gatepost.ids import ExportId, TenantId
from gatepost.record import export
from gatepost.record.paper import Json
from gatepost.upkeep.siem import datadog, store, syslog
from gatepost.upkeep.siem.client import trust_of
from gatepost.upkeep.siem.engine import Exporter, Means, note
from gatepost.upkeep.siem.paper import Destination, Format, Kind, Letter, Place, Status

DESTINATIONS_MAX = 16
LETTERS_SHOWN_MAX = 1000
URL_MAX_CHARS, CREDENTIAL_MAX_CHARS, CA_MAX_CHARS, NAME_MAX_CHARS = 2_048, 4_096, 65_536, 200
_ID_OCTETS = 10


class PlaceError(ValueError):
    """A destination cannot be as asked; the text says why and quotes no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A destination as a person asks for it, unchecked. ``place.url`` may be a Datadog site."""

    kind: Kind
    format: Format
    place: Place
    is_personal: bool = False
    wants_ack: bool = False


async def add(tx: Transaction, house: Means, wanted: Wanted, *, actor: str, starts_at_end: bool = False) -> Destination:
    """Begin to export, from the first entry or from the next one.

    Raises:
        PlaceError: it cannot be used, or there are too many.
        EgressRefusedError: it spells out an address where nobody may connect.
    """
    place = check(wanted)
    _check_spelled(house, tx.tenant, wanted.kind, place, ref="")
    if await store.count(tx) >= DESTINATIONS_MAX:
        raise PlaceError(f"a tenant has at most {DESTINATIONS_MAX} destinations")
    at = house.clock()
    made = Destination(
        id=ExportId(ids.token("ex", house.entropy(_ID_OCTETS))),
        kind=wanted.kind,
        format=wanted.format,
        is_personal=wanted.is_personal,
        wants_ack=wanted.wants_ack,
        place=place,
        created_at=at,
    )
    head = await export.head(tx) if starts_at_end else None
    await store.insert(tx, made, 0 if head is None else head.size)
    await note(tx, house, "export.add", made.id, at, actor, _public(made))
    return made


async def change(tx: Transaction, house: Means, identifier: ExportId, wanted: Wanted, *, actor: str) -> Destination:
    """Put another place, credential or format in force; it goes on where it was, at once.

    Raises:
        PlaceError: it cannot be used.
        EgressRefusedError: it spells out an address where nobody may connect.
        LookupError: there is none.
    """
    found = await _found(tx, identifier)
    if wanted.kind is not found.destination.kind:
        raise PlaceError("the kind of a destination does not change: add another one")
    place = check(wanted)
    _check_spelled(house, tx.tenant, wanted.kind, place, ref=identifier)
    at = house.clock()
    made = Destination(
        id=identifier,
        kind=wanted.kind,
        format=wanted.format,
        is_personal=wanted.is_personal,
        wants_ack=wanted.wants_ack,
        place=place,
        created_at=found.destination.created_at,
    )
    await store.change(tx, made, at)
    await note(tx, house, "export.change", identifier, at, actor, _public(made))
    return made


async def remove(tx: Transaction, house: Means, identifier: ExportId, *, actor: str) -> None:
    """Export there no more. What was exported stays there: it is out of our hands.

    Raises:
        LookupError: there is none.
    """
    if not await store.delete(tx, identifier):
        raise LookupError(identifier)
    await note(tx, house, "export.remove", identifier, house.clock(), actor, {})


async def replay(
    tx: Transaction, house: Means, identifier: ExportId, *, actor: str, from_index: int | None = None
) -> int:
    """Try again what was refused, and everything from an index on where one is given; return how many letters.

    Raises:
        LookupError: there is none.
    """
    await _found(tx, identifier)
    at = house.clock()
    count = await store.mark_letters(tx, identifier)
    if from_index is not None:
        await store.rewind(tx, identifier, from_index)
    await store.resume(tx, identifier, at)
    public: dict[str, Json] = {"letters": count, "from_index": from_index}
    await note(tx, house, "export.replay", identifier, at, actor, public)
    return count


async def resume(
    tx: Transaction, house: Means, identifier: ExportId, *, actor: str, past_refused: bool = False
) -> int | None:
    """Have a stopped destination go on where it was; return up to which place it may refuse all, if it may.

    With ``past_refused`` the entries that the log has now stop it no more, however many in a row are refused: each is
    sent, and each that is refused is a letter with its reason. Later ones stop it as ever.

    Raises:
        LookupError: there is none.
    """
    await _found(tx, identifier)
    at = house.clock()
    until: int | None = None
    if past_refused:
        head = await export.head(tx)
        until = 0 if head is None else head.size
        await store.tolerate(tx, identifier, until)
    await store.resume(tx, identifier, at)
    await note(tx, house, "export.resume", identifier, at, actor, {"past_refused": until})
    return until


async def probe(house: Means, tenant: TenantId, identifier: ExportId, *, actor: str) -> str:
    """Press the test button; return why the newest entry was not taken, or nothing. What had stopped goes on then.

    Raises:
        LookupError: there is none.
    """
    async with house.db.transaction(tenant) as tx:
        found = await _found(tx, identifier)
    reason = await Exporter(house).probe(tenant, found.destination)
    async with house.db.transaction(tenant) as tx:
        if not reason:
            await store.resume(tx, identifier, house.clock())
        await note(tx, house, "export.test", identifier, house.clock(), actor, {"reason": reason})
    return reason


async def list_all(tx: Transaction) -> list[Status]:
    """Return every destination and how far it is, oldest first."""
    return await store.statuses(tx)


async def find(tx: Transaction, identifier: ExportId) -> Status | None:
    """Return one destination and how far it is."""
    return await store.status(tx, identifier)


async def letters(tx: Transaction, identifier: ExportId) -> list[Letter]:
    """Return what a destination would not take."""
    return await store.letters(tx, identifier, limit=LETTERS_SHOWN_MAX)


def check(wanted: Wanted) -> Place:
    """Return the place, completed.

    Raises:
        PlaceError: it cannot be used.
    """
    _check_words(wanted)
    place = wanted.place
    url, region = place.url, place.region
    if wanted.kind is Kind.DATADOG and url in datadog.SITES:
        url, region = datadog.intake(url), region or datadog.SITES[url]
    try:
        if wanted.kind is Kind.SYSLOG:
            syslog.read_place(url)
        else:
            _check_url(url)
        trust_of(place.ca)
    except ValueError as error:
        raise PlaceError(str(error)) from error
    return Place(url=url, credential=place.credential, ca=place.ca, index=place.index, region=region)


def _check_spelled(house: Means, tenant: TenantId, kind: Kind, place: Place, *, ref: str) -> None:
    host, port = syslog.read_place(place.url) if kind is Kind.SYSLOG else place_of(place.url)
    house.egress.check_spelled(Errand(Purpose.EXPORT, ref, tenant), host, port)


def _check_words(wanted: Wanted) -> None:
    place, credential = wanted.place, wanted.place.credential
    if not credential and wanted.kind not in {Kind.SYSLOG, Kind.OTLP}:
        raise PlaceError("a credential is needed")
    if len(credential) > CREDENTIAL_MAX_CHARS or not (credential.isascii() and credential.isprintable()):
        raise PlaceError("the credential is too long, or no printable ASCII")
    if max(len(place.index), len(place.region)) > NAME_MAX_CHARS or not (place.index + place.region).isprintable():
        raise PlaceError("index and region have at most 200 characters")
    if wanted.kind is Kind.ELASTIC and not _is_stream(place.index):
        raise PlaceError("a data stream's name is lowercase letters, digits, dots, hyphens and underscores")
    if len(place.url) > URL_MAX_CHARS or len(place.ca) > CA_MAX_CHARS:
        raise PlaceError("the URL or the certificate authorities are too long")


def _check_url(url: str) -> None:
    parsed = read_url(url)
    if parsed.query or parsed.fragment:
        raise PlaceError("the URL must have no query and no fragment")


def _is_stream(name: str) -> bool:
    return name.isascii() and name == name.lower() and all(each.isalnum() or each in ".-_" for each in name)


def _public(made: Destination) -> dict[str, Json]:
    """Return what the record shows of a destination; URL and credential may be secrets."""
    return {
        "kind": made.kind.value,
        "format": made.format.value,
        "personal": int(made.is_personal),
        "ack": int(made.wants_ack),
        "region": made.place.region,
    }


async def _found(tx: Transaction, identifier: ExportId) -> Status:
    found = await store.status(tx, identifier)
    if found is None:
        raise LookupError(identifier)
    return found
