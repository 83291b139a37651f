"""Every public suite passes whole; and the runner says so only where it is so."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from suites.case import Suite
from suites.mime import EXPLANATIONS
from suites.run import NOT_RUN, SUITES, VECTORS, main, run

TESTS = Path(__file__).parents[1]
MAY_BE_NOT_RUN = {"imap", "jmap", "saml", "webauthn", "mta-sts", "reports", "webhooks"}


@pytest.mark.parametrize("suite", SUITES, ids=lambda one: one.name)
async def test_every_case_of_the_suite_passes(suite: Suite) -> None:
    outcome = await run(suite, VECTORS / suite.name)
    assert outcome.troubles == []
    assert outcome.passed == outcome.total > 0
    assert set(outcome.explained) <= set(EXPLANATIONS)


def test_every_folder_of_vectors_is_run_or_excused_with_a_reason() -> None:
    excused = tomllib.loads(NOT_RUN.read_text())
    assert set(excused) <= MAY_BE_NOT_RUN
    assert all(len(reason) > 10 for reason in excused.values())
    assert not set(excused) & {suite.name for suite in SUITES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of two quick suites."""
    for name in ("dmarc", "psl"):
        shutil.copytree(VECTORS / name, tmp_path / name)
    return tmp_path


def outcome(folder: Path, *names: str) -> int:
    """Run as `make vectors` does, apart: the runner owns its own event loop."""
    command = [sys.executable, "-m", "suites.run", str(folder), *names]
    environment = {"PYTHONPATH": str(TESTS), "PATH": os.defpath}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode  # noqa: S603  # our own command


def test_a_folder_with_good_cases_ends_with_nought(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "dmarc", "psl"]) == 0
    assert capsys.readouterr().out == "dmarc 85/85\npsl 44/44\n"


def test_a_wrong_case_is_told_with_its_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "psl" / "cases.jsonl").write_text('{"domain": "a.b.com", "registrable": "a.b.com"}\n')
    assert main([str(folder), "psl"]) == 1
    assert capsys.readouterr().out == (
        "psl 0/1\n    a.b.com: FailedError: the registrable domain is 'b.com', not 'a.b.com'\n"
    )


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe", b'{"domain": 1}\n'], ids=["empty", "cut", "binary", "odd"])
def test_a_file_without_readable_cases_ends_with_one(folder: Path, octets: bytes) -> None:
    (folder / "psl" / "cases.jsonl").write_bytes(octets)
    assert main([str(folder), "psl"]) == 1


def test_a_missing_folder_ends_with_one(folder: Path) -> None:
    shutil.rmtree(folder / "psl")
    assert main([str(folder), "dmarc"]) == 0
    assert main([str(folder), "psl"]) == 1
    assert main([str(folder / "nowhere")]) == 1


def test_a_folder_nobody_runs_ends_with_one_unless_it_is_excused(folder: Path) -> None:
    (folder / "imap").mkdir()
    (folder / "LICENSES").mkdir()
    (folder / "sealed.bin").write_bytes(b"\x00")
    assert main([str(folder), "psl"]) == 0
    (folder / "novelty").mkdir()
    assert main([str(folder), "psl"]) == 1


def test_the_command_ends_as_the_suites_do(folder: Path) -> None:
    assert outcome(folder, "psl") == 0
    assert outcome(folder) == 1, "most suites are missing"


def test_a_file_that_cannot_be_opened_ends_with_one_whoever_reads_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "psl" / "more.jsonl").symlink_to(folder / "nowhere")
    assert main([str(folder), "psl"]) == 1
    assert "more.jsonl cannot be read: FileNotFoundError" in capsys.readouterr().out


def test_a_suite_that_does_not_exist_ends_with_one(folder: Path) -> None:
    assert main([str(folder), "psl", "novelty"]) == 1


def test_neither_names_nor_order_decide_what_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(VECTORS / "mime", folder / "mime")
    listed = folder / "mime" / "expected.jsonl"
    rows = [json.loads(line) for line in listed.read_text().splitlines()]
    (folder / "mime" / "renamed").mkdir()
    for number, row in enumerate(rows):
        (folder / "mime" / row["file"]).rename(folder / "mime" / "renamed" / f"{number}.txt")
        row |= {"id": f"case {number}", "file": f"renamed/{number}.txt"}
    listed.rename(listed.with_name("other.jsonl")).write_text("\n".join(map(json.dumps, reversed(rows))))
    assert main([str(folder), "mime"]) == 0
    assert capsys.readouterr().out == (
        f"mime {len(rows)}/{len(rows)}\n"
        "passed though read otherwise, as docs/standards.md explains: "
        "no-field-no-end 2, split-character 1, unquoted-boundary 2\n"
    )


def test_an_explained_shape_still_fails_where_the_suite_wants_something_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = b"Subject: a\r\nno field\r\nMessage-ID: <b@c>\r\n\r\nd\r\n"
    (folder / "mime").mkdir()
    (folder / "mime" / "a.eml").write_bytes(raw)
    wanted = {"subject": "a", "message_id": "", "has_html": False, "attachments_sha256": []}
    for message_id, status in (("", 0), ("b@c", 0), ("x@y", 1)):
        row = {
            "id": "one",
            "file": "a.eml",
            "sha256": hashlib.sha256(raw).hexdigest(),
            "expect": wanted | {"message_id": message_id},
        }
        (folder / "mime" / "rows.jsonl").write_text(json.dumps(row))
        assert main([str(folder), "mime"]) == status
    assert "message_id is 'b@c', not 'x@y'" in capsys.readouterr().out
