"""What a signature is computed over (RFC 6376 section 3.7): header digest, body hash, each body form hashed once."""

import hashlib
from dataclasses import dataclass, field

from gatepost.mail import canonical
from gatepost.mail.canonical import Canon
from gatepost.mail.fields import Field, Header
from gatepost.verify.signature import Signature, without_signature

ONCE = frozenset({
    b"from", b"subject", b"content-type", b"content-transfer-encoding", b"reply-to", b"message-id",
    b"in-reply-to", b"references", b"to", b"cc", b"date", b"sender",
})  # fmt: skip
"""Fields of which a message has one at most (RFC 5322 section 3.6, RFC 2045): a second one is another message.

MIME-Version is not among them: honest mail has it twice, and nobody reads it otherwise."""

LIST_ID = "list-id"
"""The field that names a mailing list (RFC 2919), as ``unsigned_fields`` spells it."""

_SHAPING = (b"subject", b"content-type", b"content-transfer-encoding", LIST_ID.encode())


@dataclass(slots=True)
class Body:
    """A message's body in the forms the signatures ask for, each made once: what follows ``start`` in ``raw``."""

    raw: bytes
    start: int = 0
    _octets: bytes | None = None
    _forms: dict[Canon, bytes] = field(default_factory=dict)
    _hashes: dict[tuple[Canon, int | None], bytes] = field(default_factory=dict)
    _as_received: bytes = b""

    @property
    def octets(self) -> bytes:
        """The body as received, cut out once a signature asks for it: a large one is in memory twice from then on."""
        if self._octets is None:
            self._octets = self.raw[self.start :]
        return self._octets

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the body as received."""
        if not self._as_received:
            self._as_received = hashlib.sha256(memoryview(self.raw)[self.start :]).digest()
        return self._as_received

    def form(self, canon: Canon) -> bytes:
        """Return the canonical body."""
        found = self._forms.get(canon)
        if found is None:
            found = self._forms[canon] = canonical.body(self.octets, canon)
        return found

    def digest(self, canon: Canon, length: int | None) -> bytes:
        """Return SHA-256 of the canonical body, of its first ``length`` octets where that is given.

        Most bodies are canonical as they come, and have one hash for every use.
        """
        if length is None and self.form(canon) is self.octets:
            return self.sha256
        key = (canon, length)
        found = self._hashes.get(key)
        if found is None:
            form = self.form(canon)
            covered = form if length is None else memoryview(form)[:length]
            found = self._hashes[key] = hashlib.sha256(covered).digest()
        return found


def signed_fields(header: Header, names: tuple[bytes, ...], itself: Field | None = None) -> list[Field]:
    """Pick the fields h= names, each name from the bottom up; a name without a field adds nothing (section 5.4.2).

    Signatures that h= names are the others (section 3.5), not ``itself``.
    """
    used: dict[bytes, int] = {}
    picked: list[Field] = []
    named = header.named
    if itself is not None and itself.name in names:
        named = {**named, itself.name: tuple(one for one in header.all(itself.name) if one is not itself)}
    fields_of = named.get
    for name in names:
        found = fields_of(name)
        if found is None:
            continue
        before = used.get(name, 0)
        if before < len(found):
            used[name] = before + 1
            picked.append(found[-1 - before])
    return picked


def unsigned_twins(header: Header, names: tuple[bytes, ...]) -> str:
    """Name the first field that may stand once (RFC 5322 section 3.6), stands twice, and is not signed as often.

    Signatures count from the bottom up, and readers take the topmost: whoever adds a second Subject above a signed one
    puts words into the signer's mouth (RFC 6376 section 8.15). Empty where there is none.
    """
    if len(header.named) == len(header.fields):
        return ""  # nothing stands twice
    for name, found in header.named.items():
        if len(found) > 1 and name in ONCE and len(found) > names.count(name):
            return name.decode("ascii")
    return ""


def unsigned_fields(header: Header, names: tuple[bytes, ...]) -> tuple[str, ...]:
    """Name the fields that are there, decide how the mail is read, answered or sorted, and are not signed.

    Whoever replays a signed mail may have put them there: another Content-Type shows the same octets otherwise
    (RFC 6376 sections 5.4.1 and 8.15). Large senders sign none of them, so it is evidence, no verdict.
    """
    return tuple([name.decode("ascii") for name in _SHAPING if name in header.named and name not in names])


def header_digest(header: Header, signature: Signature) -> bytes:
    """Return SHA-256 of the signed fields and the signature field itself, b= emptied, without its final CRLF."""
    covered: list[tuple[bytes, bytes]] = [*signed_fields(header, signature.signed, signature.field)]
    covered.append((signature.field.name, without_signature(signature.field.raw)))
    return hashlib.sha256(canonical.header_fields(covered, signature.header_canon)).digest()
