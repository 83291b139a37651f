"""How the doors speak TLS, by hellos of our own (RFC 8996, RFC 9325; RFC 4954 section 4 for AUTH)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509

from gatepost.record.paper import Json
from gatepost.trust.paper import CannotVerifyError, Finding, Outcome, failed, passed, unverified
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.probe.hello import Answer, Version
from gatepost.trust.world import Endpoint, World

CERTIFICATE_DAYS_MIN = 14
_GO_ON = 300


@dataclass(frozen=True, slots=True)
class Doors:
    """Doors to be asked."""

    prober: Prober
    endpoints: tuple[Endpoint, ...]
    now: datetime


async def house_doors(world: World, _arguments: Mapping[str, str]) -> Doors:
    """Return every door of the house."""
    house = world.house
    return Doors(Prober(house.egress, house.entropy), world.endpoints, house.clock())


async def floor(doors: Doors) -> Finding:
    """See that each door takes TLS 1.2 or 1.3 and nothing older, in clear nothing worth hearing.

    A door in clear that only this machine reaches is named in the value, and is no fault. One that does not answer
    hides no fault of those after it.
    """
    seen: dict[str, Json] = {}
    unclear: Finding | None = None
    for endpoint in doors.endpoints:
        if endpoint.tls:
            finding = await _door(doors, endpoint)
            if not isinstance(finding, Finding):
                seen[endpoint.door] = finding
            elif finding.outcome is Outcome.FAIL:
                return finding
            else:
                unclear = unclear or finding
        elif _is_loopback(endpoint.host):
            seen[endpoint.door] = "in clear, on loopback"
        else:
            return failed("tls.missing", endpoint.door)
    if unclear is not None:
        return unclear
    if not any(isinstance(each, dict) for each in seen.values()):
        raise CannotVerifyError("door.none")
    return passed(seen)


async def _door(doors: Doors, endpoint: Endpoint) -> Finding | dict[str, Json]:
    """Return what is wrong with a door, or what it speaks."""
    starttls = endpoint.tls == "starttls"
    try:
        accepted = await _versions(doors, endpoint, starttls=starttls)
        if isinstance(accepted, Finding):
            return accepted
        if starttls and (said := await _auth_in_clear(doors, endpoint)):
            return failed("auth.in_clear", {endpoint.door: said})
        der = await doors.prober.certificate(endpoint.host, endpoint.port, starttls=starttls)
    except ProbeError:
        return unverified("door.unreachable", endpoint.door)
    days = _days_left(der, doors.now)
    if days < CERTIFICATE_DAYS_MIN:
        return failed("certificate.expires", {endpoint.door: days}, "days")
    return {"versions": accepted, "certificate_days": days}


async def _versions(doors: Doors, endpoint: Endpoint, *, starttls: bool) -> Finding | list[Json]:
    """Return the versions a door takes, or what is wrong with them."""
    accepted: list[Json] = []
    unclear: Finding | None = None
    for version in Version:
        heard = await doors.prober.offer(endpoint.host, endpoint.port, version, starttls=starttls)
        if heard.answer is Answer.UNCLEAR:
            unclear = unclear or unverified("tls.unclear", {endpoint.door: version.value})
        if heard.version is not None and heard.version.is_broken:
            return failed("tls.old_version", {endpoint.door: heard.version.value})
        if heard.answer is Answer.ACCEPTED:
            accepted.append(version.value)
    return unclear or accepted or failed("tls.none", endpoint.door)


async def _auth_in_clear(doors: Doors, endpoint: Endpoint) -> str:
    """Return how the door would take a password before TLS; empty where it would not."""
    async with doors.prober.open(endpoint.host, endpoint.port) as line:
        await line.reply()
        offered = await line.say("EHLO probe.invalid")
        if any(text.upper().startswith("AUTH ") for text in offered.lines):
            return "offered"
        answer = await line.say("AUTH PLAIN")
        return "taken" if answer.code // 100 in {2, 3} else ""


def _days_left(der: bytes, now: datetime) -> int:
    try:
        return (x509.load_der_x509_certificate(der).not_valid_after_utc - now).days
    except ValueError:
        return -1


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
