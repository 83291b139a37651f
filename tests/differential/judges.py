"""The same letter before us, dkimpy, pyspf and npm mailauth: what each says, in the same words."""

import base64
import json
import subprocess
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dkim

from differential.letters import Letter, Records
from gatepost.verify import check
from verify.arrivals import arrival
from zones import ZoneResolver

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its regular expressions are older than today's Python
    import spf

_RAISED = (dkim.DKIMException, ValueError, IndexError, KeyError)
"""What dkimpy has been seen to raise for broken fields and tags; not all of it is its own."""
MAILAUTH = Path(__file__).with_name("mailauth.mjs")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one judge says; None where it has none."""

    dkim: bool | None = None
    spf: str | None = None
    dmarc: str | None = None
    arc: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


async def ours(letter: Letter) -> Opinion:
    """Ask ourselves."""
    mail = arrival(letter.raw, mail_from=letter.sender, helo=letter.helo, address=letter.address, at=datetime.now(UTC))  # noqa: TID251  # the others look at the real clock
    evidence = (await check(mail, ZoneResolver(letter.zone))).evidence
    details = {
        "dkim": [f"{one.result} {one.reason}" for one in evidence.dkim],
        "author": evidence.author_problem,
        "policy": evidence.dmarc.policy,
        "arc": evidence.arc.reason,
    }
    has_passed = any(one.result.value == "pass" for one in evidence.dkim)
    return Opinion(
        has_passed, evidence.spf.result.value, evidence.dmarc.result.value, evidence.arc.result.value, details
    )


def by_dkimpy(letter: Letter) -> Opinion:
    """Ask dkimpy about every signature it counts, and about the chain."""
    try:
        mail = dkim.DKIM(letter.raw)
        count = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
    except _RAISED as error:
        return Opinion(details={"error": str(error)})
    has_passed = any(_holds(letter, at) for at in range(count))
    try:
        end, _, reason = dkim.arc_verify(letter.raw, dnsfunc=partial(_text, letter.zone))
    except _RAISED:
        return Opinion(has_passed, details={"arc": "dkimpy fails"})
    return Opinion(has_passed, arc=end.decode(), details={"arc": reason})


def _holds(letter: Letter, at: int) -> bool:
    try:
        return bool(dkim.DKIM(letter.raw).verify(idx=at, dnsfunc=partial(_text, letter.zone)))
    except _RAISED:
        return False


def _text(zone: Records, name: bytes, timeout: int = 5) -> bytes:
    del timeout
    found = zone.get(name.decode("utf-8", "replace").rstrip(".").lower(), {}).get("TXT", [""])
    return found[0].encode()


def by_pyspf(letter: Letter) -> Opinion:
    """Ask pyspf."""

    def lookup(name: str, qtype: str, *_args: Any, **_kw: Any) -> list[tuple[tuple[str, str], Any]]:
        records = letter.zone.get(name.lower().rstrip("."), {})
        if "FAIL" in records:
            raise spf.TempError("the name server fails")
        values: list[Any] = list(records.get(qtype, []))
        match qtype:
            case "TXT":
                values = [(text.encode(),) for text in values]
            case "MX":
                values = [(int(text.split()[0]), text.split()[1]) for text in values]
            case "AAAA":
                values = [ip_address(text).packed for text in values]
            case _:
                pass
        return [((name, qtype), value) for value in values]

    kept = spf.DNSLookup  # the hook pyspf offers for drivers
    spf.DNSLookup = lookup
    try:
        return Opinion(spf=str(spf.query(i=letter.address, s=letter.sender, h=letter.helo).check()[0]))
    finally:
        spf.DNSLookup = kept


def by_mailauth(letters: list[Letter], package: Path) -> list[Opinion]:
    """Ask mailauth about all of them, in one process."""
    asked = [
        json.dumps(
            {
                "raw": base64.b64encode(letter.raw).decode(),
                "address": letter.address,
                "helo": letter.helo,
                "sender": letter.sender,
                "zone": letter.zone,
            }
        )
        for letter in letters
    ]
    done = subprocess.run(  # noqa: S603  # our own script
        ["node", str(MAILAUTH)],  # noqa: S607  # the node of this machine
        input="\n".join(asked),
        env={"MAILAUTH": str(package.resolve()), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = [line.removeprefix("told ") for line in done.stdout.splitlines() if line.startswith("told ")]
    return [_opinion(json.loads(line)) for line in told]


def _opinion(told: dict[str, Any]) -> Opinion:
    if "error" in told:
        return Opinion(details=told)
    return Opinion("pass" in told["dkim"], told["spf"], told["dmarc"], told["arc"], told)
