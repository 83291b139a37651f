"""A sub-processor's way and a text's, as an operator types them; in a house of its own, for a customer comes."""

import json
import os
from pathlib import Path

import pytest

from cli.process import Process
from gatepost.cli.subprocessor import suppliers
from gatepost.cli.terms import terms
from trust.scene import copied

LATER = (
    '\n[[suppliers]]\nid = "later"\nname = "Later Ltd"\npurpose = "Translations"\ndata = "Mails"\nregion = "NL"\n'
    'processes = true\nowner = "privacy lead"\nannounced_on = 2026-11-20\nengaged_on = 2026-12-24\n'
    'hosts = ["api.later.test"]\n'
)


@pytest.fixture
def large(apart: Process) -> str:
    """A customer of each test's own, for one of them leaves."""
    name = f"Large {os.urandom(4).hex()}"
    assert apart.run("tenant", "add", name, "--plan", "business").returncode == 0
    return name


def said(done: object) -> str:
    return f"{getattr(done, 'stdout', '')}{getattr(done, 'stderr', '')}"


def recorded(house: Process, tenant: str, action: str) -> bool:
    return bool(json.loads(house.run("log", "search", "-t", tenant, "--action", action, "--json").stdout))


def test_each_step_has_its_command() -> None:
    of_suppliers = {str(each.name or each.callback.__name__) for each in suppliers.registered_commands if each.callback}
    assert {"announce", "object", "alternative", "exclude", "exit", "engage", "withdraw"} <= of_suppliers
    of_texts = {str(each.name or each.callback.__name__) for each in terms.registered_commands if each.callback}
    assert {"announce", "enforce", "accept", "reject", "export", "close"} <= of_texts


def test_no_step_of_a_sub_processor_is_skipped(apart: Process, large: str, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "suppliers.toml").write_text((folder / "suppliers.toml").read_text() + LATER)
    here = ("--operator", str(folder))
    sub = ("trust", "subprocessor")
    assert "notice.never_given" in said(apart.run(*sub, "engage", "later", *here))
    assert apart.run(*sub, "announce", "later", *here).returncode == 0
    assert "notice." in said(apart.run(*sub, "engage", "later", *here))
    assert apart.run(*sub, "object", "later", "--tenant", large).stdout.startswith("ob_")
    rows = json.loads(apart.run(*sub, "list", *here, "--json").stdout)
    assert next(row["objections"] for row in rows if row["id"] == "later") == 1
    assert "exclusion" in apart.run(*sub, "exclude", "later", "--tenant", large).stdout
    assert "objection.unknown" in said(apart.run(*sub, "exit", "later", "--tenant", large))
    assert apart.run(*sub, "withdraw", "later").returncode == 0
    for action in ("subprocessor.announced", "subprocessor.withdrawn"):
        assert recorded(apart, "trust", action), action
    for action in ("subprocessor.objected", "subprocessor.settled"):
        assert recorded(apart, large, action), action
    assert "suppliers.toml has no none" in said(apart.run(*sub, "announce", "none", *here))


def test_who_rejects_the_terms_takes_an_export_and_is_closed(apart: Process, large: str, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    announced = apart.run("trust", "terms", "announce", "--operator", str(folder)).stdout
    sha256 = announced.partition("(")[2].partition(")")[0]
    assert len(sha256) == 64
    whose = ("--tenant", large)
    take = Path(apart.state) / f"taken-{os.urandom(4).hex()}"
    assert "terms.told" in said(apart.run("trust", "terms", "export", str(take), *whose))
    assert apart.run("trust", "terms", "reject", sha256, "--by-role", "director", *whose).returncode == 0
    assert "terms.rejected" in said(apart.run("trust", "terms", "close", *whose))
    done = apart.run("trust", "terms", "export", str(take), *whose)
    assert "0 messages" in done.stdout, said(done)
    assert (take / "log" / "checkpoint").exists()
    assert "is not empty" in said(apart.run("trust", "terms", "export", str(take), *whose))
    [own] = [each["id"] for each in json.loads(apart.run("tenant", "list", "--json").stdout) if each["name"] == large]
    rows = json.loads(apart.run("trust", "terms", "list", "--json").stdout)
    assert [row["standing"] for row in rows if (row["tenant"], row["document"]) == (own, "terms")] == ["exported"]
    assert apart.run("trust", "instruct", "Keep nothing", *whose).returncode == 0
    assert recorded(apart, "trust", "terms.announced")
    for action in ("terms.rejected", "terms.left", "instruction.given"):
        assert recorded(apart, large, action), action
    assert apart.run("trust", "terms", "close", *whose).returncode == 0
    assert large not in apart.run("tenant", "list").stdout
