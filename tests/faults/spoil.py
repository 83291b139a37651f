"""Ways to spoil a file of a log, and what each kind of file is: for whoever wants to see it noticed."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

Spoil = Callable[[Path, random.Random], None]


def flipped(path: Path, chance: random.Random) -> None:
    octets = bytearray(path.read_bytes())
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    path.write_bytes(octets)


def cut(path: Path, chance: random.Random) -> None:
    octets = path.read_bytes()
    path.write_bytes(octets[: chance.randrange(len(octets))])


def lengthened(path: Path, chance: random.Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(3))


def gone(path: Path, _: random.Random) -> None:
    path.unlink()


def exchanged(path: Path, chance: random.Random) -> None:
    """Put another file of its kind in its place; where there is none, zeros."""
    others = [each for each in sorted(path.parent.iterdir()) if each.is_file() and each.suffix == path.suffix]
    others = [each for each in others if each.read_bytes() != path.read_bytes()]
    path.write_bytes(chance.choice(others).read_bytes() if others else bytes(path.stat().st_size))


WAYS: tuple[Spoil, ...] = (flipped, cut, lengthened, gone, exchanged)


def kinds(folder: Path) -> dict[str, list[Path]]:
    """Return every file below a folder, by what kind of file it is: numbers are left out of the path."""
    found: dict[str, list[Path]] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        parts = path.relative_to(folder).with_suffix("").parts
        at = parts.index("tile") + 2 if "tile" in parts else len(parts)
        kept = [part for place, part in enumerate(parts) if (place < at and not part.isdigit()) or part == "tile"]
        level = parts[at - 1] if "tile" in parts else ""
        partial = ".p" if path.parent.name.endswith(".p") else ""
        found.setdefault("/".join([*kept, level, partial, path.suffix]), []).append(path)
    return found


def spoiled(folder: Path, chance: random.Random) -> Iterator[tuple[str, Path]]:
    """Spoil one file of each kind in each way, one at a time; yield how and which, and mend it after."""
    for files in kinds(folder).values():
        for way in WAYS:
            path = chance.choice(files)
            whole = path.read_bytes()
            way(path, chance)
            if not path.exists() or path.read_bytes() != whole:
                yield way.__name__, path
            path.write_bytes(whole)
