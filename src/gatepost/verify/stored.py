"""Evidence as an entry's opening keeps it: all that a policy may ask, and none of the message's words. Pure.

What a message says is not here: of a kept one it is read again from its octets, of a refused one it is gone.
"""

from typing import Any

from gatepost.mail import fields
from gatepost.mail.address import Address
from gatepost.mail.kinds import Begins
from gatepost.mail.reading import Attachment, Extraction, ModelView, Reading, Span, Technique
from gatepost.verify import content, tongue
from gatepost.verify.paper import (
    ArcSeal,
    ArcVerdict,
    AutoMail,
    Content,
    DkimVerdict,
    DmarcVerdict,
    Evidence,
    Family,
    Injection,
    Language,
    Marker,
    Result,
    ScanResult,
    ScanVerdict,
    SpfVerdict,
)
from gatepost.verify.signed_data import LIST_ID

FILES_MAX = 100
"""Attachments of which an entry tells; of a message with more it says so."""
_SIGNATURES_MAX = 64


def is_whole(evidence: Evidence) -> bool:
    """Tell whether ``spell`` tells all there is."""
    return len(evidence.content.reading.attachments) <= FILES_MAX and len(evidence.dkim) <= _SIGNATURES_MAX


def spell(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as JSON; what is as usual is left out.

    ``_value_`` is what ``value`` of an enumeration returns, at a sixth of the cost.
    """
    author, content, auto = evidence.author, evidence.content, evidence.auto
    told: dict[str, Any] = {
        "author": None if author is None else [author.local, author.domain],
        "spf": [evidence.spf.result._value_, evidence.spf.domain],
        "dmarc": [evidence.dmarc.result._value_, evidence.dmarc.domain],
        "flags": [evidence.is_aligned, evidence.is_unsettled, evidence.auth],
    }
    if evidence.author_problem:
        told["problem"] = evidence.author_problem
    if evidence.dkim:
        told["dkim"] = [
            [each.result._value_, each.domain, each.is_aligned, each.unsigned_octets, each.unsigned_twin, *_open(each)]
            for each in evidence.dkim[:_SIGNATURES_MAX]
        ]
    if evidence.arc.seals or evidence.arc.result is not Result.NONE:
        seals = [[seal.instance, seal.domain, seal.claims_aligned] for seal in evidence.arc.seals]
        told["arc"] = [evidence.arc.result._value_, seals]
    score, families = round(evidence.injection.score * 1_000), evidence.injection.families
    if score or families:
        told["injection"] = [score, [each._value_ for each in families]]
    if evidence.scans:
        told["scans"] = [[each.scanner, each.result._value_] for each in evidence.scans]
    if auto.markers or auto.is_own:
        told["auto"] = [[marker._value_ for marker in auto.markers], auto.is_own]
    if evidence.language:
        told["language"] = evidence.language._value_
    return told | _spell_content(content)


def _spell_content(content: Content) -> dict[str, Any]:
    reading = content.reading
    told: dict[str, Any] = {}
    if reading.spans:
        told["techniques"] = sorted({span.technique._value_ for span in reading.spans})
    if reading.is_malformed or reading.is_cut:
        told["reading"] = [reading.is_malformed, reading.is_cut]
    if reading.attachments:
        told["files"] = [
            [each.filename, each.content_type, each.size_octets, each.extraction._value_, each.begins._value_]
            for each in reading.attachments[:FILES_MAX]
        ]
    if content.list_id:
        told["list"] = content.list_id
    return told


def _open(verdict: DkimVerdict) -> list[str]:
    """Name the unsigned field that a decision asks for, where there is one."""
    return [LIST_ID] if LIST_ID in verdict.unsigned_fields else []


def read(told: dict[str, Any], said: Content | None = None) -> Evidence:
    """Return the evidence that ``spell`` told; ``said``: what the message says, where it was kept.

    Raises:
        LookupError, TypeError, ValueError: this is not what ``spell`` writes.
    """
    author = told.get("author")
    aligned, unsettled, auth = told["flags"]
    arc_result, seals = told.get("arc", ("none", []))
    score, families = told.get("injection", (0, []))
    markers, is_own = told.get("auto", ([], False))
    spf_result, spf_domain = told["spf"]
    dmarc_result, dmarc_domain = told["dmarc"]
    return Evidence(
        author=None if author is None else Address(*author),
        author_problem=told.get("problem", ""),
        spf=SpfVerdict(Result(spf_result), spf_domain, "mailfrom"),
        helo=SpfVerdict(Result.NONE, "", "helo"),
        dkim=tuple(_signature(*each) for each in told.get("dkim", ())),
        dmarc=DmarcVerdict(Result(dmarc_result), dmarc_domain),
        arc=ArcVerdict(
            Result(arc_result),
            tuple(ArcSeal(instance, domain, "", claims_aligned=claims) for instance, domain, claims in seals),
        ),
        is_aligned=aligned,
        is_unsettled=unsettled,
        content=said or _wordless(told),
        injection=Injection(score / 1_000, tuple(map(Family, families))),
        scans=tuple(ScanVerdict(scanner, ScanResult(result)) for scanner, result in told.get("scans", ())),
        auth=auth,
        auto=AutoMail(markers=tuple(map(Marker, markers)), is_own=is_own),
        language=_language(told.get("language", ""), said),
    )


def _language(told: str, said: Content | None) -> Language | None:
    """Return what was told, or, of a message of before it was, what its text shows where that was kept."""
    if told:
        return Language(told)
    return None if said is None else tongue.of(said.reading.human)


def _signature(
    result: str,
    domain: str,
    is_aligned: bool,  # noqa: FBT001  # as it stands in the list
    unsigned_octets: int,
    unsigned_twin: str,
    *unsigned: str,
) -> DkimVerdict:
    return DkimVerdict(
        Result(result),
        domain,
        "",
        "",
        is_aligned=is_aligned,
        unsigned_octets=unsigned_octets,
        unsigned_twin=unsigned_twin,
        unsigned_fields=unsigned,
    )


def _wordless(told: dict[str, Any]) -> Content:
    is_malformed, is_cut = told.get("reading", (False, False))
    reading = Reading(
        "",
        ModelView(""),
        spans=tuple(Span(Technique(each), "", 0, 0, "") for each in told.get("techniques", ())),
        attachments=tuple(
            Attachment(part, filename, kind, size, "", Extraction(outcome), *map(Begins, begins))
            for part, (filename, kind, size, outcome, *begins) in enumerate(told.get("files", ()), start=1)
        ),
        is_malformed=is_malformed,
        is_cut=is_cut,
    )
    return Content("", "", "", reading, "", (), (), list_id=told.get("list", ""))


def content_of(raw: bytes, reading: Reading) -> Content:
    """Return what a kept message says, by its octets and by the reading made when it arrived."""
    said = content.read(raw, fields.split(raw))
    return Content(
        subject=said.subject,
        plain=said.plain,
        html=said.html,
        reading=reading,
        message_id=said.message_id,
        references=said.references,
        reply_to=(),
        list_id=said.list_id,
        headers=said.headers,
    )
