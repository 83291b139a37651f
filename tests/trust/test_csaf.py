from dataclasses import replace

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
        told = csaf.advisory(operator, path, "0.1.0")
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
    (told,) = csaf.advisory(operator, "2026/lp_1_2.json", "0.1.0")["vulnerabilities"]
    assert told["product_status"] == {"under_investigation": [csaf.PRODUCT]}
    known = replace(operator, vulnerabilities=(replace(row, triaged_at="2026-11-01T01:00:00Z"),))
    (told,) = csaf.advisory(known, "2026/lp_1_2.json", "0.1.0")["vulnerabilities"]
    assert told["product_status"] == {"known_affected": [csaf.PRODUCT]}


def test_what_is_no_time_or_no_advisory_is_an_error_of_ours() -> None:
    operator = read_operator(EXAMPLE)
    with pytest.raises(csaf.NoSuchAdvisoryError):
        csaf.advisory(operator, "2026/none.json", "0.1.0")
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
