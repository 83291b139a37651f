"""DKIM verification (RFC 6376, 8301, 8463, 8616): every signature gets a verdict."""

from datetime import datetime
from hmac import compare_digest
from typing import NamedTuple

from gatepost.dns.paper import Answer, RdType, Status
from gatepost.mail.fields import Field, Header
from gatepost.verify import public_key, signature
from gatepost.verify.answers import Answers
from gatepost.verify.paper import DkimVerdict, Result
from gatepost.verify.public_key import KeyUnusableError, PublicKey
from gatepost.verify.signature import Signature, SignatureSyntaxError
from gatepost.verify.signed_data import Body, header_digest, unsigned_fields, unsigned_twins

MAX_SIGNATURES = 5
"""Signatures tried; unreadable ones count too, or a stranger could make us ask DNS for ever."""


class Claim(NamedTuple):
    """One DKIM-Signature field: readable, or the reason why not."""

    field: Field
    signature: Signature | None
    trouble: str = ""


def read(header: Header) -> tuple[Claim, ...]:
    """Read every DKIM-Signature, top to bottom; those beyond the limit are named, not tried."""
    claims: list[Claim] = []
    for at, field in enumerate(header.all(b"dkim-signature")):
        if header.is_cut or at >= MAX_SIGNATURES:
            claims.append(Claim(field, None, "not tried: more fields than we read"))
            continue
        try:
            claims.append(Claim(field, signature.parse(field)))
        except SignatureSyntaxError as error:
            claims.append(Claim(field, None, str(error)))
    return tuple(claims)


def key_names(claims: tuple[Claim, ...]) -> list[str]:
    """Return where the keys are published."""
    return [claim.signature.key_name for claim in claims if claim.signature is not None]


def keys_of(known: Answers, claims: tuple[Claim, ...]) -> dict[str, Answer]:
    """Return what DNS says where each key should be."""
    return known.of(key_names(claims), RdType.TXT)


def judge(
    header: Header,
    body: Body,
    claims: tuple[Claim, ...],
    keys: dict[str, Answer],
    now: datetime,
    author_domain: str | None = None,
) -> tuple[DkimVerdict, ...]:
    """Give every signature its verdict, in header order; pure.

    A proof by the author's domain itself is aligned under every policy (RFC 9989 section 4.4); others may yet be found
    to be.
    """
    return tuple([_judge_one(header, body, claim, keys, now, author_domain) for claim in claims])


def is_proof(verdict: DkimVerdict) -> bool:
    """Tell whether a signature speaks for the whole message.

    deviation: RFC 6376 section 3.5 lets l= cover a part of the body; what anybody may append to proves no author. Nor
    does what anybody may put a second Subject on (section 8.15).
    """
    return verdict.result is Result.PASS and verdict.unsigned_octets == 0 and not verdict.unsigned_twin


class _NotPassedError(Exception):
    """One signature ends here; ``bits`` where the key was read."""

    def __init__(self, result: Result, reason: str, bits: int | None = None) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason
        self.bits = bits


def _judge_one(
    header: Header, body: Body, claim: Claim, keys: dict[str, Answer], now: datetime, author_domain: str | None
) -> DkimVerdict:
    made = claim.signature
    if made is None:
        return DkimVerdict(Result.NEUTRAL, "", "", "", claim.trouble)
    place = (made.domain, made.selector, made.algorithm)
    try:
        _check_age(made, now)
        key = _take_key(made, keys.get(made.key_name, Answer(Status.TEMPERROR)))
        unsigned = _check_hashes(header, body, made, key)
    except _NotPassedError as error:
        return DkimVerdict(error.result, *place, error.reason, error.bits)
    if key.is_weak:
        reason = f"a key of {key.bits} bits proves nothing (RFC 8301 section 3.2)"
        return DkimVerdict(Result.POLICY, *place, reason, key.bits, is_testing=key.is_testing)
    twin = unsigned_twins(header, made.signed)
    reason = f"a second {twin} is not signed" if twin else ""
    reason = f"l= leaves {unsigned} octets of the body unsigned" if unsigned else reason
    return DkimVerdict(
        Result.PASS, *place, reason, key.bits,
        is_aligned=made.domain == author_domain and not reason,
        unsigned_octets=unsigned, unsigned_twin=twin, signs_reply_to=b"reply-to" in made.signed,
        is_testing=key.is_testing, unsigned_fields=unsigned_fields(header, made.signed),
    )  # fmt: skip


def _check_age(made: Signature, now: datetime) -> None:
    if made.algorithm == "rsa-sha1":
        raise _NotPassedError(Result.PERMERROR, "rsa-sha1 is historic (RFC 8301 section 3.1)")
    if made.expires_at is not None and made.expires_at < now.timestamp():
        raise _NotPassedError(Result.FAIL, "the signature has expired")


def _take_key(made: Signature, answer: Answer) -> PublicKey:
    if answer.status is Status.TEMPERROR:
        raise _NotPassedError(Result.TEMPERROR, "the key could not be asked for")
    try:
        key = public_key.choose(answer)
    except KeyUnusableError as error:
        raise _NotPassedError(Result.PERMERROR, str(error), error.bits) from None
    if not made.algorithm.startswith(key.family):
        raise _NotPassedError(Result.PERMERROR, "the key is of another kind than the signature", key.bits)
    if key.is_strict and made.user and signature.user_domain(made.user) != made.domain:
        raise _NotPassedError(Result.PERMERROR, "the key demands that i= and d= agree", key.bits)
    return key


def _check_hashes(header: Header, body: Body, made: Signature, key: PublicKey) -> int:
    """Compare body hash, then signature (RFC 6376 section 6.1.3); return how many octets of the body l= leaves out."""
    whole = len(body.form(made.body_canon))
    covered = whole if made.length is None else made.length
    if covered > whole:
        raise _NotPassedError(Result.PERMERROR, "l= counts more octets than the body has", key.bits)
    if not compare_digest(body.digest(made.body_canon, made.length), made.body_hash):
        raise _NotPassedError(Result.FAIL, "the body was changed", key.bits)
    if not key.verify(made.signature, header_digest(header, made)):
        raise _NotPassedError(Result.FAIL, "the signature does not match the header", key.bits)
    return whole - covered
