import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from cli.process import Process

VERIFIER = Path(__file__).parents[2] / "tools" / "verify_log.py"

pytestmark = pytest.mark.timeout(300)


def test_an_export_holds_what_an_outsider_needs(apart: Process, tmp_path: Path) -> None:
    done = apart.run("log", "export", str(tmp_path / "out"), "-t", "sandbox")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert not (out / "proofs").exists(), "two files an entry are for those who ask for them"
    assert apart.run("log", "export", str(out), "-t", "sandbox", "--proofs", "0-2, 4").returncode == 0
    entries = sorted(out.glob("proofs/*.entry"))
    assert [each.stem for each in entries] == ["0", "1", "2", "4"]
    assert [each.read_bytes() for each in entries[:3]] == lines_of(out)[:3]
    assert (out / "log" / "checkpoint").exists()
    assert (out / "log.vkey").read_text().strip() == apart.run("log", "vkey", "-t", "sandbox").stdout.strip()
    assert all(entry.with_suffix(".tlog-proof").exists() for entry in entries)
    leaf = apart.run("log", "entry", "0", "-t", "sandbox").stdout
    assert leaf.rstrip("\n").encode() == entries[0].read_bytes()
    verifier = [sys.executable, "-I", str(VERIFIER), str(out), "--vkey", str(out / "log.vkey")]
    verified = subprocess.run(verifier, capture_output=True, text=True, check=False, timeout=50)  # noqa: S603  # our own words
    assert (verified.returncode, verified.stdout[:7]) == (0, "sound: "), verified.stdout


def lines_of(out: Path) -> list[bytes]:
    return (out / "entries" / "000000000000.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize("asked", ["x", "-1", "5-3", "1,,2", "1-2-3"])
def test_places_that_are_none_are_refused_before_anything_is_written(
    apart: Process, tmp_path: Path, asked: str
) -> None:
    done = apart.run("log", "export", str(tmp_path / "out"), "-t", "sandbox", f"--proofs={asked}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("gatepost: ")
    assert not (tmp_path / "out").exists()
    done = apart.run("log", "export", str(tmp_path / "out"), "-t", "sandbox", "--proofs", "99999")
    assert done.stderr == "gatepost: the log has no entry 99999; `gatepost log verify` says how many it has\n"
    assert not list((tmp_path / "out").iterdir())


def test_a_log_that_lost_nothing_has_nothing_to_recover(apart: Process) -> None:
    apart.run("tenant", "add", "whole")
    assert apart.run("log", "verify", "-t", "whole").returncode == 0
    done = apart.run("log", "recover")
    assert done.stdout == "no log has lost anything\n", done.stderr


def test_a_changed_tile_is_named_and_the_command_fails(apart: Process) -> None:
    apart.run("tenant", "add", "tampered")
    assert apart.run("log", "verify", "-t", "tampered").returncode == 0
    tenant = next(t for t in json.loads(apart.run("tenant", "list", "--json").stdout) if t["name"] == "tampered")
    tile = next((apart.state / "blobs").rglob(f"{tenant['id']}/tile/0/000.p/*"))
    octets = tile.read_bytes()
    tile.write_bytes(bytes([octets[0] ^ 1]) + octets[1:])
    done = apart.run("log", "verify", "-t", "tampered")
    assert done.returncode == 1
    assert "tile/0/000" in done.stdout
    tile.write_bytes(octets)
    copy = apart.state / "second" / "log" / tenant["id"] / "key"
    copy.unlink()
    done = apart.run("log", "verify", "-t", "tampered")
    assert (done.returncode, "second store: key: it was gone" in done.stdout) == (1, True), done.stdout
    assert [line[:14] for line in done.stdout.splitlines()] == ["second store: "], "a finding is one line in a pipe"
    assert apart.run("log", "verify", "-t", "tampered").returncode == 0


def test_a_policy_taken_out_of_the_table_is_named(apart: Process) -> None:
    assert apart.run("log", "verify", "-t", "sandbox").returncode == 0
    with psycopg.connect(apart.owner_dsn(), autocommit=True) as owner:
        owner.execute("create table spare as select * from policy")
        rows = owner.execute("delete from policy returning account, version").fetchall()
        try:
            done = apart.run("log", "verify", "-t", "sandbox")
        finally:
            owner.execute("insert into policy select * from spare")
            owner.execute("drop table spare")
    assert done.returncode == 1
    for box, version in rows:
        assert f"policy {version} of mailbox {box}: it was put in force, and the table does not have it" in done.stdout


def test_a_tenants_key_that_was_changed_is_named_and_the_rest_is_looked_at(apart: Process) -> None:
    apart.run("tenant", "add", "keyed")
    assert apart.run("log", "verify", "-t", "keyed").returncode == 0
    tenant = next(t for t in json.loads(apart.run("tenant", "list", "--json").stdout) if t["name"] == "keyed")["id"]
    with closing(sqlite3.connect(apart.state / "keys" / "keys.sqlite", isolation_level=None)) as keys:
        ((key, wrapped),) = keys.execute("select id, wrapped from key where tenant = ? and kind = 'tenant'", [tenant])
        keys.execute("update key set wrapped = ? where id = ?", (bytes([*wrapped[:-1], wrapped[-1] ^ 1]), key))
        done = apart.run("log", "verify", "--deep", "--json", "-t", tenant)
        others = apart.run("log", "verify", "-t", "sandbox")
        keys.execute("update key set wrapped = ? where id = ?", (wrapped, key))
    assert done.stdout, done.stderr
    (found,) = json.loads(done.stdout)
    assert (done.returncode, found["size"], found["openings"]) == (1, 1, 1), done.stderr
    assert found["findings"][0].startswith(f"the tenant key {key} of {tenant} in "), found
    assert len(found["findings"]) == 1
    assert others.returncode == 0, others.stderr
    assert apart.run("log", "verify", "-t", "keyed").returncode == 0
