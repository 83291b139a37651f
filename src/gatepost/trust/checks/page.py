"""The page itself: the claims' wording, the shares by status, duties, and what is served."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import orjson
from typing_extensions import override

from gatepost.record import trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST
from gatepost.trust import leaf, lint, store
from gatepost.trust.checks.documents import sha256_of
from gatepost.trust.paper import (
    CannotVerifyError,
    Claim,
    Finding,
    Outcome,
    Shown,
    failed,
    passed,
    status_of,
    unverified,
)
from gatepost.trust.probe.client import Fetched, ProbeError, Prober
from gatepost.trust.registers import Duty
from gatepost.trust.world import Endpoint, World

FRESH = timedelta(minutes=5)
SOURCES = ("gatepost_messages", "gatepost_chore", "gatepost_error", "gatepost_database_up")
"""What must report: mail, chores, errors nobody expected, the database."""
SESSIONS = "gatepost_smtp_sessions_total"
"""What one conversation with the mail door adds to."""
_MEASUREMENT = re.compile(r"(?P<name>\w+)(?:\{.*\})? (?P<value>[-+.\de]+)", re.ASCII)
SECTIONS = ("/trust/documents", "/trust/subprocessors", "/trust/controls", "/trust/changes", "/status")
"""What a page for procurement is not whole without, beside the claims."""
_OK, _NOT_FOUND, _UNAVAILABLE = 200, 404, 503
MEASURED_SHARE = 4
"""One claim in so many, and more, must have been measured."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Claims, to be read closely."""

    claims: tuple[Claim, ...]
    now: datetime


async def wording(world: World, _arguments: Mapping[str, str]) -> Wording:
    """Return the operator's claims."""
    return Wording(world.operator.claims, world.house.clock())


async def plain(target: Wording) -> Finding:
    """See that the linter has nothing against any claim."""
    faults = [fault for claim in target.claims for fault in lint.faults_of_claim(claim, target.now)]
    return failed("claims.linted", [*faults[:3]]) if faults else passed(len(target.claims), "claims")


@dataclass(frozen=True, slots=True)
class Standing:
    """How each claim that is not withdrawn stands now."""

    statuses: tuple[Outcome, ...]


async def standing(world: World, _arguments: Mapping[str, str]) -> Standing:
    """Return the present status of the operator's claims."""
    now, shown = world.house.clock(), await newest(world)
    claims = [each for each in world.operator.claims if not each.withdrawn]
    return Standing(tuple(status_of(each, shown.get(each.id), now) for each in claims))


async def shares(target: Standing) -> Finding:
    """See that claims stand on more than words: by what became of them, and not by the kind they say they are of."""
    if not target.statuses:
        raise CannotVerifyError("nothing.to_look_at")
    counts = Counter(target.statuses)
    measured = counts[Outcome.PASS] + counts[Outcome.FAIL]
    value: dict[str, Json] = {"measured": measured, "a_word": counts[Outcome.ATTESTED], "of": counts.total()}
    if MEASURED_SHARE * measured <= counts.total():
        return failed("claims.mostly_words", value)
    return passed(value, "claims")


@dataclass(frozen=True, slots=True)
class Duties:
    """Duties, the claims that evidence them, and how those stand now."""

    duties: tuple[Duty, ...]
    statuses: Mapping[str, Outcome]


async def duties(world: World, _arguments: Mapping[str, str]) -> Duties:
    """Return the duty register with the present status of each claim."""
    now = world.house.clock()
    shown = await newest(world)
    statuses = {claim.id: status_of(claim, shown.get(claim.id), now) for claim in world.operator.claims}
    return Duties(world.operator.duties, statuses)


async def newest(world: World) -> dict[str, Shown]:
    """Return the newest result of each claim."""
    async with world.house.db.transaction(TRUST) as tx:
        known = [entry for name, entry in (await store.newest(tx)).items() if not name.startswith("@")]
        return {each.result.claim: each for each in leaf.readable(await trust_log.stated(tx, known))}


async def evidenced(target: Duties) -> Finding:
    """Count the duties whose every claim is proven or attested; anything less than all is no pass."""
    if not target.duties:
        raise CannotVerifyError("nothing.to_look_at")
    good = {Outcome.PASS, Outcome.ATTESTED}
    done = [duty for duty in target.duties if {target.statuses.get(claim) for claim in duty.claims} <= good]
    text = f"{len(done)} of {len(target.duties)} duties evidenced"
    if len(done) == len(target.duties):
        return passed(text)
    statuses = [target.statuses.get(claim) for duty in target.duties for claim in duty.claims]
    return failed("duty.unevidenced", text) if Outcome.FAIL in statuses else unverified("duty.unevidenced", text)


@dataclass(frozen=True, slots=True)
class Served:
    """A door that serves pages.

    Attributes:
        contacts: the addresses for security; None where a stranger asks.
        texts: the SHA-256 of each text by its id, as the operator's folder holds it.
    """

    prober: Prober
    endpoint: Endpoint
    contacts: frozenset[str] | None
    now: datetime
    texts: Mapping[str, str] = field(default_factory=dict)


async def served(world: World, _arguments: Mapping[str, str]) -> Served:
    """Return the door of this house."""
    found = next((each for each in world.endpoints if each.door == "http"), None)
    if found is None:
        raise CannotVerifyError("door.none")
    operator = world.operator
    contacts = frozenset(each.address for each in operator.contacts if each.role == "security")
    texts = {each.id: sha256_of(operator.text_of(each)) for each in operator.documents}
    return Served(Prober(world.house.egress, world.house.entropy), found, contacts, world.house.clock(), texts)


async def asked(target: Served, path: str) -> Fetched:
    """Return whatever is answered there.

    Raises:
        CannotVerifyError: nobody answers.
    """
    where = target.endpoint
    try:
        return await target.prober.fetch(where.host, where.port, path, tls=where.tls == "implicit")
    except ProbeError as error:
        raise CannotVerifyError("door.unreachable") from error


async def _shown(target: Served, path: str) -> Fetched:
    """Return what is answered there.

    Raises:
        CannotVerifyError: nobody answers, or the house says that it cannot read just now, which says nothing of a text.
    """
    got = await asked(target, path)
    if got.status == _UNAVAILABLE:
        raise CannotVerifyError("page.unavailable")
    return got


async def fetch(target: Served, path: str) -> tuple[str, bytes]:
    """Return the content type and body of a page that is served.

    Raises:
        CannotVerifyError: nobody answers, or with anything else than a page.
    """
    got = await asked(target, path)
    if got.status == _NOT_FOUND:
        raise CannotVerifyError("feature.absent")
    if got.status != _OK:
        raise CannotVerifyError("page.unanswered")
    return got.content_type, got.body


async def security_txt(target: Served) -> Finding:
    """Read ``/.well-known/security.txt`` as RFC 9116 says: contacts of ours, one future expiry, https only."""
    got = await asked(target, "/.well-known/security.txt")
    if got.status == _NOT_FOUND:  # as when the operator's commitment is over: a house that serves pages could have one
        return failed("security_txt.missing")
    if got.status != _OK:
        raise CannotVerifyError("page.unanswered")
    content_type, body = got.content_type, got.body
    if not content_type.startswith("text/plain"):
        return failed("security_txt.type", content_type[:60])
    fields = _fields(body)
    fault = _fault(fields, target)
    return failed(fault) if fault else passed({name: value for name, value in fields if name == "expires"})


def _fields(body: bytes) -> list[tuple[str, str]]:
    lines = (line.partition(":") for line in body.decode(errors="replace").splitlines())
    return [
        (name.strip().lower(), value.strip())
        for name, colon, value in lines
        if colon and not name.startswith(("#", "-"))
    ]


def _fault(fields: list[tuple[str, str]], target: Served) -> str:
    """Return what is wrong with a security.txt; empty where nothing is."""
    expires = [value for name, value in fields if name == "expires"]
    contacts = [value for name, value in fields if name == "contact"]
    mailed = {value.removeprefix("mailto:") for value in contacts if value.startswith("mailto:")}
    if len(expires) != 1 or not contacts:
        return "security_txt.fields"
    if not _is_ahead(expires[0], target.now):
        return "security_txt.expired"
    if any(name in {"policy", "canonical", "encryption"} and value.startswith("http:") for name, value in fields):
        return "security_txt.in_clear"
    return "" if target.contacts is None or (mailed and mailed <= target.contacts) else "security_txt.contact"


def _is_ahead(text: str, now: datetime) -> bool:
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        return False
    return until.tzinfo is not None and until > now


class Marks(HTMLParser):
    """What a page is marked with.

    Attributes:
        found: each claim's status, by ``data-claim`` and ``data-status``.
        withdrawn: claims shown as withdrawn, by ``data-withdrawn``.
        revised: when the page says it was last revised, by ``data-revised``; empty where it does not.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.withdrawn: set[str] = set()
        self.revised = ""
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if named.get("data-claim") and named.get("data-status"):
            self.found[named["data-claim"]] = named["data-status"]
        if named.get("data-withdrawn"):
            self.withdrawn.add(named["data-withdrawn"])
        self.revised = named.get("data-revised", self.revised)


async def page_agrees(target: Served) -> Finding:
    """See that page and claims.json name the same claims with the same status, item by item, and nothing is cut off.

    Each section answers, and each text is shown with the SHA-256 of what lies in the folder.
    """
    _, listed = await fetch(target, "/trust/claims.json")
    _, page = await fetch(target, "/trust/")
    try:
        rows: list[dict[str, Any]] = orjson.loads(listed)["claims"]
        wanted = {str(row["id"]): str(row["status"]) for row in rows}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return failed("claims_json.unreadable")
    marks = Marks(page.decode(errors="replace"))
    differing = sorted(name for name in set(wanted) | set(marks.found) if wanted.get(name) != marks.found.get(name))
    if differing or not wanted:
        return failed("page.differs", [*differing[:8]])
    cut = [path for path in SECTIONS if (await _shown(target, path)).status != _OK]
    if cut:
        return failed("page.section_missing", [*cut])
    for name, sha256 in target.texts.items():
        got = await _shown(target, f"/trust/documents/{name}")
        if got.status != _OK:
            return failed("page.text_missing", name)
        if sha256.encode() not in got.body:
            return failed("page.text_differs", name)
    return passed({"claims": len(wanted), "sections": len(SECTIONS), "texts": len(target.texts)})


async def summary(target: Served) -> Finding:
    """See that the status page's JSON can be read, and was brought up to date within minutes."""
    _, body = await fetch(target, "/api/v2/summary.json")
    try:
        found = orjson.loads(body)
        updated = datetime.fromisoformat(found["page"]["updated_at"])
        components = {str(each["name"]): str(each["status"]) for each in found["components"]}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return failed("summary.unreadable")
    if updated.tzinfo is None or target.now - updated > FRESH:
        return failed("summary.old")
    if not components:
        raise CannotVerifyError("summary.nothing_measured")
    return passed({**components})


@dataclass(frozen=True, slots=True)
class Measured:
    """A door that serves measurements, what they must name, and the mail door whose sessions they count."""

    prober: Prober
    endpoint: Endpoint
    wanted: tuple[str, ...]
    smtp: Endpoint


async def measured(world: World, _arguments: Mapping[str, str]) -> Measured:
    """Return the metrics door."""
    found = next((each for each in world.endpoints if each.door == "metrics"), None)
    if found is None:
        raise CannotVerifyError("door.none")
    smtp = next(each for each in world.endpoints if each.door == "smtp")
    return Measured(Prober(world.house.egress, world.house.entropy), found, SOURCES, smtp)


async def watched(target: Measured) -> Finding:
    """See that the house reports measurements of its own: a session of ours at the mail door is counted at once."""
    before = await _measurements(target)
    if not all(any(name.startswith(each) for name in before) for each in target.wanted):
        return failed("metrics.empty", len(before))
    try:
        async with target.prober.open(target.smtp.host, target.smtp.port) as line:
            await line.reply()
    except ProbeError as error:
        raise CannotVerifyError("door.unreachable") from error
    after = await _measurements(target)
    if after.get(SESSIONS, 0.0) <= before.get(SESSIONS, 0.0):
        return failed("metrics.frozen", SESSIONS)
    return passed(len(after), "measurements")


async def _measurements(target: Measured) -> dict[str, float]:
    """Return the sum over all labels of each measurement; nothing where none is served."""
    where = target.endpoint
    try:
        got = await target.prober.fetch(where.host, where.port, "/metrics", tls=where.tls == "implicit")
    except ProbeError:
        return {}
    found: dict[str, float] = {}
    for line in got.body.decode(errors="replace").splitlines() if got.status == _OK else ():
        said = _MEASUREMENT.fullmatch(line)
        if said is not None:
            found[said["name"]] = found.get(said["name"], 0.0) + float(said["value"])
    return found
