"""Evidence in an opening: all that a policy may ask comes back, and no word of the message."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from decide.scene import BOSS, content, evidence
from gatepost.mail.address import Address
from gatepost.mail.kinds import Begins
from gatepost.mail.reading import Attachment, Extraction, ModelView, Reading, Span, Technique
from gatepost.verify import stored
from gatepost.verify.paper import (
    ArcSeal,
    ArcVerdict,
    AutoMail,
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

results = st.sampled_from(Result)
domains = st.sampled_from(["", "example.com", "xn--bcher-kva.example"])
files = st.builds(
    Attachment,
    st.integers(1, 9),
    st.text(max_size=12),
    st.sampled_from(["application/pdf", "text/plain", "x"]),
    st.integers(0, 2**40),
    st.just("what is in the file"),
    st.sampled_from(Extraction),
    st.sampled_from(Begins),
)
spans = st.builds(Span, st.sampled_from(Technique), st.just("html"), st.just(0), st.just(1), st.just("hidden words"))
readings = st.builds(
    Reading,
    st.just("what is said"),
    st.just(ModelView("what is said")),
    spans=st.lists(spans, max_size=3).map(tuple),
    attachments=st.lists(files, max_size=3).map(tuple),
    is_malformed=st.booleans(),
    is_cut=st.booleans(),
)
evidences: st.SearchStrategy[Evidence] = st.builds(
    evidence,
    author=st.sampled_from([None, BOSS, Address('"a b"', "[192.0.2.1]")]),
    author_problem=st.sampled_from(["", "author.ambiguous"]),
    spf=st.builds(SpfVerdict, results, domains, st.just("mailfrom")),
    dkim=st.lists(
        st.builds(
            DkimVerdict,
            results,
            domains,
            st.just("s"),
            st.just("a"),
            is_aligned=st.booleans(),
            unsigned_octets=st.integers(0, 3),
            unsigned_twin=st.sampled_from(["", "subject"]),
            unsigned_fields=st.sampled_from([(), (LIST_ID,)]),
        ),
        max_size=3,
    ).map(tuple),
    dmarc=st.builds(DmarcVerdict, results, domains),
    arc=st.builds(
        ArcVerdict,
        results,
        st.lists(
            st.builds(ArcSeal, st.integers(1, 9), domains, st.just("s"), claims_aligned=st.booleans()), max_size=2
        ).map(tuple),
    ),
    is_aligned=st.booleans(),
    is_unsettled=st.booleans(),
    auth=st.booleans(),
    injection=st.builds(Injection, st.floats(0, 1), st.lists(st.sampled_from(Family), max_size=2).map(tuple)),
    scans=st.lists(st.builds(ScanVerdict, st.just("av"), st.sampled_from(ScanResult)), max_size=2).map(tuple),
    auto=st.builds(AutoMail, markers=st.lists(st.sampled_from(Marker), max_size=2).map(tuple), is_own=st.booleans()),
    language=st.sampled_from([*Language]),
    content=st.builds(content, reading=readings, list_id=st.sampled_from(["", "dev.lists.example"])),
)


def essence(found: Evidence) -> dict[str, Any]:
    """Return what ``spell`` is for, apart from ``spell``."""
    reading = found.content.reading
    return {
        "author": found.author,
        "problem": found.author_problem,
        "spf": (found.spf.result, found.spf.domain),
        "dkim": [
            (one.result, one.domain, one.is_aligned, one.unsigned_octets, one.unsigned_twin, one.unsigned_fields)
            for one in found.dkim
        ],
        "dmarc": (found.dmarc.result, found.dmarc.domain),
        "arc": (found.arc.result, [(one.instance, one.domain, one.claims_aligned) for one in found.arc.seals]),
        "flags": (found.is_aligned, found.is_unsettled, found.auth, reading.is_malformed, reading.is_cut),
        "injection": (round(found.injection.score * 1000), found.injection.families),
        "scans": [(one.scanner, one.result) for one in found.scans],
        "auto": (found.auto.markers, found.auto.is_own, found.auto.is_automatic),
        "techniques": {span.technique for span in reading.spans},
        "files": [
            (one.filename, one.content_type, one.size_octets, one.extraction, one.begins) for one in reading.attachments
        ],
        "list": found.content.list_id,
        "language": found.language,
    }


@given(evidences)
def test_all_that_a_policy_may_ask_comes_back(found: Evidence) -> None:
    told = json.dumps(stored.spell(found))
    again = stored.read(json.loads(told))
    assert essence(again) == essence(found)
    assert stored.spell(again) == stored.spell(found)
    assert not any(words in told for words in ("what is said", "hidden words", "what is in the file", "lunch"))


def test_an_entry_of_before_the_language_was_told_has_it_where_the_words_were_kept() -> None:
    told = stored.spell(evidence())
    text = "Bitte zahlt bis zum Freitag der Woche, und ruft bei Fragen an, wenn ihr noch nicht wisst, wie."
    assert "language" not in told
    assert stored.read(told).language is None
    assert stored.read(told, content(text)).language is Language.GERMAN
    assert stored.read({**told, "language": "fr"}, content(text)).language is Language.FRENCH


def test_an_ordinary_mail_needs_few_octets() -> None:
    assert len(json.dumps(stored.spell(evidence()), separators=(",", ":"))) < 250


def test_what_is_too_much_for_an_entry_says_so() -> None:
    file = Attachment(1, "a", "b/c", 1)
    for count, is_whole in ((stored.FILES_MAX, True), (stored.FILES_MAX + 1, False)):
        found = evidence(content=content(reading=Reading("", ModelView(""), attachments=(file,) * count)))
        assert stored.is_whole(found) is is_whole
        assert len(stored.spell(found)["files"]) == stored.FILES_MAX


def test_the_words_of_a_kept_message_are_read_from_its_octets() -> None:
    raw = b"Subject: =?utf-8?q?caf=C3=A9?=\r\nList-Id: Dev <DEV.lists.example>\r\n\r\nhello\r\n"
    kept = Reading("as it was read then", ModelView("x"))
    said = stored.content_of(raw, kept)
    assert (said.subject, said.plain.strip(), said.list_id) == ("café", "hello", "dev.lists.example")
    assert said.reading is kept
    assert "list-id: Dev <DEV.lists.example>" in said.headers
