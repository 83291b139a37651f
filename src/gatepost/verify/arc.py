"""ARC (RFC 8617): the chain of those who forwarded a message, and what each says it saw. Validation only."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from gatepost.dns.paper import Answer, RdType, Status
from gatepost.mail import canonical
from gatepost.mail.canonical import Canon
from gatepost.mail.fields import Field, Header
from gatepost.verify import authres, public_key, signature
from gatepost.verify.answers import Answers
from gatepost.verify.paper import ArcSeal, ArcVerdict, Result
from gatepost.verify.public_key import KeyUnusableError
from gatepost.verify.signature import Signature, SignatureSyntaxError
from gatepost.verify.signed_data import Body, header_digest, unsigned_twins

MAX_INSTANCES = 50
"""RFC 8617 section 4.2.1."""

_RESULTS = b"arc-authentication-results"
_MESSAGE = b"arc-message-signature"
_SEAL = b"arc-seal"
FIELDS = (_RESULTS, _MESSAGE, _SEAL)
"""The fields of one set, in the order a seal covers them (section 5.1.1)."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One ARC-Seal field (section 4.1.3)."""

    field: Field
    algorithm: str
    domain: str
    selector: str
    cv: str
    signature: bytes

    @property
    def key_name(self) -> str:
        """Where the public key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class ArcSet:
    """The three fields one forwarder added."""

    instance: int
    results: Field
    message: Signature
    seal: Seal


@dataclass(frozen=True, slots=True)
class Chain:
    """What the header holds: sets oldest first, or the reason why they are no chain. Neither: no ARC at all."""

    sets: tuple[ArcSet, ...] = ()
    trouble: str = ""


_NO_CHAIN, _NO_VERDICT = Chain(), ArcVerdict(Result.NONE)


class _BrokenChainError(ValueError):
    """The chain cannot be valid; the message says why."""


def read(header: Header) -> Chain:
    """Collect the sets and check their structure (RFC 8617 section 5.2 steps 1 to 3)."""
    found = [header.all(name) for name in FIELDS]
    if not any(found):
        return _NO_CHAIN
    if header.is_cut or max(map(len, found)) > MAX_INSTANCES:
        return Chain(trouble="more sets than the standard allows")
    try:
        return Chain(_pair([_by_instance(fields) for fields in found]))
    except (SignatureSyntaxError, _BrokenChainError) as error:
        return Chain(trouble=str(error))


def _by_instance(fields: tuple[Field, ...]) -> dict[int, Field]:
    numbered: dict[int, Field] = {}
    for field in fields:
        instance = _instance(field)
        if instance in numbered:
            raise _BrokenChainError("two fields of one kind share an instance")
        numbered[instance] = field
    return numbered


def _instance(field: Field) -> int:
    if field.name == _RESULTS:
        name, _, value = authres.without_comments(field.text).partition(";")[0].partition("=")
        text = value.strip() if name.strip() == "i" else ""
    else:
        text = signature.read_tags(field).get("i", "")
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 2):  # noqa: PLR2004  # 50 is the most there are
        raise _BrokenChainError("i= is missing or not a number from 1 to 50")
    if not 1 <= int(text) <= MAX_INSTANCES:
        raise _BrokenChainError("i= is missing or not a number from 1 to 50")
    return int(text)


def _pair(kinds: list[dict[int, Field]]) -> tuple[ArcSet, ...]:
    results, messages, seals = kinds
    last = max(map(len, kinds))
    wanted = set(range(1, last + 1))
    if any(set(kind) != wanted for kind in kinds):
        raise _BrokenChainError("a set is incomplete, or an instance is missing")
    sets = tuple(
        ArcSet(at, results[at], signature.parse(messages[at], is_arc=True), _read_seal(seals[at]))
        for at in sorted(wanted)
    )
    for one in sets:
        if one.seal.cv != ("none" if one.instance == 1 else "pass"):
            raise _BrokenChainError("a seal says that the chain had failed before, or began later than it did")
    return sets


def _read_seal(field: Field) -> Seal:
    tags = signature.read_tags(field)
    if "h" in tags or "bh" in tags:
        raise _BrokenChainError("a seal with h= or bh=")
    domain, selector = signature.read_place(tags)
    signature.read_number(tags, "t")
    return Seal(
        field, signature.read_algorithm(tags), domain, selector, tags.get("cv", "").lower(),
        signature.read_base64(tags, "b"),
    )  # fmt: skip


def key_names(chain: Chain) -> list[str]:
    """Return where the keys are published: every seal's, and that of the newest message signature."""
    return [one.seal.key_name for one in chain.sets] + [one.message.key_name for one in chain.sets[-1:]]


def keys_of(known: Answers, chain: Chain) -> dict[str, Answer]:
    """Return what DNS says where each key should be."""
    return known.of(key_names(chain), RdType.TXT)


def judge(
    header: Header, body: Body, chain: Chain, keys: dict[str, Answer], now: datetime, author_domain: str | None
) -> ArcVerdict:
    """Validate the chain (RFC 8617 section 5.2 steps 4 to 6); pure.

    deviation: section 5.2 knows no temporary failure; ours is ``temperror``, so that a later attempt may know.
    """
    if chain.trouble:
        return ArcVerdict(Result.FAIL, reason=chain.trouble)
    if not chain.sets:
        return _NO_VERDICT
    seals = tuple(
        ArcSeal(one.instance, one.seal.domain, one.seal.selector, authres.claims_pass(one.results, author_domain))
        for one in chain.sets
    )
    result, reason = _validate(header, body, chain.sets, keys, now)
    return ArcVerdict(result, seals, reason)


def _validate(
    header: Header, body: Body, sets: tuple[ArcSet, ...], keys: dict[str, Answer], now: datetime
) -> tuple[Result, str]:
    newest = sets[-1].message
    checks = [(newest.key_name, newest.algorithm, newest.signature, header_digest(header, newest))]
    checks += [
        (one.seal.key_name, one.seal.algorithm, one.seal.signature, _seal_digest(sets[: one.instance]))
        for one in reversed(sets)
    ]
    if trouble := _no_proof(header, body, newest, now):
        return Result.FAIL, trouble
    if not compare_digest(body.digest(newest.body_canon, newest.length), newest.body_hash):
        return Result.FAIL, "the body was changed after the last seal"
    failed = [_check(keys, *check) for check in checks]
    troubles = [trouble for trouble in failed if trouble]
    if any(trouble is not _UNANSWERED for trouble in troubles):
        return Result.FAIL, next(trouble for trouble in troubles if trouble is not _UNANSWERED)
    return (Result.TEMPERROR, _UNANSWERED) if troubles else (Result.PASS, "")


def _no_proof(header: Header, body: Body, newest: Signature, now: datetime) -> str:
    """Say why even a matching signature would prove nothing: it has expired, or lets anybody add words.

    deviation: l= may leave octets unsigned (RFC 6376 section 3.5). A seal speaks for a message, so here it may not.
    """
    if newest.expires_at is not None and newest.expires_at < now.timestamp():
        return "the last seal has expired"
    if newest.length is not None and newest.length != len(body.form(newest.body_canon)):
        return "l= does not count the whole body"
    twin = unsigned_twins(header, newest.signed)
    return f"a second {twin} is not sealed" if twin else ""


_UNANSWERED = "a key could not be asked for"


def _check(keys: dict[str, Answer], key_name: str, algorithm: str, octets: bytes, digest: bytes) -> str:
    """Verify one signature; return what is wrong, empty for nothing."""
    if algorithm == "rsa-sha1":
        return "rsa-sha1 is historic (RFC 8301 section 3.1)"
    answer = keys.get(key_name, Answer(Status.TEMPERROR))
    if answer.status is Status.TEMPERROR:
        return _UNANSWERED
    try:
        key = public_key.choose(answer)
    except KeyUnusableError as error:
        return str(error)
    if not algorithm.startswith(key.family):
        return "the key is of another kind than the signature"
    if key.is_weak:
        return f"a key of {key.bits} bits proves nothing (RFC 8301 section 3.2)"
    return "" if key.verify(octets, digest) else "a signature of the chain does not match"


def _seal_digest(sets: tuple[ArcSet, ...]) -> bytes:
    """Return SHA-256 of all sets so far, relaxed, the last seal's b= emptied (RFC 8617 section 5.1.1)."""
    parts: list[bytes] = []
    for one in sets:
        last = one is sets[-1]
        seal = signature.without_signature(one.seal.field.raw) if last else one.seal.field.raw
        parts += [canonical.header_field(raw, Canon.RELAXED) for raw in (one.results.raw, one.message.field.raw, seal)]
    return hashlib.sha256(b"\r\n".join(parts)).digest()
