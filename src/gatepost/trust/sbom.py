"""The running build's bill of materials: what is really imported from, as CycloneDX 1.6 JSON. Pure but for one read.

It is read from the installed distributions of this very process, not from a lock file, which says what was wanted.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import Distribution, distributions
from typing import Any
from uuid import UUID

from gatepost.trust.leaf import instant

NAME = "gatepost"
_RUN = re.compile(r"[-_.]+")


def installed() -> tuple[Distribution, ...]:
    """Return the distributions this process can import, each once."""
    found: dict[str, Distribution] = {}
    for each in distributions():
        found.setdefault(_normal(each.name), each)  # the first on the path is the one that is imported
    return tuple(found[name] for name in sorted(found))


def bill(parts: Iterable[Distribution], version: str, at: datetime) -> dict[str, Any]:
    """Return the bill of this version's build.

    Its serial number derives from what it lists: the same build has the same number, whoever asks and whenever.
    """
    components = [_component(each) for each in parts if _normal(each.name) != NAME]
    root = f"pkg:pypi/{NAME}@{version}"
    told = "\n".join([root, *(each["purl"] for each in components)])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{UUID(bytes=hashlib.sha256(told.encode()).digest()[:16], version=4)}",
        "version": 1,
        "metadata": {
            "timestamp": instant(at),
            "component": {"type": "application", "bom-ref": root, "name": NAME, "version": version, "purl": root},
        },
        "components": components,
        "dependencies": [{"ref": root, "dependsOn": [each["bom-ref"] for each in components]}],
    }


def _component(part: Distribution) -> dict[str, Any]:
    name = _normal(part.name)
    purl = f"pkg:pypi/{name}@{part.version}"
    found: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": part.version, "purl": purl}
    if "License-Expression" in part.metadata:
        found["licenses"] = [{"expression": part.metadata["License-Expression"]}]
    return found


def _normal(name: str) -> str:
    """Spell a distribution's name as PEP 503 does."""
    return _RUN.sub("-", name).lower()
