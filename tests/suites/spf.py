"""The public RFC 7208 suite: every case, explanation text included."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from typing_extensions import override

from gatepost.dns.paper import Answer, RdType, Resolver, Status
from gatepost.verify import spf
from gatepost.verify.answers import Answers
from gatepost.verify.spf_macro import Context
from suites.case import Case, FailedError, documents, expect

DEFAULT_EXPLANATION = "DEFAULT"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class ZoneDataResolver(Resolver):
    """Answers from ``zonedata``: TIMEOUT entries and ``error.`` names fail, SPF stands for TXT unless TXT is there."""

    def __init__(self, zonedata: dict[str, list[Any]]) -> None:
        self.zone = {name.lower(): entries for name, entries in zonedata.items()}

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        owner = name.lower().removesuffix(".")
        if owner.startswith("error."):
            return Answer(Status.TEMPERROR)
        for _ in range(8):
            if owner not in self.zone:
                return Answer(Status.NXDOMAIN)
            records, alias = self._records(owner, rdtype)
            if records is None:
                return Answer(Status.TEMPERROR)
            if records:
                return Answer(Status.OK, tuple(records), 60)
            if alias is None:
                return Answer(Status.NODATA)
            owner = alias
        return Answer(Status.TEMPERROR)

    def _records(self, owner: str, rdtype: RdType) -> tuple[list[str] | None, str | None]:
        entries = self.zone[owner]
        kinds = {kind for entry in entries if isinstance(entry, dict) for kind in entry}
        alias: str | None = None
        found: list[str] = []
        for entry in entries:
            if entry == "TIMEOUT":
                if not found:
                    return None, None
                continue
            (kind, value), *_ = entry.items()
            if kind == "CNAME":
                alias = value.lower().removesuffix(".")
            if kind == "SPF" and "TXT" not in kinds:
                kind = "TXT"
            if kind == rdtype.value and value != "NONE":
                found.append(_text(value))
        return found, alias


def _text(value: Any) -> str:
    if isinstance(value, list):
        if value and isinstance(value[0], int):
            return f"{value[0]} {value[1].removesuffix('.') or '.'}"
        return "".join(value)
    return str(value)


def read(folder: Path) -> Iterator[Case]:
    """Yield the cases of every YAML file."""
    for path in sorted(folder.glob("*.yml")):
        for scenario in documents(path):
            for name, case in scenario["tests"].items():
                yield Case(name, partial(_check, scenario["zonedata"], case))


async def _check(zonedata: dict[str, list[Any]], case: dict[str, Any]) -> None:
    local, _, domain = (case["mailfrom"] or "").rpartition("@")
    domain = domain or case["helo"]
    context = Context(
        address=ip_address(case["host"]),
        domain=domain,
        local=local or "postmaster",
        sender_domain=domain,
        helo=case["helo"],
        receiver="receiver.example",
        now=NOW,
    )
    known = Answers(ZoneDataResolver(zonedata))
    verdict = await known.settle(lambda: spf.check(known, context, identity="mailfrom"))
    allowed = case["result"] if isinstance(case["result"], list) else [case["result"]]
    if verdict.result.value not in allowed:
        raise FailedError(f"the result is {verdict.result}, not {' or '.join(allowed)}")
    if "explanation" in case:
        expect(verdict.explanation or DEFAULT_EXPLANATION, case["explanation"], "the explanation")
