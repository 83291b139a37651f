"""Advisories for machines: a CSAF 2.0 provider's metadata, and one VEX document per known vulnerability. Pure.

What is told comes from the operator's register of vulnerabilities, with its own times; nothing is dated by the reader.
"""

from datetime import UTC, datetime
from typing import Any

from gatepost.trust.leaf import instant
from gatepost.trust.operator import Operator
from gatepost.trust.registers import Vulnerability

ROOT = "/.well-known/csaf"
DIRECTORY = f"{ROOT}/white/"
PRODUCT = "gatepost-running"


class NoSuchAdvisoryError(LookupError):
    """There is none of that name."""


class UnreadableTimeError(ValueError):
    """A row of the register has a time that is none."""


def provider(operator: Operator, base: str, revised_at: datetime) -> dict[str, Any]:
    """Return ``provider-metadata.json`` (CSAF 2.0 section 7.1.7).

    Args:
        operator: who publishes.
        base: our URL without a final slash; only over https is this a provider (requirement 3), else a publisher.
        revised_at: when the operator's folder was last revised.

    Raises:
        UnreadableTimeError: a row's time is none; so do the others here.
    """
    touched = [_changed(each) for each in operator.vulnerabilities]
    return {
        "canonical_url": f"{base}{ROOT}/provider-metadata.json",
        "distributions": [{"directory_url": f"{base}{DIRECTORY}"}],
        "last_updated": instant(max([revised_at, *touched])),
        "list_on_CSAF_aggregators": False,
        "metadata_version": "2.0",
        "mirror_on_CSAF_aggregators": False,
        "publisher": _publisher(operator),
        "role": "csaf_provider" if base.startswith("https://") else "csaf_publisher",
    }


def index(operator: Operator) -> str:
    """Return ``index.txt``: each document's path, one to a line (requirement 12)."""
    return "".join(f"{path_of(each)}\n" for each in operator.vulnerabilities)


def changes(operator: Operator) -> str:
    """Return ``changes.csv``: path and time of the last change, newest first (requirement 13)."""
    rows = sorted(((_changed(each), path_of(each)) for each in operator.vulnerabilities), reverse=True)
    return "".join(f'"{path}","{instant(at)}"\n' for at, path in rows)


def path_of(vulnerability: Vulnerability) -> str:
    """Return where a document lies below the directory: in its year's folder (requirement 11), as section 5.1 says."""
    return f"{_at(vulnerability.detected_at).year}/{_file(vulnerability.id)}.json"


def advisory(operator: Operator, path: str, base: str, version: str) -> dict[str, Any]:
    """Return the VEX document at a path of the directory (CSAF 2.0 section 4.5).

    Args:
        operator: who publishes.
        path: below the directory.
        base: our URL without a final slash.
        version: of the program that runs.

    Raises:
        NoSuchAdvisoryError: there is none.
    """
    found = next((each for each in operator.vulnerabilities if path_of(each) == path), None)
    if found is None:
        raise NoSuchAdvisoryError(path)
    first, last = instant(_at(found.detected_at)), instant(_changed(found))
    history = [{"date": first, "number": "1", "summary": "Detected"}]
    if last != first:
        history.append({"date": last, "number": "2", "summary": "Deployed" if found.deployed_at else "In work"})
    return {
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "distribution": {"tlp": {"label": "WHITE"}},
            "lang": "en",
            "publisher": _publisher(operator),
            "references": [{"category": "self", "summary": "This document", "url": f"{base}{DIRECTORY}{path}"}],
            "title": f"{found.id}: a {found.severity} vulnerability",
            "tracking": {
                "current_release_date": last,
                "id": found.id,
                "initial_release_date": first,
                "revision_history": history,
                "status": "final" if found.deployed_at or found.accepted else "interim",
                "version": history[-1]["number"],
            },
        },
        "product_tree": {
            "full_product_names": [
                {
                    "name": f"Gatepost {version}, as it runs here",
                    "product_id": PRODUCT,
                    "product_identification_helper": {"purl": f"pkg:pypi/gatepost@{version}"},
                }
            ]
        },
        "vulnerabilities": [_vulnerability(found)],
    }


def _vulnerability(found: Vulnerability) -> dict[str, Any]:
    row: dict[str, Any] = {
        "discovery_date": instant(_at(found.detected_at)),
        "ids": [{"system_name": "Operator's register", "text": found.id}],
        "notes": [{"category": "description", "text": f"Rated {found.severity} by the operator."}],
    }
    if found.deployed_at:
        return {**row, "product_status": {"fixed": [PRODUCT]}}
    row["product_status"] = {"known_affected" if found.triaged_at else "under_investigation": [PRODUCT]}
    how = found.accepted or "It is being worked on; this document changes when the fix is deployed."
    category = "no_fix_planned" if found.accepted else "none_available"
    row["remediations"] = [{"category": category, "details": how, "product_ids": [PRODUCT]}]
    return row


def _publisher(operator: Operator) -> dict[str, str]:
    return {"category": "vendor", "name": operator.entity.name, "namespace": operator.entity.site}


def _file(identifier: str) -> str:
    """Spell an id as a file's name: lower case, what is no letter, digit, plus or hyphen becomes an underscore."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "+-") else "_" for each in identifier.lower())


def _changed(found: Vulnerability) -> datetime:
    times = (found.detected_at, found.triaged_at, found.started_at, found.deployed_at)
    return max(_at(each) for each in times if each)


def _at(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnreadableTimeError("a vulnerability's time is no time") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
