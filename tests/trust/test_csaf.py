import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatepost.trust import csaf, read_operator
from gatepost.trust.registers import Vulnerability
from outbound import NOW
from trust.scene import EXAMPLE

URL = "https://mail.house.test"


def test_every_document_of_the_index_is_there_and_says_whether_the_running_build_has_it() -> None:
    operator = read_operator(EXAMPLE)
    paths = csaf.index(operator).splitlines()
    assert len(paths) == len(operator.vulnerabilities) > 0
    for path in paths:
        told = csaf.advisory(operator, path, URL, "0.1.0")
        assert told["document"]["category"] == "csaf_vex"
        tracking = told["document"]["tracking"]
        assert path == f"{tracking['initial_release_date'][:4]}/{tracking['id'].lower()}.json"
        assert tracking["version"] == tracking["revision_history"][-1]["number"]
        assert told["vulnerabilities"][0]["product_status"] == {"fixed": [csaf.PRODUCT]}
    assert sorted(line.split('"')[1] for line in csaf.changes(operator).splitlines()) == sorted(paths)


def test_one_not_fixed_is_not_called_fixed() -> None:
    row = Vulnerability(id="LP 1/2", severity="minor", detected_at="2026-11-01T00:00:00Z")
    operator = replace(read_operator(EXAMPLE), vulnerabilities=(row,))
    assert csaf.index(operator) == "2026/lp_1_2.json\n"
    (told,) = csaf.advisory(operator, "2026/lp_1_2.json", URL, "0.1.0")["vulnerabilities"]
    assert told["product_status"] == {"under_investigation": [csaf.PRODUCT]}
    known = replace(operator, vulnerabilities=(replace(row, triaged_at="2026-11-01T01:00:00Z"),))
    (told,) = csaf.advisory(known, "2026/lp_1_2.json", URL, "0.1.0")["vulnerabilities"]
    assert told["product_status"] == {"known_affected": [csaf.PRODUCT]}


def test_what_is_no_time_or_no_advisory_is_an_error_of_ours() -> None:
    operator = read_operator(EXAMPLE)
    with pytest.raises(csaf.NoSuchAdvisoryError):
        csaf.advisory(operator, "2026/none.json", URL, "0.1.0")
    bad = replace(operator, vulnerabilities=(Vulnerability(id="x", severity="minor", detected_at="soon"),))
    with pytest.raises(csaf.UnreadableTimeError):
        csaf.index(bad)


def test_only_over_https_are_we_a_provider() -> None:
    operator = read_operator(EXAMPLE)
    told = csaf.provider(operator, URL, NOW)
    assert told["role"] == "csaf_provider"
    assert told["canonical_url"] == f"{URL}/.well-known/csaf/provider-metadata.json"
    assert told["last_updated"] == "2026-11-20T12:00:00Z"
    assert csaf.provider(operator, "http://127.0.0.1:8080", NOW)["role"] == "csaf_publisher"


def validated(folder: Path, *documents: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Let the package `csaf` judge: schema of CSAF 2.0, its mandatory tests (6.1) and its recommended ones (6.2)."""
    files = [folder / f"{each['document']['tracking']['id'].lower()}.json" for each in documents]
    for file, each in zip(files, documents, strict=True):
        file.write_text(json.dumps(each))
    words = ["validate", "--spec-version", "v20", "--no-network", "--preset", "extended"]
    words += ["--skip-rules", "6.2.3"]  # a score: operators rate in words, and nobody makes a CVSS vector of a word
    command = [sys.executable, "-m", "csaf", *words, "--elevate", "warning-as-error", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)  # noqa: S603  # our own words


def test_a_validator_of_others_finds_nothing_missing(tmp_path: Path) -> None:
    detected = Vulnerability(id="LP-1", severity="minor", detected_at="2026-11-01T00:00:00Z")
    triaged = replace(detected, id="LP-2", triaged_at="2026-11-01T01:00:00Z")
    accepted = replace(triaged, id="LP-3", accepted="It needs a key that the house does not give.")
    rows = (detected, triaged, accepted, *read_operator(EXAMPLE).vulnerabilities)
    operator = replace(read_operator(EXAMPLE), vulnerabilities=rows)
    told = [csaf.advisory(operator, path, URL, "0.1.0") for path in csaf.index(operator).splitlines()]
    done = validated(tmp_path, *told)
    assert done.returncode == 0, done.stdout + done.stderr
    del told[0]["document"]["tracking"]["status"]
    assert validated(tmp_path, told[0]).returncode != 0
