"""DKIM, rule by rule: a right signature, one thing done to it, and what that comes to. RFC 6376 unless a row says.

``neutral`` is a field that is no signature (section 6.1.1), ``permerror`` a key or a form that can never pass,
``policy`` a key too weak to prove anything (RFC 8301 section 3.2).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import pytest

from gatepost.mail import fields
from gatepost.verify import dkim
from gatepost.verify.answers import Answers
from gatepost.verify.paper import DkimVerdict
from gatepost.verify.signed_data import Body
from verify.arrivals import NOW
from verify.standards.letters import BODY, ED25519, HEAD, NAMES, Key, canonical_body, field, key_record, mail, rsa_key
from zones import ZoneResolver

RSA = rsa_key(2048)
TAGS = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": "corp.example", "s": "sel", "h": NAMES}
RECORD = key_record(RSA)
BARE = RECORD.removeprefix("v=DKIM1; ")
SOON, PAST = (str(int((NOW + timedelta(hours=hours)).timestamp())) for hours in (1, -1))
HASH = base64.b64encode(hashlib.sha256(canonical_body(BODY, "relaxed")).digest()).decode()
OTHER_TEXT = {"bh": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}


class Row(NamedTuple):
    """One thing done: other tags, another key, another record, a head or body changed before or after signing."""

    section: str
    what: str
    result: str
    tags: Mapping[str, str | None] = MappingProxyType({})
    records: Sequence[str] = (RECORD,)
    key: Key = RSA
    head: Sequence[bytes] = HEAD
    body: bytes = BODY
    sent_head: Sequence[bytes] | None = None
    sent_body: bytes | None = None
    canon: str = ""
    spelled: str = "{}={}"
    ended: str = ""


def tag(section: str, what: str, result: str, **tags: str | None) -> Row:
    return Row(section, what, result, tags)


def published(section: str, what: str, result: str, *records: str, **tags: str | None) -> Row:
    return Row(section, what, result, tags, records)


def sent(section: str, what: str, result: str, head: Sequence[bytes] = HEAD, body: bytes = BODY, **tags: str) -> Row:
    """Change the message after it was signed."""
    return Row(section, what, result, dict(tags), sent_head=head, sent_body=body)


def subject(text: bytes) -> Sequence[bytes]:
    return tuple(b"Subject:" + text if one.startswith(b"Subject") else one for one in HEAD)


SIMPLE = "simple/simple"
FOLDED = subject(b" Budget of\r\n the year")
ROWS = [
    tag("3.5", "nothing", "pass"),
    # tag lists
    Row("3.2", "a semicolon at the end", "pass", ended=";"),
    Row("3.2", "white space around every sign", "pass", spelled="\r\n {} \t= {} "),
    tag("3.2", "an unknown tag", "pass", yy="what; q=dns/txt"),
    tag("3.2", "a tag without a value", "pass", z=""),
    tag("3.2", "a tag twice", "neutral", q="dns/txt; q=dns/txt"),
    tag("3.2", "no equals sign", "neutral", q="dns/txt; nonsense"),
    tag("3.2", "two semicolons", "neutral", q="dns/txt; "),
    tag("3.2", "a name with a dash", "neutral", **{"a-b": "c"}),
    tag("3.2", "names are of one case", "neutral", a=None, A="rsa-sha256"),
    tag("3.2", "an equals sign inside a value", "pass", zz="a=b=c"),
    # what must be there
    *(tag("3.5", f"no {name}=", "neutral", **{name: None}) for name in ("a", "d", "s", "h")),
    *(tag("3.5", f"an empty {name}=", "neutral", **{name: ""}) for name in ("a", "d", "s", "h", "bh", "c")),
    tag("3.5", "no bh=", "neutral", bh=None),
    tag("3.5", "no b=", "neutral", b=None),
    tag("3.5", "v= is 2", "neutral", v="2"),
    tag("3.5", "v= is 1.0", "neutral", v="1.0"),
    tag("3.5", "no v=, as older signers", "pass", v=None),
    tag("3.5", "bh= is no base64", "neutral", bh="*"),
    tag("3.5", "b= is no base64", "neutral", b="a-b_"),
    tag("3.5", "b= is of another length", "fail", b="YWJj"),
    tag("3.5", "bh= is folded", "pass", bh=HASH[:9] + "\r\n\t" + HASH[9:]),
    tag("3.5", "bh= lacks its padding", "neutral", bh=HASH.rstrip("=")),
    # algorithms
    tag("RFC 8301 3.1", "rsa-sha1", "permerror", a="rsa-sha1"),
    tag("3.3", "an algorithm in capitals", "pass", a="RSA-SHA256"),
    tag("3.3", "an unknown hash", "neutral", a="rsa-sha512"),
    tag("3.3", "an unknown cipher", "neutral", a="dsa-sha256"),
    tag("3.3", "no dash", "neutral", a="rsa"),
    Row("RFC 8463 3", "Ed25519", "pass", {"a": "ed25519-sha256"}, (key_record(ED25519),), ED25519),
    Row("RFC 8463 3", "Ed25519 said, RSA published", "permerror", {"a": "ed25519-sha256"}, key=ED25519),
    Row("RFC 8463 3", "RSA said, Ed25519 published", "permerror", records=(key_record(ED25519),)),
    Row("RFC 8463 3", "an Ed25519 signature of RSA's length", "fail", {"a": "ed25519-sha256"}, (key_record(ED25519),)),
    *(
        Row("RFC 8301 3.2", f"RSA of {bits} bits", result, records=(key_record(rsa_key(bits)),), key=rsa_key(bits))
        for bits, result in ((512, "policy"), (1023, "policy"), (1024, "pass"))
    ),
    # canonical forms
    *(
        Row("3.4", f"{form or 'no c='}", "pass", {"c": form}, canon=form or "simple/simple")
        for form in ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed", "simple", "Relaxed/SIMPLE", None)
    ),
    tag("3.5", "an unknown form", "neutral", c="relaxed/nofws"),
    tag("3.5", "three forms", "neutral", c="relaxed/simple/simple"),
    sent("3.4.2", "a field folded elsewhere", "pass", FOLDED),
    sent("3.4.2", "a field's name in capitals", "pass", [HEAD[0].replace(b"From", b"FROM"), *HEAD[1:]]),
    sent("3.4.2", "space before the colon", "pass", [HEAD[0].replace(b"From:", b"From :"), *HEAD[1:]]),
    sent("3.4.2", "a space inside a word", "fail", subject(b"Bud get of the year")),
    sent("3.4.2", "a word's case", "fail", subject(b"budget of the year")),
    sent("3.4.1", "a field folded elsewhere, simple", "fail", FOLDED, c=SIMPLE),
    sent("3.4.1", "a name in capitals, simple", "fail", [HEAD[0].replace(b"From", b"FROM"), *HEAD[1:]], c=SIMPLE),
    sent("3.4.4", "empty lines at the end", "pass", body=BODY + b"\r\n\r\n"),
    sent("3.4.4", "blanks at line ends", "pass", body=BODY.replace(b"numbers. ", b"numbers.  \t")),
    sent("3.4.4", "blanks between words", "pass", body=BODY.replace(b"the  numbers", b"the \t numbers")),
    sent("3.4.4", "a blank where none was", "fail", body=b" " + BODY),
    sent("3.4.4", "a blank line of blanks at the end", "pass", body=BODY + b"  \t\r\n"),
    sent("3.4.4", "a line more", "fail", body=BODY + b"x\r\n"),
    sent("3.4.4", "no line end at the end", "pass", body=BODY.rstrip()),
    sent("3.4.3", "empty lines at the end, simple", "pass", body=BODY + b"\r\n\r\n", c=SIMPLE),
    sent("3.4.3", "blanks at line ends, simple", "fail", body=BODY.replace(b"numbers. ", b"numbers."), c=SIMPLE),
    sent("3.4.3", "a blank line of blanks, simple", "fail", body=BODY + b" \r\n", c=SIMPLE),
    *(Row("3.4", f"an empty body, {form}", "pass", {"c": form}, body=b"")
      for form in ("simple/simple", "simple/relaxed")),
    *(Row("3.4", f"a body of empty lines, {form}", "pass", {"c": form}, body=b"\r\n\r\n\r\n")
      for form in ("simple/simple", "relaxed/relaxed")),
    Row("3.4.4", "a body of blanks, relaxed, is empty", "pass", OTHER_TEXT, body=b" \r\n\t\r\n"),
    sent("3.4.4", "a bare LF is no line end", "fail", body=BODY.replace(b"numbers. \r\n", b"numbers. \n")),
    sent("3.4.4", "a bare CR is no line end", "fail", body=BODY.replace(b"numbers. \r\n", b"numbers. \r")),
    # which fields
    tag("3.5", "h= without From", "neutral", h="to:subject:date"),
    tag("3.5", "h= in capitals", "pass", h="FROM:To:SUBJECT"),
    tag("3.5", "h= with white space", "pass", h="from \r\n : to:\tsubject"),
    tag("3.5", "h= names what is not there", "pass", h=NAMES + ":sender:sender:x-none"),
    tag("3.5", "h= names From twice", "pass", h="from:from:to"),
    sent("5.4.2", "From added above, signed twice", "fail", [b"From: x@y.example", *HEAD], h="from:from:to"),
    sent("8.15", "Subject added above, signed once", "pass", [b"Subject: Wire it", *HEAD]),
    sent("5.4.2", "Subject added below, signed once", "fail", [*HEAD, b"Subject: Wire it"]),
    sent("5.4.2", "an unsigned field added", "pass", [b"X-New: 1", *HEAD]),
    sent("5.4.2", "fields in another order", "pass", HEAD[::-1]),
    sent("3.5", "a field signed as missing is added", "fail", [*HEAD, b"Sender: x@y.example"], h=NAMES + ":sender"),
    sent("3.5", "a signed field is gone", "fail", HEAD[:3]),
    Row("5.4.2", "of two the lower is signed first", "pass", {"h": "from:received:received"},
        head=(b"Received: two", b"Received: one", *HEAD)),
    Row("5.4.2", "a header line without a colon", "pass", head=(*HEAD, b"no field at all")),
    # identities
    tag("3.5", "i= of the domain", "pass", i="boss@corp.example"),
    tag("3.5", "i= of a subdomain", "pass", i="@sub.corp.example"),
    tag("3.5", "i= without an @", "neutral", i="corp.example"),
    tag("3.5", "i= without an @, in quoted-printable", "neutral", i="=63orp.example"),
    tag("3.5", "i= of another", "neutral", i="@evil.example"),
    tag("3.5", "i= of a name that ends alike", "neutral", i="@evilcorp.example"),
    tag("3.5", "i= of the parent", "neutral", i="@example"),
    tag("3.5", "i= in quoted-printable", "pass", i="b=6Fss@corp.example"),
    tag("3.5", "i='s domain in quoted-printable", "pass", i="boss@=63orp.example"),
    tag("3.5", "d= and i= in capitals", "pass", d="CORP.example", i="@Corp.EXAMPLE"),
    tag("3.5", "d= is a top-level name", "neutral", d="example"),
    tag("3.5", "d= has a blank", "neutral", d="corp .example"),
    tag("3.5", "d= has an empty label", "neutral", d="corp..example"),
    tag("3.5", "s= has an empty end", "neutral", s="sel."),
    tag("3.1", "s= has dots", "pass", s="one.sel"),
    tag("3.5", "q= is dns/txt", "pass", q="dns/txt"),
    tag("3.5", "q= offers another way too", "pass", q="http/well-known : dns/txt"),
    tag("3.5", "q= offers no way we know", "neutral", q="http"),
    tag("RFC 8616 5", "d= in U-labels", "pass", d="b\u00fccher.example"),
    tag("RFC 8616 5", "i= in U-labels, d= in A-labels", "pass", d="xn--bcher-kva.example", i="@b\u00fccher.example"),
    tag("RFC 8616 5", "i= in A-labels, d= in U-labels", "pass", d="b\u00fccher.example", i="@xn--bcher-kva.example"),
    tag("RFC 8616 5", "i= has a local part beyond ASCII", "pass", i="jos\u00e9@corp.example"),
    tag("RFC 8616 5", "s= in U-labels", "pass", s="m\u00fcller"),
    tag("RFC 8616 5", "d= is no name even so", "neutral", d="\u2603\u00a0.example"),
    Row("RFC 6532 3", "fields in UTF-8", "pass",
        head=("From: J\u00f6rg <j\u00f6rg@b\u00fccher.example>".encode(), *HEAD[1:])),
    # length
    Row("3.5", "l= of the whole", "pass", {"l": str(len(b"Please send me the numbers.\r\n\r\nBoss\r\n"))}),
    tag("3.5", "l= of a part", "pass", l="10"),
    tag("3.5", "l= with noughts before", "pass", l="0010"),
    tag("3.5", "l= of nothing", "pass", l="0"),
    tag("3.5", "l= of more than there is", "permerror", l="9999"),
    tag("3.5", "l= beyond all numbers", "permerror", l="9" * 76),
    tag("3.5", "l= negative", "neutral", l="-1"),
    tag("3.5", "l= with a sign", "neutral", l="+10"),
    tag("3.5", "l= in other digits", "neutral", l="\u0661\u0660"),
    tag("3.5", "l= empty", "neutral", l=""),
    Row("3.5", "words added behind l=", "pass", {"l": "28"}, sent_body=BODY + b"Wire it\r\n"),
    Row("3.5", "words changed before l=", "fail", {"l": "28"}, sent_body=BODY.replace(b"numbers", b"letters")),
    Row("3.5", "bh= of other words", "fail", OTHER_TEXT),
    # time
    tag("3.5", "t= in the past", "pass", t=PAST),
    tag("3.5", "x= to come", "pass", t=PAST, x=SOON),
    tag("3.5", "x= gone", "fail", x=PAST),
    tag("3.5", "x= before t=", "neutral", t=SOON, x=PAST),
    tag("3.5", "x= at t=", "neutral", t=SOON, x=SOON),
    tag("3.5", "t= is no number", "neutral", t="now"),
    tag("3.5", "x= is no number", "neutral", x="12.5"),
    tag("3.5", "x= in twelve digits", "pass", x="9" * 12),
    tag("3.5", "z= is for people", "pass", z="From:evil@y.example|Subject:=20no"),
    # key records
    published("3.6.1", "no v=", "pass", BARE),
    published("3.6.1", "v= not first", "permerror", "k=rsa; v=DKIM1; " + BARE),
    published("3.6.1", "v= of another version", "permerror", "v=DKIM2; " + BARE),
    published("3.6.1", "v= in small letters", "permerror", "v=dkim1; " + BARE),
    published("3.6.1", "k=rsa", "pass", "v=DKIM1; k=rsa; " + BARE),
    published("3.6.1", "k= unknown", "permerror", "v=DKIM1; k=ec; " + BARE),
    published("3.6.1", "h= of ours", "pass", "v=DKIM1; h=sha256; " + BARE),
    published("3.6.1", "h= of ours among others", "pass", "v=DKIM1; h= sha1 : sha256 : x ; " + BARE),
    published("3.6.1", "h= of others", "permerror", "v=DKIM1; h=sha1; " + BARE),
    published("3.6.1", "h= of nobody", "permerror", "v=DKIM1; h=; " + BARE),
    published("3.6.1", "s= any", "pass", "v=DKIM1; s=*; " + BARE),
    published("3.6.1", "s= email among others", "pass", "v=DKIM1; s=chat:email; " + BARE),
    published("3.6.1", "s= others", "permerror", "v=DKIM1; s=chat; " + BARE),
    published("3.6.1", "t=s, i= and d= agree", "pass", "v=DKIM1; t=s; " + BARE, i="x@corp.example"),
    published("3.6.1", "t=s, no i=", "pass", "v=DKIM1; t=s; " + BARE),
    published("3.6.1", "t=s among others, i= below d=", "permerror", "v=DKIM1; t=y:s; " + BARE, i="@a.corp.example"),
    published("3.6.1", "t=y", "pass", "v=DKIM1; t=y; " + BARE),
    published("3.6.1", "t= unknown", "pass", "v=DKIM1; t=z; " + BARE, i="@a.corp.example"),
    published("3.6.1", "n= and unknown tags", "pass", "v=DKIM1; n=a note; zz=1; " + BARE),
    published("3.6.1", "g= is of old and ignored", "pass", "v=DKIM1; g=; " + BARE),
    published("3.6.1", "p= empty: revoked", "permerror", "v=DKIM1; p="),
    published("3.6.1", "no p=", "permerror", "v=DKIM1; k=rsa"),
    published("3.6.1", "p= with blanks", "pass", RECORD[:40] + " \t" + RECORD[40:]),
    published("3.6.1", "p= no base64", "permerror", RECORD[:-4] + "!!!!"),
    published("3.6.1", "p= cut short", "permerror", RECORD[:-40]),
    published("3.6.1", "a semicolon at the end", "pass", RECORD + ";"),
    published("3.6.1", "a tag twice", "permerror", RECORD + "; k=rsa; k=rsa"),
    published("3.6.1", "no tag list", "permerror", "v=spf1 -all"),
    published("3.6.1", "an empty record", "permerror", ""),
    published("3.6.2.2", "another's record beside it", "pass", "v=spf1 -all", RECORD),
    published("6.1.2", "nothing", "permerror"),
    Row("6.1.3", "another's key", "fail", records=(key_record(rsa_key(1024)),)),
]  # fmt: skip


def written(row: Row) -> bytes:
    made = field(
        "DKIM-Signature",
        {**TAGS, **row.tags},
        row.head,
        row.body,
        key=row.key,
        canon=row.canon,
        spelled=row.spelled,
        ended=row.ended,
    )
    head = row.head if row.sent_head is None else row.sent_head
    return mail(made, *head, body=row.body if row.sent_body is None else row.sent_body)


async def verdicts(raw: bytes, records: Sequence[str], at: datetime = NOW) -> tuple[DkimVerdict, ...]:
    header = fields.split(raw)
    claims = dkim.read(header)
    names = dkim.key_names(claims)
    known = Answers(ZoneResolver({name: {"TXT": records} for name in names} if records else {}))
    found = await known.settle(lambda: dkim.keys_of(known, claims))
    return dkim.judge(header, Body(raw[header.body_start :]), claims, found, at)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section} {row.what}")
async def test_a_signature_comes_to_what_the_standard_says(row: Row) -> None:
    (found,) = await verdicts(written(row), row.records)
    assert (found.result.value, found.reason) == (row.result, found.reason)


async def test_each_signature_is_judged_alone_and_none_stands_for_another() -> None:  # section 4.2
    good = field("DKIM-Signature", TAGS, HEAD, key=RSA)
    bad = field("DKIM-Signature", {**TAGS, "h": "from:subject", "d": "other.example"}, HEAD, b"other\r\n", key=RSA)
    found = await verdicts(mail(good, b"DKIM-Signature: v=1; nonsense", bad, *HEAD), [RECORD])
    assert [one.result.value for one in found] == ["pass", "neutral", "fail"]
    assert [one.domain for one in found] == ["corp.example", "", "other.example"]


async def test_another_signature_may_be_signed_and_a_signature_never_covers_its_own_value() -> None:  # section 3.5, h=
    first = field("DKIM-Signature", TAGS, HEAD, key=RSA)
    over = {**TAGS, "h": "from:dkim-signature:dkim-signature", "d": "list.example"}
    second = field("DKIM-Signature", over, (first, *HEAD), key=RSA)
    found = await verdicts(mail(second, first, *HEAD), [RECORD])
    assert [one.result.value for one in found] == ["pass", "pass"]
    third = field("DKIM-Signature", {**TAGS, "d": "more.example"}, HEAD, key=RSA)
    found = await verdicts(mail(third, second, first, *HEAD), [RECORD])
    assert [one.result.value for one in found] == ["pass", "fail", "pass"]


async def test_what_l_leaves_open_is_counted() -> None:  # section 8.2
    raw = written(tag("", "", "", l="10"))
    (found,) = await verdicts(raw, [RECORD])
    assert found.unsigned_octets == len(canonical_body(BODY, "relaxed")) - 10
    assert not dkim.is_proof(found)


async def test_a_second_subject_is_told_of_and_proves_nobody() -> None:  # section 8.15
    (found,) = await verdicts(written(sent("", "", "", [b"Subject: Wire it", *HEAD])), [RECORD])
    assert found.unsigned_twin == "subject"
    assert not dkim.is_proof(found)


async def test_a_key_that_only_tries_is_told_of() -> None:  # section 3.6.1, t=y
    (found,) = await verdicts(written(ROWS[0]), ["v=DKIM1; t=y; " + BARE])
    assert found.is_testing
