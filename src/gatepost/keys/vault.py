"""One tenant's seals: what is written through them says nothing to whoever has the tables and not the keys.

A seal is ``kind (1 octet) | key ids | nonce | AES-256-GCM ciphertext and tag``. It is bound to its tenant and its place
(table and id), so a value that was moved to another row does not open. Three kinds:

- ``lasting``: under the tenant's own key; for what the house is set up with.
- ``passing``: under a key made of two, that of the month and that of the subject, a person. Destroying either makes it
  unreadable for ever. One nonce is drawn at random for each; a pair of keys seals far fewer than 2^32 values.
- ``stream``: as ``passing``, for what is too large to be in memory at once: a key of its own (drawn with a random
  salt), pieces of 64 KiB with a counter and a mark on the last one for nonce, so that pieces cannot be dropped,
  repeated, exchanged or cut off (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015).
"""

import hmac
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatepost.clock import Entropy
from gatepost.keys.drawn import Drawn
from gatepost.keys.errors import ErasedError, KeyringError, SealBrokenError
from gatepost.keys.keyring import NONCE_OCTETS, TAG_OCTETS
from gatepost.keys.mac import Mac

TOKEN_OCTETS = 16
SUBJECT = "subject"
"""The purpose of the tokens that name persons' keys."""

PIECE_OCTETS = 64 * 1024
_LASTING, _PASSING, _STREAM = b"\x01", b"\x02", b"\x03"
_ID_OCTETS = 8
_IDS = struct.Struct(">QQ")
_FIRST_64_BITS = struct.Struct(">Q24x")  # of a tag
_HEAD_OCTETS = 1 + 2 * _ID_OCTETS
_SALT_OCTETS = 16
_NONCES = 32  # drawn at once: a batch of mails seals as many


class Holder(Protocol):
    """Where the keys come from: the key store."""

    @property
    def entropy(self) -> Entropy:
        """Draws nonces."""

    @property
    def forgotten(self) -> int:
        """How often keys were forgotten because some were destroyed: what was had of them before counts no more."""

    def lasting(self, tenant: str) -> tuple[Mac, AESGCM]:
        """Return what makes the tenant's tokens, and its cipher for what lasts; made where there is none."""

    def known_lasting(self, tenant: str) -> tuple[Mac, AESGCM]:
        """Return the same; raises ``ErasedError`` where there is none."""

    def epoch(self, tenant: str, month: str) -> int:
        """Return the id of the month's key."""

    def subject(self, tenant: str, name: str) -> int:
        """Return the id of the subject's key."""

    def meet(self, tenant: str, names: Sequence[str]) -> list[int]:
        """Return the ids of the subjects' keys, in that order."""

    def pair(self, epoch: int, subject: int) -> bytes:
        """Return the key made of two; subject 0: of the month's alone."""

    def cipher(self, epoch: int, subject: int) -> AESGCM:
        """Return the cipher under ``pair``."""

    def know(self, keys: Iterable[int]) -> None:
        """Be told which keys will be asked for; those that are destroyed are among them."""


def month_of(at: datetime) -> str:
    """Return the name of the month's key: ``YYYY-MM``, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m}"


class Blinder:
    """One tenant's tokens, for any thread: it has its key, and never asks the key store, which is the loop's alone."""

    __slots__ = ("_mac",)

    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def blind_all(self, purpose: str, texts: Iterable[str | bytes]) -> list[bytes]:
        """Return ``Vault.blind`` of each; none is remembered."""
        rests = (text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text for text in texts)
        return [tag[:TOKEN_OCTETS] for tag in self._mac.each(purpose.encode() + b"\x00", rests)]

    def blind_numbers(self, purpose: str, texts: Iterable[str]) -> list[int]:
        """Return the first 63 bits of ``Vault.blind`` of each as a number; none is remembered."""
        rests = [text.encode("utf-8", "surrogatepass") for text in texts]
        tags = b"".join(self._mac.each(purpose.encode() + b"\x00", rests))
        return [number >> 1 for (number,) in _FIRST_64_BITS.iter_unpack(tags)]


class Vault:
    """Seals and opens for one tenant; for the house itself where the tenant is empty.

    For as long as one transaction: it remembers which keys it seals with, also when they are destroyed meanwhile, and
    what it has blinded.
    """

    __slots__ = (
        "_blinded",
        "_entropy",
        "_epochs",
        "_forgotten",
        "_holder",
        "_persons",
        "_sealers",
        "_tenant",
        "_tokens",
    )

    def __init__(self, holder: Holder, tenant: str) -> None:
        self._holder = holder
        self._tenant = tenant
        self._entropy = Drawn(holder.entropy, _NONCES * NONCE_OCTETS)
        self._epochs: dict[tuple[int, int], int] = {}
        self._persons: dict[str | None, int] = {None: 0}
        self._blinded: dict[tuple[str, bytes], bytes] = {}
        self._sealers: dict[tuple[int, int, str | None], tuple[bytes, AESGCM, bytes]] = {}
        self._tokens: Mac | None = None
        self._forgotten = holder.forgotten

    def blind(self, purpose: str, text: str | bytes) -> bytes:
        """Return 16 octets that stand for ``text``: equal for equal texts of one tenant and purpose, else random.

        HMAC-SHA-256 under the tenant's key, cut to 128 bits. For finding what must not stand in clear.
        """
        octets = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        known = self._blinded.get((purpose, octets))
        if known is None:
            tag = self._mac(purpose.encode() + b"\x00" + octets)
            known = self._blinded[purpose, octets] = tag[:TOKEN_OCTETS]
        return known

    def derive(self, purpose: str) -> bytes:
        """Return 32 octets that only the tenant's key gives for ``purpose``."""
        return self._mac(b"derive\x00" + purpose.encode("utf-8", "surrogatepass"))

    @property
    def blinder(self) -> Blinder:
        """What makes the tokens of many, in any thread, while whoever asked for it keeps the transaction open."""
        return Blinder(self._mac)

    @property
    def _mac(self) -> Mac:
        """What makes the tenant's tokens."""
        self._keep_up()
        if self._tokens is None:
            self._tokens, _ = self._holder.lasting(self._tenant)
        return self._tokens

    def _keep_up(self) -> None:
        """Ask for keys again where some were destroyed: theirs there are none any more."""
        if self._forgotten != self._holder.forgotten:
            self._forgotten = self._holder.forgotten
            self._tokens = None
            self._sealers.clear()

    def blind_text(self, purpose: str, text: str | bytes) -> str:
        """Return ``blind`` in hex, for columns that hold text."""
        return self.blind(purpose, text).hex()

    def seal_lasting(self, place: str, octets: bytes) -> bytes:
        """Seal what the house is set up with: addresses, policies, webhooks. Erased only with the whole tenant."""
        _, cipher = self._holder.lasting(self._tenant)
        nonce = self._entropy(NONCE_OCTETS)
        return _LASTING + nonce + cipher.encrypt(nonce, octets, self._about(_LASTING, place))

    def seal(self, place: str, octets: bytes, *, at: datetime, subject: str | None) -> bytes:
        """Seal what came or happened at a time and concerns a person.

        Args:
            place: table and id, such as ``email/em_...``.
            octets: what to hide.
            at: whose month's key.
            subject: the person's address, as ``Address.key`` spells it; None where it concerns nobody in particular.
        """
        head, cipher, about = self._sealer(at if at.tzinfo is UTC else at.astimezone(UTC), subject)
        nonce = self._entropy(NONCE_OCTETS)
        return head + nonce + cipher.encrypt(nonce, octets, about + place.encode())

    def meet(self, subjects: Iterable[str | None]) -> None:
        """Be told whom ``seal`` will be about: strangers cost less together than one by one."""
        strangers = [subject for subject in dict.fromkeys(subjects) if subject not in self._persons]
        tokens = [self.blind_text(SUBJECT, subject or "") for subject in strangers]
        self._persons.update(zip(strangers, self._holder.meet(self._tenant, tokens), strict=True))

    def open(self, place: str, sealed: bytes) -> bytes:
        """Return what was sealed for this place, by ``seal_lasting`` or ``seal``.

        Raises:
            ErasedError: a key it was sealed under has been destroyed; ``KeyLostError``: or lost.
            SealBrokenError: it was changed, cut or moved, or is of another tenant.
        """
        head = _head_of(sealed)
        return _opened(self._cipher(head), sealed, len(head), self._about(head, place))

    def open_all(self, each: Sequence[tuple[str, bytes]]) -> list[bytes | ErasedError | KeyringError]:
        """Return what ``open`` returns or raises of each place and seal; who is met again costs no key."""
        heads = [sealed[:_HEAD_OCTETS] if sealed[:1] == _PASSING else sealed[:1] for _, sealed in each]
        named = {head for head in heads if len(head) == _HEAD_OCTETS}
        self._holder.know({key for head in named for key in _IDS.unpack_from(head, 1)})
        known: dict[bytes, tuple[AESGCM, bytes]] = {}
        found: list[bytes | ErasedError | KeyringError] = []
        for (place, sealed), head in zip(each, heads, strict=True):
            try:
                if (keyed := known.get(head)) is None:
                    keyed = known[head] = self._cipher(_head_of(sealed)), self._about(head, "")
                found.append(_opened(keyed[0], sealed, len(head), keyed[1] + place.encode()))
            except (ErasedError, KeyringError) as error:
                found.append(error)
        return found

    def is_erased(self, head: bytes) -> bool:
        """Tell whether a key was destroyed that a seal with this beginning needs; what was changed says nothing."""
        try:
            self._cipher(_head_of(head))
        except ErasedError:
            return True
        except KeyringError:
            return False
        return False

    def _cipher(self, head: bytes) -> AESGCM:
        if head == _LASTING:
            return self._holder.known_lasting(self._tenant)[1]
        return self._holder.cipher(*_read_ids(head))

    def seal_stream(self, place: str, pieces: Iterable[bytes], *, at: datetime, subject: str | None) -> Iterator[bytes]:
        """Seal what may be large, piece by piece, whatever the sizes of those given; else as ``seal``."""
        epoch, person = self._ids(at, subject)
        salt = self._entropy(_SALT_OCTETS)
        head = _head(_STREAM, epoch, person) + salt
        cipher = self._stream_cipher(epoch, person, salt)
        return _seal_pieces(cipher, head, self._about(head, place), pieces)  # has its keys; any thread may go on

    def open_stream(self, place: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Return what ``seal_stream`` sealed. What was yielded is genuine; that it is whole, only the end says.

        Raises:
            ErasedError: a key it was sealed under has been destroyed.
            SealBrokenError: it was changed, cut or moved.
        """
        rest = iter(pieces)
        start = b""
        while len(start) < _HEAD_OCTETS + _SALT_OCTETS:
            more = next(rest, None)
            if more is None:
                raise SealBrokenError("a seal is cut off")
            start += more
        head, first = start[: _HEAD_OCTETS + _SALT_OCTETS], start[_HEAD_OCTETS + _SALT_OCTETS :]
        if head[:1] != _STREAM:
            raise SealBrokenError("this was not sealed by this release")
        cipher = self._stream_cipher(*_read_ids(head), head[_HEAD_OCTETS:])
        return _open_pieces(cipher, self._about(head, place), chain([first], rest))

    def _sealer(self, at: datetime, subject: str | None) -> tuple[bytes, AESGCM, bytes]:
        """Return what ``seal`` begins with, its cipher, and what it is bound to besides its place."""
        self._keep_up()
        known = self._sealers.get((at.year, at.month, subject))
        if known is None:
            keys = self._ids(at, subject)
            head = _head(_PASSING, *keys)
            known = head, self._holder.cipher(*keys), self._about(head, "")
            self._sealers[at.year, at.month, subject] = known
        return known

    def _ids(self, at: datetime, subject: str | None) -> tuple[int, int]:
        at = at if at.tzinfo is UTC else at.astimezone(UTC)
        epoch = self._epochs.get((at.year, at.month))
        if epoch is None:
            epoch = self._epochs[at.year, at.month] = self._holder.epoch(self._tenant, month_of(at))
        person = self._persons.get(subject)
        if person is None:
            token = self.blind_text(SUBJECT, subject or "")
            person = self._persons[subject] = self._holder.subject(self._tenant, token)
        return epoch, person

    def _stream_cipher(self, epoch: int, person: int, salt: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._holder.pair(epoch, person), b"stream\x00" + salt, "sha256"))

    def _about(self, head: bytes, place: str) -> bytes:
        return b"\x00".join((head, self._tenant.encode(), place.encode()))


def _head(kind: bytes, epoch: int, person: int) -> bytes:
    return kind + epoch.to_bytes(_ID_OCTETS, "big") + person.to_bytes(_ID_OCTETS, "big")


def _head_of(sealed: bytes) -> bytes:
    """Return what says under which keys it is sealed, where these are the tenant's or a person's."""
    kind = sealed[:1]
    if kind == _LASTING:
        return kind
    if kind != _PASSING or len(sealed) < _HEAD_OCTETS:
        raise SealBrokenError("this was not sealed by this release")
    return sealed[:_HEAD_OCTETS]


def _opened(cipher: AESGCM, sealed: bytes, head_octets: int, about: bytes) -> bytes:
    start = head_octets + NONCE_OCTETS
    if len(sealed) < start + TAG_OCTETS:
        raise SealBrokenError("a seal is cut off")
    try:
        return cipher.decrypt(sealed[head_octets:start], sealed[start:], about)
    except InvalidTag:
        raise SealBrokenError("a seal is broken: it was changed, or moved from its place") from None


def _read_ids(head: bytes) -> tuple[int, int]:
    middle = 1 + _ID_OCTETS
    if (head[1] | head[middle]) >> 7:  # SQLite's integers are signed, and ours are positive
        raise SealBrokenError("a seal is broken: it names no key of ours")
    return int.from_bytes(head[1:middle], "big"), int.from_bytes(head[middle:_HEAD_OCTETS], "big")


def _piece_nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(NONCE_OCTETS - 1, "big") + (b"\x01" if is_last else b"\x00")


def _seal_pieces(cipher: AESGCM, head: bytes, about: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    for number, (piece, is_last) in enumerate(_cut(pieces, PIECE_OCTETS)):
        yield cipher.encrypt(_piece_nonce(number, is_last=is_last), piece, about)


def _open_pieces(cipher: AESGCM, about: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        for number, (piece, is_last) in enumerate(_cut(pieces, PIECE_OCTETS + TAG_OCTETS)):
            yield cipher.decrypt(_piece_nonce(number, is_last=is_last), piece, about)
    except InvalidTag:
        raise SealBrokenError("a seal is broken: it was changed, cut, or moved from its place") from None


def _cut(pieces: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield pieces of ``size`` octets and a last one that may be shorter, even empty, and is marked as the last."""
    held = bytearray()
    for piece in pieces:
        view = memoryview(piece)
        while view:
            if len(held) == size:
                yield bytes(held), False
                held.clear()
            taken = view[: size - len(held)]
            held += taken
            view = view[len(taken) :]
    yield bytes(held), True
