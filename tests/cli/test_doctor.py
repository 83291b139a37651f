import asyncio
import json
from pathlib import Path

from cli.process import Process
from hostile_dns import answer, serving


def test_it_prints_json_and_its_exit_code_tells_of_failures(tmp_path: Path) -> None:
    done = Process(tmp_path).run("doctor", "--json")
    assert done.returncode == 1  # no resolver answers
    found = json.loads(done.stdout)
    assert {tuple(finding) for finding in found} == {("check", "level", "said", "next_step")}
    broken = [finding["check"] for finding in found if finding["level"] == "failure"]
    assert broken == ["dns.resolver"]


async def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    async with serving(lambda question, _is_tcp: [answer(question).to_wire()]) as names:
        process = Process(tmp_path, GATEPOST_DNS__SERVERS=names.address)
        done = await asyncio.to_thread(process.run, "doctor")
    assert done.returncode == 0, done.stdout
    assert "warning" in done.stdout


def test_a_house_that_is_up_is_examined_whole(house: Process) -> None:
    done = house.run("doctor", "--json")
    found = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1  # no resolver answers
    broken = {name for name, finding in found.items() if finding["level"] == "failure"}
    assert all(name.startswith("dns.") for name in broken), done.stdout
    assert {found[f"{door}.port"]["level"] for door in ("smtp", "http", "metrics")} == {"ok"}
    assert found["keys.fit"]["level"] == found["database.durable"]["level"] == found["blobs.write"]["level"] == "ok"


def test_on_a_terminal_only_what_matters_is_shown_when_asked(house: Process) -> None:
    done = house.run("doctor", "--brief")
    assert "next: " in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith("ok ")]
    assert "failure" in done.stdout.splitlines()[-1]
