"""What a cosignature signs (C2SP tlog-cosignature v1.1.0): with Ed25519 the note's text, with ML-DSA-44 its tree. Pure.

Both hold when the witness saw it, in POSIX seconds.
"""

import base64
import binascii
import re

from gatepost.ledger.errors import LedgerError

_LABEL = b"subtree/v1\n\x00"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_ROOT_OCTETS = 32
_NAME_MAX_OCTETS = 255


def by_ed25519(text: bytes, at_s: int) -> bytes:
    """Return what key type 0x04 signs."""
    return b"cosignature/v1\ntime %d\n%b" % (at_s, text)


def by_mldsa44(cosigner: str, text: bytes, at_s: int) -> bytes:
    """Return what key type 0x06 signs: the tree from its first entry on. Lines after the root are not covered.

    Raises:
        LedgerError: the text is no checkpoint, or a name is longer than 255 octets.
    """
    fields = text.decode(errors="replace").split("\n")
    if len(fields) < 4 or not _SIZE.fullmatch(fields[1]):  # noqa: PLR2004  # origin, size, root and the last line's end
        raise LedgerError("a checkpoint has an origin, a size and a root")
    try:
        root = base64.b64decode(fields[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise LedgerError("a checkpoint's root is base64") from error
    names = cosigner.encode(), fields[0].encode()
    if len(root) != _ROOT_OCTETS or max(map(len, names)) > _NAME_MAX_OCTETS:
        raise LedgerError("a root has 32 octets, and a name at most 255")
    named, origin = (bytes([len(each)]) + each for each in names)
    return _LABEL + named + at_s.to_bytes(8, "big") + origin + bytes(8) + int(fields[1]).to_bytes(8, "big") + root
