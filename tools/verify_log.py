"""Verify a whole exported log, offline, with nothing of the program that wrote it.

    python verify_log.py LOG_DIR --vkey FILE [--witness FILE [--quorum N]] [--prove PLACE --to DIR]

A single file that needs Python 3.11 and the package ``cryptography``. LOG_DIR is what ``gatepost log export`` writes,
or any folder with a ``checkpoint`` and ``tile/`` (C2SP tlog-tiles). FILE holds the verifier key, which you have from
elsewhere: a key that came with the log proves nothing. Every entry is hashed again, every tile is compared, the root is
computed anew, and every signature, earlier checkpoint, proof and line of entries in the folder is checked: two signed
roots of one size are named as a split log.

With --prove the proof of one entry of a sound log is made from the folder's tiles, for whoever takes single proofs:
DIR/PLACE.tlog-proof (C2SP tlog-proof) and DIR/PLACE.entry, the entry's exact octets.

A folder may be hostile: no file is read further than what it is can be long, and nothing but a file is opened.

Exit 0: all of it holds. Exit 1: it does not; each line names a file and what is wrong with it. Exit 2: cannot be read.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
HASH_OCTETS = 32
LOG, WITNESS, MLDSA_WITNESS = 0x01, 0x04, 0x06  # the kinds of keys (C2SP signed-note, tlog-cosignature)
KEY_OCTETS = {LOG: 32, WITNESS: 32, MLDSA_WITNESS: 1312}
EMPTY_ROOT = hashlib.sha256(b"").digest()
FAULTS_MAX = 100
TILE_MAX, BUNDLE_MAX, ENTRY_MAX, TEXT_MAX = WIDTH * HASH_OCTETS, WIDTH * 65_537, 65_535, 1 << 20
"""Octets that a file may have: a tile, a bundle of entries, one entry, and a checkpoint, a proof or a key."""
LINES = WIDTH * WIDTH
"""Entries in a file of lines."""
DASH = "\N{EM DASH}"
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
PARTIAL = re.compile(r"(tile/(?:entries|[0-9]{1,2})/(?:x[0-9]{3}/)*[0-9]{3})\.p/([1-9][0-9]{0,2})", re.ASCII)

Report = Callable[[str, str], None]


class Wrong(Exception):  # noqa: N818  # a finding about somebody's file, not a failure of ours
    """What is wrong with a text or a file."""


class Unreadable(Wrong):
    """It is no file, or not there, or longer than it can be."""


class Key(NamedTuple):
    """A verifier key."""

    name: str
    kind: int
    id: bytes
    public: bytes


class Trust(NamedTuple):
    """Whom whoever asks believes: the log's key, witnesses, and how many of these must have cosigned."""

    key: Key
    witnesses: tuple[Key, ...] = ()
    quorum: int = 0


class Head(NamedTuple):
    """A checkpoint whose log signature was verified."""

    size: int
    root: bytes
    text: str
    lines: tuple[tuple[str, bytes], ...]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file and nothing else; unreadable where that or reading from it fails."""
    try:
        # A pipe would wait for whoever writes to it.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("it is no file")
            yield file
    except FileNotFoundError as error:
        raise Unreadable("it is missing") from error
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from error


def read_file(path: Path, octets_max: int) -> bytes:
    """Return what is in a file; unreadable where it is none, or longer than what it should be can be."""
    with opened(path) as file:
        octets = file.read(octets_max + 1)
    if len(octets) > octets_max:
        raise Unreadable("it is too long")
    return octets


def decode(text: str) -> bytes:
    """Read base64 in its one spelling."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Wrong("this is not base64") from error
    if base64.b64encode(octets).decode() != text:
        raise Wrong("this is not canonical base64")
    return octets


def read_key(text: str) -> Key:
    """Read ``name+id+base64`` (C2SP signed-note)."""
    parts = text.removesuffix("\n").split("+", 2)
    if len(parts) != 3:
        raise Wrong("a verifier key is name+id+base64")
    name, id_hex, material = parts[0], parts[1], decode(parts[2])
    if not material or len(material) - 1 != KEY_OCTETS.get(material[0]):
        raise Wrong("the key is neither an Ed25519 key of a log or a witness nor an ML-DSA-44 key of a witness")
    found = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    if not name or found.hex() != id_hex:
        raise Wrong("the key's id is not that of the key")
    return Key(name, material[0], found, material[1:])


def read_keys(path: Path) -> tuple[Key, ...]:
    """Return the keys of a file, one per line; what is wrong names the file."""
    try:
        lines = read_file(path, TEXT_MAX).decode(errors="replace").split("\n")
        return tuple(read_key(line.strip()) for line in lines if line.strip())
    except Wrong as wrong:
        raise type(wrong)(f"{shown(path.name)}: {wrong}") from wrong


def holds(key: Key, signature: bytes, signed: bytes) -> bool:
    """Tell whether a signature is the key's."""
    try:
        if key.kind == MLDSA_WITNESS:
            # Only here: neither every version of ``cryptography`` nor every OpenSSL has it.
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey  # noqa: PLC0415

            MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, signed)
            return True
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise Wrong("an ML-DSA-44 key needs cryptography 48 or newer with OpenSSL 3.5 or newer") from error
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(8)  # the proofs of one export all carry the same one
def open_checkpoint(note: bytes, key: Key) -> Head:
    """Read a checkpoint that ``key`` signed (C2SP signed-note, tlog-checkpoint)."""
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise Wrong("it is not UTF-8") from error
    text, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or any(char < " " and char != "\n" for char in whole):
        raise Wrong("it is no signed note")
    lines = []
    for line in tail[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != DASH or len(octets := decode(parts[2])) < 5:
            raise Wrong("a signature line is malformed")
        lines.append((parts[1], octets))
    text += "\n"
    ours = [octets[4:] for name, octets in lines if name == key.name and octets[:4] == key.id]
    if not ours or not all(holds(key, signature, text.encode()) for signature in ours):
        raise Wrong("the log's key did not sign it")
    fields = text[:-1].split("\n")
    if len(fields) < 3 or not all(fields) or not NUMBER.fullmatch(fields[1]):
        raise Wrong("it has no origin, size and root")
    root = decode(fields[2])
    if fields[0] != key.name:
        raise Wrong(f"it is of the log {fields[0]}, and the key is of {key.name}")
    if len(root) != HASH_OCTETS or (fields[1] == "0" and root != EMPTY_ROOT):
        raise Wrong("its root is none")
    head = Head(int(fields[1]), root, text, tuple(lines))
    check_stamp(head, key)
    return head


def stamp_of(key: Key) -> Key:
    """Return the key under which a log states the time: its own, as a witness of itself."""
    found = hashlib.sha256(key.name.encode() + b"\n" + bytes([WITNESS]) + key.public).digest()[:4]
    return Key(key.name, WITNESS, found, key.public)


def check_stamp(head: Head, key: Key) -> None:
    """See that whatever else is signed in the log's name is its stamp of the time."""
    own = stamp_of(key)
    for name, octets in head.lines:
        if name != key.name or octets[:4] == key.id:
            continue
        if octets[:4] != own.id:
            raise Wrong("a line in the log's name is of another key")
        if not holds(own, octets[12:], cosigned(own, octets[4:12], head)):
            raise Wrong("the log's stamp of the time is wrong")


def cosigned(key: Key, stamp: bytes, head: Head) -> bytes:
    """Return what a witness signed (C2SP tlog-cosignature): the text, or with ML-DSA-44 its names, time and tree."""
    if key.kind == WITNESS:
        return f"cosignature/v1\ntime {int.from_bytes(stamp, 'big')}\n{head.text}".encode()
    name, origin = key.name.encode(), head.text.split("\n")[0].encode()
    if max(len(name), len(origin)) > 255:
        raise Wrong("a name is too long to be cosigned with ML-DSA-44")
    names = bytes([len(name)]) + name + stamp + bytes([len(origin)]) + origin
    return b"subtree/v1\n\0" + names + bytes(8) + head.size.to_bytes(8, "big") + head.root


def count_witnesses(head: Head, trust: Trust) -> int:
    """Return how many of the witnesses cosigned it (C2SP tlog-cosignature); a wrong cosignature is wrong.

    Whoever is named twice, or has two keys, is one witness. Lines of others are passed over, but beside the log's own
    stamp: without it, one of them may have been the stamp.
    """
    known = {(each.name, each.id) for each in (trust.key, stamp_of(trust.key), *trust.witnesses)}
    signers = [(name, octets[:4]) for name, octets in head.lines]
    strangers = [name for name, number in signers if (name, number) not in known]
    if strangers and (trust.key.name, stamp_of(trust.key).id) not in signers:
        raise Wrong(f"it has a line of {strangers[0]}, whom you did not name, and not the log's stamp of the time")
    cosigners = set()
    for key in trust.witnesses:
        for name, octets in head.lines:
            if name != key.name or octets[:4] != key.id:
                continue
            stamp, signature = octets[4:12], octets[12:]
            if not holds(key, signature, cosigned(key, stamp, head)):
                raise Wrong(f"the cosignature of {key.name} is wrong")
            cosigners.add(key.name)
            break
    return len(cosigners)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(row: list[bytes]) -> bytes:
    """Return the root over hashes (RFC 6962 section 2.1)."""
    sha256 = hashlib.sha256
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)] + odd
    return row[0] if row else EMPTY_ROOT


class Tree:
    """The right edge of a tree that grows leaf by leaf: complete subtrees, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def add(self, leaf: bytes, leaves: int = 1) -> None:
        """Add a complete subtree of ``leaves``, a power of two that divides the size."""
        self.size += leaves
        above = self.size // leaves
        while above % 2 == 0:
            leaf = node_hash(self._edge.pop(), leaf)
            above //= 2
        self._edge.append(leaf)

    def root(self) -> bytes:
        """Return the root so far."""
        if not self._edge:
            return EMPTY_ROOT
        joined = self._edge[-1]
        for each in reversed(self._edge[:-1]):
            joined = node_hash(each, joined)
        return joined


def tile_path(level: int | str, index: int, width: int) -> str:
    """Return a tile's path (C2SP tlog-tiles)."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{number}" + (f".p/{width}" if width < WIDTH else "")


def unpack(octets: bytes) -> Iterator[bytes]:
    """Yield the entries of a bundle."""
    at, end = 0, len(octets)
    while at < end:
        begin = at + 2
        at = begin + int.from_bytes(octets[at:begin], "big")
        if at > end or begin > end:
            raise Wrong("it is cut short")
        yield octets[begin:at]


class Lines:
    """The entries as lines, a file for 65,536 of them: held to those of the bundles; no such folder is no fault."""

    def __init__(self, folder: Path, report: Report) -> None:
        self._folder = folder
        self._report = report
        self._left = {path.name for path in folder.glob("*")}
        self._is_there = bool(self._left)
        self._stack = ExitStack()
        self._file: BinaryIO | None = None
        self._name = ""

    def compare(self, at: int, entries: list[bytes]) -> None:
        """Compare the entries from a place on."""
        if not self._is_there:
            return
        if at % LINES == 0:
            self._open(f"{at:012d}.jsonl")
        wanted = b"".join(entry + b"\n" for entry in entries)
        if self._file is not None and self._read(len(wanted)) != wanted:
            self._report(f"entries/{self._name}", f"its lines are not the entries from {at} on")
            self._file = None

    def end(self) -> None:
        """Name what is longer than the log, and files that are no part of it."""
        self._close()
        for name in sorted(self._left):
            self._report(f"entries/{name}", "it is no part of the log")

    def _close(self) -> None:
        if self._file is not None and self._read(1):
            self._report(f"entries/{self._name}", "it goes on after its last entry")
        self._stack.close()

    def _read(self, octets: int) -> bytes:
        try:
            return b"" if self._file is None else self._file.read(octets)
        except OSError as error:
            self._report(f"entries/{self._name}", f"it cannot be read: {error.strerror}")
            return b""

    def _open(self, name: str) -> None:
        self._close()
        self._left.discard(name)
        self._name, self._file = name, None
        try:
            self._file = self._stack.enter_context(opened(self._folder / name))
        except Wrong as wrong:
            self._report(f"entries/{name}", str(wrong))


class Log:
    """One log folder, gone through once from the first entry to the last."""

    def __init__(self, folder: Path, key: Key, report: Report, lines: Lines) -> None:
        self.folder = folder
        self.key = key
        self.report = report
        self.lines = lines
        self.seen: set[str] = set()
        self._rows: list[list[bytes]] = []

    def read(self, path: str, octets_max: int) -> bytes | None:
        """Return a file of the log; names it where it cannot be had."""
        self.seen.add(path)
        try:
            return read_file(self.folder / path, octets_max)
        except Wrong as wrong:
            self.report(path, str(wrong))
            return None

    def bundle(self, index: int, width: int) -> list[bytes] | None:
        """Return the entries of a bundle."""
        path = tile_path("entries", index, width)
        octets = self.read(path, BUNDLE_MAX)
        if octets is None:
            return None
        try:
            entries = list(islice(unpack(octets), width + 1))
        except Wrong as wrong:
            self.report(path, str(wrong))
            return None
        if len(entries) != width:
            held = f"more than {width}" if len(entries) > width else len(entries)
            self.report(path, f"it holds {held} entries, not {width}")
            return None
        return entries

    def compare(self, level: int, index: int, row: list[bytes]) -> None:
        """Compare a tile with the hashes it must have."""
        path = tile_path(level, index, len(row))
        octets = self.read(path, TILE_MAX)
        if octets is None or octets == (wanted := b"".join(row)):
            return
        changed = [at for at, one in enumerate(octets[: len(wanted)]) if one != wanted[at]]
        self.report(path, f"hash {changed[0] // HASH_OCTETS} is not that of the entries" if changed else "wrong length")

    def walk(self, head: Head, earlier: dict[int, tuple[str, Head]], tick: Callable[[int], None]) -> None:
        """Hash every entry, compare every tile and every checkpoint."""
        tree = Tree()
        sizes = sorted(earlier)
        for index in range(-(-head.size // WIDTH)):
            row = self._leaves(index, min(WIDTH, head.size - index * WIDTH))
            if row is None:
                self.report("checkpoint", f"the tree cannot be computed beyond entry {index * WIDTH}")
                return
            while sizes and sizes[0] < tree.size + len(row):
                self._hold(*earlier[sizes.pop(0)], tree, row)
            self._grow(tree, row)
            tick(tree.size)
        for level, above in enumerate(self._rows, 1):
            if len(above) % WIDTH:
                self.compare(level, len(above) // WIDTH, above[len(above) - len(above) % WIDTH :])
        if tree.root() != head.root:
            self.report("checkpoint", "its root is not that of the entries")
        for name, one in (earlier[size] for size in sizes):
            if one.size > head.size or one.root != tree.root():
                self.report(name, "it is not a beginning of this log")
        self.lines.end()
        self._strays()

    def _leaves(self, index: int, width: int) -> list[bytes] | None:
        """Return the hashes of a bundle's entries, having compared them with the tile."""
        entries = self.bundle(index, width)
        if entries is None:
            return None
        sha256 = hashlib.sha256
        row = [sha256(b"\x00" + entry).digest() for entry in entries]
        self.compare(0, index, row)
        self.lines.compare(index * WIDTH, entries)
        return row

    def _grow(self, tree: Tree, row: list[bytes]) -> None:
        if len(row) == WIDTH:
            full = root_of(row)
            tree.add(full, WIDTH)
            self._rise(1, full)
        else:
            for leaf in row:
                tree.add(leaf)

    def _hold(self, name: str, one: Head, tree: Tree, row: list[bytes]) -> None:
        """Compare an earlier checkpoint that ends within ``row``, the leaves that come after ``tree``."""
        part = Tree()
        part.size, part._edge = tree.size, list(tree._edge)  # noqa: SLF001  # a copy
        for leaf in row[: one.size - tree.size]:
            part.add(leaf)
        if part.root() != one.root:
            self.report(name, "its root is not that of the entries")

    def _rise(self, level: int, full: bytes) -> None:
        """Take the root of a full tile into the row above, and compare that tile once it is full."""
        if len(self._rows) < level:
            self._rows.append([])
        row = self._rows[level - 1]
        row.append(full)
        if len(row) % WIDTH == 0:
            self.compare(level, len(row) // WIDTH - 1, row[-WIDTH:])
            self._rise(level + 1, root_of(row[-WIDTH:]))

    def _strays(self) -> None:
        """Name the files below ``tile/`` that are no part of the log, now or when it was smaller."""
        wide = {name.partition(".p/")[0]: name for name in self.seen if name.startswith("tile/")}
        for path in sorted((self.folder / "tile").rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if (path.is_symlink() or not path.is_dir()) and name not in self.seen:
                narrow = PARTIAL.fullmatch(name)
                whole = wide.get(narrow[1]) if narrow else None
                if narrow is None or whole is None or int(narrow[2]) >= int(whole.partition(".p/")[2] or WIDTH):
                    self.report(name, "it is no part of the log")
                elif not self._begins(name, whole, int(narrow[2])):
                    self.report(name, f"it is not the beginning of {whole}")

    def _begins(self, name: str, whole: str, width: int) -> bool:
        """Tell whether a tile of an earlier size, which nobody need remove, is the beginning of the later one."""
        try:
            octets, later = (read_file(self.folder / each, BUNDLE_MAX) for each in (name, whole))
            if not name.startswith("tile/entries/"):
                return octets == later[: width * HASH_OCTETS]
            kept = [2 + len(entry) for entry in islice(unpack(later), width)]
            return len(kept) == width and octets == later[: sum(kept)]
        except Wrong:
            return False


def climb(index: int, size: int, leaf: bytes, hashes: Sequence[bytes]) -> bytes | None:
    """Return the root an inclusion proof leads to (RFC 9162 section 2.1.3.2); None where its length is wrong."""
    at, last = index, size - 1
    for sibling in hashes:
        if last == 0:
            return None
        if at % 2 or at == last:
            leaf = node_hash(sibling, leaf)
            while at and not at % 2:
                at, last = at >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        at, last = at >> 1, last >> 1
    return leaf if last == 0 else None


def check_proof(path: Path, trust: Trust) -> Head:
    """Check one ``.tlog-proof`` (C2SP tlog-proof) with the entry that lies beside it; return what it leads to."""
    head, gap, note = read_file(path, TEXT_MAX).partition(b"\n\n")
    lines = head.decode("ascii", errors="replace").split("\n")
    if not gap or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Wrong("it is no tlog-proof")
    if lines and lines[0].startswith("extra "):
        decode(lines.pop(0).removeprefix("extra "))
    if not lines or lines.pop(0) != f"index {path.stem}":
        raise Wrong(f"it is not about entry {path.stem}")
    hashes = [decode(line) for line in lines]
    if any(len(each) != HASH_OCTETS for each in hashes):
        raise Wrong("a hash is not 32 octets long")
    checkpoint = open_checkpoint(note, trust.key)
    count_witnesses(checkpoint, trust)
    try:
        entry = read_file(path.with_suffix(".entry"), ENTRY_MAX)
    except Wrong as wrong:
        raise Wrong(f"its entry: {wrong}") from wrong
    index = int(path.stem)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    if index >= checkpoint.size or climb(index, checkpoint.size, leaf, hashes) != checkpoint.root:
        raise Wrong("it does not prove the entry")
    return checkpoint


def check_proofs(folder: Path, trust: Trust, earlier: dict[int, tuple[str, Head]], report: Report) -> int:
    """Check every proof of the folder; return how many there are.

    What each leads to joins the earlier checkpoints: a proof is of this log if that is a beginning of it.
    """
    proofs = sorted(folder.glob("*.tlog-proof"))
    for path in proofs:
        try:
            if not NUMBER.fullmatch(path.stem):
                raise Wrong("it is named after no entry")
            head = check_proof(path, trust)
            name, known = earlier.setdefault(head.size, (f"proofs/{path.name}", head))
            if known.root != head.root:
                raise Wrong(f"its checkpoint and {name} are signed with one size and two roots: the log was split")
        except Wrong as wrong:
            report(f"proofs/{path.name}", str(wrong))
    for path in folder.glob("*.entry"):
        if not path.with_suffix(".tlog-proof").is_file():
            report(f"proofs/{path.name}", "its proof is missing")
    return len(proofs)


def read_earlier(path: Path, key: Key, report: Report) -> dict[int, tuple[str, Head]]:
    """Return the earlier checkpoints, a line each, by size; there may be none."""
    found: dict[int, tuple[str, Head]] = {}
    if not os.path.lexists(path):
        return found
    name = path.name
    try:
        with opened(path) as file:
            for number in count(1):
                if not (line := file.readline(TEXT_MAX)):
                    break
                name = f"{path.name}, line {number}"
                if not line.endswith(b"\n"):
                    raise Unreadable(f"line {number} is cut short, or too long")
                try:
                    head = open_checkpoint(read_line(line), key)
                    if found.setdefault(head.size, (name, head))[1].root != head.root:
                        raise Wrong(f"it and {found[head.size][0]} are signed with one size and two roots")
                except Wrong as wrong:
                    report(name, str(wrong))
    except Unreadable as unreadable:
        report(path.name, str(unreadable))
    return found


def read_line(line: bytes) -> bytes:
    """Return the checkpoint in a line."""
    try:
        said = json.loads(line)
        note, size = said["note"], said["size"]
        octets = note.encode()
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise Wrong("it is no line with a checkpoint") from error
    if octets.split(b"\n")[1:2] != [str(size).encode()]:
        raise Wrong(f"it is not of size {shown(str(size))}")
    return bytes(octets)


def hash_of(log: Path, size: int, start: int, end: int) -> bytes:
    """Return the hash of a range of leaves of a sound log of that size, from its tiles (RFC 6962 section 2.1)."""
    wide = end - start
    if wide & (wide - 1):
        middle = split(start, end)
        return node_hash(hash_of(log, size, start, middle), hash_of(log, size, middle, end))
    level = (wide.bit_length() - 1) // 8
    first, many = start >> 8 * level, wide >> 8 * level
    tile = tile_path(level, first // WIDTH, min(WIDTH, (size >> 8 * level) - first // WIDTH * WIDTH))
    at = first % WIDTH * HASH_OCTETS
    octets = read_file(log / tile, TILE_MAX)[at : at + many * HASH_OCTETS]
    return root_of([octets[each : each + HASH_OCTETS] for each in range(0, len(octets), HASH_OCTETS)])


def split(start: int, end: int) -> int:
    """Return where a tree of several leaves parts: the left side has the greatest power of two there is."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def path_of(log: Path, size: int, place: int, start: int, end: int) -> list[bytes]:
    """Return the hashes beside the way from a leaf up to a range's root (RFC 6962 section 2.1.1)."""
    if end - start == 1:
        return []
    middle = split(start, end)
    if place < middle:
        return [*path_of(log, size, place, start, middle), hash_of(log, size, middle, end)]
    return [*path_of(log, size, place, middle, end), hash_of(log, size, start, middle)]


def prove(log: Path, trust: Trust, place: int, to: Path) -> None:
    """Write the proof of one entry of a sound log, and the entry, to a folder that whoever asks has made."""
    note = read_file(log / "checkpoint", TEXT_MAX)
    head = open_checkpoint(note, trust.key)
    if not 0 <= place < head.size:
        raise Wrong(f"the log has no entry {place}")
    bundle = tile_path("entries", place // WIDTH, min(WIDTH, head.size - place // WIDTH * WIDTH))
    entry = next(islice(unpack(read_file(log / bundle, BUNDLE_MAX)), place % WIDTH, None))
    hashes = path_of(log, head.size, place, 0, head.size)
    lines = ["c2sp.org/tlog-proof@v1", f"index {place}", *(base64.b64encode(each).decode() for each in hashes), "", ""]
    (to / f"{place}.entry").write_bytes(entry)
    (to / f"{place}.tlog-proof").write_bytes("\n".join(lines).encode() + note)
    check_proof(to / f"{place}.tlog-proof", trust)


def shown(text: str) -> str:
    """Return what somebody else wrote as one line that a terminal can show; a file may be named anything."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def progress(size: int) -> Callable[[int], None]:
    """Return what draws a bar on a terminal, and nothing elsewhere."""
    shown = -1

    def tick(done: int) -> None:
        nonlocal shown
        percent = done * 100 // size
        if percent != shown and sys.stderr.isatty():
            shown = percent
            bar = "#" * (percent // 4)
            print(f"\r[{bar:<25}] {percent:3d} % {done:,} entries", end="\n" if done == size else "", file=sys.stderr)

    return tick


def log_of(folder: Path) -> Path:
    """Return where checkpoint and tiles lie."""
    return folder / "log" if (folder / "log").is_dir() else folder


def verify(folder: Path, trust: Trust, report: Report) -> str:
    """Check everything in the folder; return one line that says what was there."""
    key, log = trust.key, log_of(folder)
    if os.path.lexists(folder / "unfinished"):
        report("unfinished", "the export was interrupted: have it go on, into this folder")
    one = Log(log, key, report, Lines(folder / "entries", report))
    note = one.read("checkpoint", TEXT_MAX)
    if note is None:
        return "there is no checkpoint"
    try:
        head = open_checkpoint(note, key)
        cosigned = count_witnesses(head, trust)
        if cosigned < trust.quorum:
            raise Wrong(f"{cosigned} of the witnesses cosigned it, and {trust.quorum} must")
    except Wrong as wrong:
        report("checkpoint", str(wrong))
        return "the checkpoint does not hold"
    earlier = read_earlier(log / "checkpoints.jsonl", key, report)
    proofs = check_proofs(folder / "proofs", trust, earlier, report)
    one.walk(head, earlier, progress(max(head.size, 1)))
    enclosed = folder / "log.vkey"
    if os.path.lexists(enclosed):
        try:
            if read_key(read_file(enclosed, TEXT_MAX).decode(errors="replace")) != key:
                raise Wrong("it is not the key you trust")
        except Wrong as wrong:
            report("log.vkey", str(wrong))
    root = base64.b64encode(head.root).decode()
    return f"{key.name}: {head.size} entries, {proofs} proofs, {cosigned} witnesses, root {root}"


def main() -> int:
    """Verify the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="LOG_DIR")
    parser.add_argument("--vkey", type=Path, required=True, metavar="FILE", help="the log's verifier key")
    parser.add_argument("--witness", type=Path, metavar="FILE", help="verifier keys of witnesses, one per line")
    parser.add_argument("--quorum", type=int, default=0, metavar="N", help="how many witnesses must have cosigned")
    parser.add_argument("--prove", type=int, metavar="PLACE", help="write the proof of this entry")
    parser.add_argument("--to", type=Path, metavar="DIR", default=Path(), help="where to")
    asked = parser.parse_args()
    faults = 0

    def report(path: str, fault: str) -> None:
        nonlocal faults
        faults += 1
        if faults <= FAULTS_MAX:
            print(f"{shown(path)}: {shown(fault)}")

    try:
        keys, witnesses = read_keys(asked.vkey), read_keys(asked.witness) if asked.witness else ()
        if [key.kind for key in keys] != [LOG] or any(each.kind == LOG for each in witnesses):
            raise Wrong(f"{shown(asked.vkey.name)}: one log's key is wanted, and for --witness keys of witnesses")
    except Unreadable as unreadable:
        print(unreadable, file=sys.stderr)
        return 2
    except Wrong as wrong:
        print(wrong)
        return 1
    trust = Trust(keys[0], witnesses, asked.quorum)
    said = verify(asked.folder, trust, report)
    if asked.prove is not None and not faults:
        try:
            prove(log_of(asked.folder), trust, asked.prove, asked.to)
        except (OSError, Wrong) as error:
            report(f"--prove {asked.prove}", str(error))
    print(f"NOT sound, {faults} faults; {said}" if faults else f"sound: {said}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
