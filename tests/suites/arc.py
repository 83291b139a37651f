"""The public ARC suites: every chain ends as the suite says, and every seal is the one the suite made."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization

from gatepost.deliver import seal
from gatepost.domains.paper import SigningKey
from gatepost.mail import fields, taglist
from gatepost.verify import arc, authres
from gatepost.verify.answers import Answers
from gatepost.verify.paper import Result
from gatepost.verify.signed_data import Body
from suites.case import Case, crlf, documents, expect, zone_of
from zones import ZoneResolver

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WORDS = {"Pass": Result.PASS, "Fail": Result.FAIL, "None": Result.NONE, "": Result.FAIL}


def read(folder: Path) -> Iterator[Case]:
    """Yield validations (cases with ``cv``) and sealings (cases with ``AS``) of every YAML file."""
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yml.gz")]):
        for scenario in documents(path):
            for name, case in scenario["tests"].items():
                check = _check_chain if "cv" in case else _check_seal
                yield Case(name, partial(check, scenario, case))


async def _judge(raw: bytes, scenario: dict[str, Any]) -> tuple[arc.Chain, Result, str]:
    header = fields.split(raw)
    chain = arc.read(header)
    known = Answers(ZoneResolver(zone_of(scenario["txt-records"] or {})))
    keys = await known.settle(lambda: arc.keys_of(known, chain))
    verdict = arc.judge(header, Body(raw[header.body_start :]), chain, keys, NOW, None)
    return chain, verdict.result, verdict.reason


async def _check_chain(scenario: dict[str, Any], case: dict[str, Any]) -> None:
    _, result, reason = await _judge(crlf(case["message"]), scenario)
    expect(result, WORDS[case["cv"] or ""], f"the chain's end ({reason or 'no trouble'})")


async def _check_seal(scenario: dict[str, Any], case: dict[str, Any]) -> None:
    raw = crlf(case["message"])
    _, result, _ = await _judge(raw, scenario)
    key = serialization.load_pem_private_key(scenario["privatekey"].encode(), None)
    private_der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    sealed = seal.seal(
        raw,
        SigningKey(scenario["domain"], scenario["sel"], "rsa-sha256", private_der),
        results=authres.collected(fields.split(raw), case["srv-id"]),
        chain=result,
        at=datetime.fromtimestamp(case["t"], tz=UTC),
        names=case["sig-headers"].split(":"),
    )
    added = fields.split(sealed.removesuffix(raw))
    expect(_tags(added, b"arc-message-signature"), _written(case["AMS"]), "AMS")
    # A seal covers the white space inside the b= of the signature below it, which no standard fixes.
    expect(_tags(added, b"arc-seal") | {"b": ""}, _written(case["AS"]) | {"b": ""}, "AS")
    found = added.first(b"arc-authentication-results")
    expect("".join(found.text.split()) if found else "", "".join((case["AAR"] or "").split()), "AAR")
    if sealed != raw and result is not Result.FAIL:
        zone = {name: "".join(text.split()) for name, text in scenario["txt-records"].items()}
        expect(_foreign_end(sealed, zone), wanted=b"pass", what="the chain's end by dkimpy")


def _foreign_end(sealed: bytes, zone: dict[str, str]) -> bytes:
    end, _, _ = dkim.arc_verify(sealed, dnsfunc=lambda name, **_: zone[name.decode().rstrip(".")].encode())
    return bytes(end)


def _written(text: str) -> dict[str, str]:
    return {tag: "".join(value.split()) for tag, value in taglist.parse(text).items()} if text else {}


def _tags(added: fields.Header, name: bytes) -> dict[str, str]:
    field = added.first(name)
    tags = taglist.parse(field.text) if field is not None else {}
    return {tag: "".join(value.split()) for tag, value in tags.items()}
