"""How the doors speak TLS, by hellos of our own (RFC 8996, RFC 9325; RFC 4954 section 4 for AUTH)."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gatepost.egress import is_address
from gatepost.egress.addresses import is_this_machine
from gatepost.record.paper import Json
from gatepost.trust.paper import CannotVerifyError, Finding, Outcome, failed, passed, unverified
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.probe.hello import WEAK, Answer, Version
from gatepost.trust.probe.listeners import Listener, of_tree
from gatepost.trust.world import PUBLIC, Endpoint, World

CERTIFICATE_DAYS_MIN = 14


@dataclass(frozen=True, slots=True)
class Doors:
    """Doors to be asked.

    Attributes:
        listeners: what the house's processes listen on, whoever declared it; None where that cannot be seen.
    """

    prober: Prober
    endpoints: tuple[Endpoint, ...]
    now: datetime
    listeners: tuple[Listener, ...] | None = None


async def house_doors(world: World, _arguments: Mapping[str, str]) -> Doors:
    """Return every door of the house, and every socket on which this process and its children listen."""
    house = world.house
    listeners = await asyncio.to_thread(of_tree, world.pid or os.getpid())
    return Doors(Prober(house.egress, house.entropy), world.endpoints, house.clock(), listeners)


async def floor(doors: Doors) -> Finding:
    """See that each door takes TLS 1.2 or 1.3 and nothing older, in clear nothing worth hearing.

    A door in clear that listens on loopback alone is named in the value, and is no fault; nor is a socket that is none
    of the doors, and no other. One that does not answer hides no fault of those after it.
    """
    seen: dict[str, Json] = {}
    unclear: Finding | None = None
    if fault := _undeclared(doors):
        return fault
    for endpoint in doors.endpoints:
        if endpoint.tls:
            finding = await _door(doors, endpoint)
            if not isinstance(finding, Finding):
                seen[endpoint.door] = finding
            elif finding.outcome is Outcome.FAIL:
                return finding
            else:
                unclear = unclear or finding
        elif is_this_machine(endpoint.bound or endpoint.host):
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
    at, name = (endpoint.host, endpoint.port), endpoint.name
    try:
        accepted = await _versions(doors, endpoint, starttls=starttls)
        if isinstance(accepted, Finding):
            return accepted
        if starttls and (said := await _auth_in_clear(doors, endpoint)):
            return failed("auth.in_clear", {endpoint.door: said})
        der = await doors.prober.certificate(*at, starttls=starttls, name=name)
        is_trusted = await doors.prober.is_trusted(*at, starttls=starttls, name=name)
    except ProbeError:
        return unverified("door.unreachable", endpoint.door)
    seen = _certificate(endpoint, der, doors.now)
    if isinstance(seen, Finding):
        return seen
    if endpoint.door == PUBLIC and not is_trusted:
        return failed("certificate.untrusted", endpoint.door)
    return {"versions": accepted, **seen, "chain": "trusted" if is_trusted else "own"}


def _certificate(endpoint: Endpoint, der: bytes, now: datetime) -> Finding | dict[str, Json]:
    """Return what is wrong with a certificate, or how long it lasts and for whom: its dates and its name (RFC 9525)."""
    try:
        shown = x509.load_der_x509_certificate(der)
        names = _names(shown)
    except ValueError:
        return failed("certificate.unreadable", endpoint.door)
    if shown.not_valid_before_utc > now:
        return failed("certificate.not_yet", {endpoint.door: (shown.not_valid_before_utc - now).days}, "days")
    days = (shown.not_valid_after_utc - now).days
    if days < CERTIFICATE_DAYS_MIN:
        return failed("certificate.expires", {endpoint.door: days}, "days")
    wanted = (endpoint.name or ("" if is_address(endpoint.host) else endpoint.host)).lower()
    if wanted and not {wanted, f"*.{wanted.partition('.')[2]}"} & names:
        return failed("certificate.other_name", endpoint.door)
    return {"certificate_days": days, "name": "borne" if wanted else "not asked"}


def _names(shown: x509.Certificate) -> set[str]:
    """Return the DNS names of a certificate; its common name is none (RFC 9525 section 2)."""
    try:
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {name.lower() for name in names.get_values_for_type(x509.DNSName)}


def _undeclared(doors: Doors) -> Finding | None:
    """Return that the house listens to the network where it declares no door, or one on loopback alone, in clear."""
    open_ports = {each.port for each in doors.listeners or () if not each.is_loopback}
    strangers = open_ports - {each.port for each in doors.endpoints}
    if strangers:
        return failed("door.undeclared", sorted(strangers)[:6])
    clear = next((each.door for each in doors.endpoints if not each.tls and each.port in open_ports), "")
    return failed("tls.missing", clear) if clear else None


async def _versions(doors: Doors, endpoint: Endpoint, *, starttls: bool) -> Finding | list[Json]:
    """Return the versions a door takes, or what is wrong with them."""
    accepted: list[Json] = []
    unclear: Finding | None = None
    for version in Version:
        heard = await doors.prober.offer(endpoint.host, endpoint.port, version, starttls=starttls, name=endpoint.name)
        if heard.answer is Answer.UNCLEAR:
            unclear = unclear or unverified("tls.unclear", {endpoint.door: version.value})
        if heard.version is not None and heard.version.is_broken:
            return failed("tls.old_version", {endpoint.door: heard.version.value})
        if heard.answer is Answer.ACCEPTED:
            accepted.append(version.value)
    at = endpoint.host, endpoint.port
    weak = await doors.prober.hello(*at, Version.TLS_1_2, WEAK, starttls=starttls, name=endpoint.name)
    if weak.answer is Answer.ACCEPTED:
        return failed("tls.weak_suite", endpoint.door)
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
