"""``gatepost key``: made, for whom, listed without a secret, made worthless."""

import json

from cli.process import Process


def test_a_key_is_printed_once_and_listed_without_its_secret(house: Process) -> None:
    made = house.run("key", "add", "--role", "auditor", "--label", "siem", "-t", "sandbox")
    assert made.returncode == 0
    secret = made.stdout.strip()
    listed = house.run("key", "list", "-t", "sandbox", "--json").stdout
    assert secret not in listed
    key = next(key for key in json.loads(listed) if key["label"] == "siem")
    assert house.run("key", "remove", key["id"], "-t", "sandbox").returncode == 0
    assert house.run("key", "remove", key["id"], "-t", "sandbox").returncode == 1


def test_a_key_that_is_a_persons_is_listed_as_theirs_and_goes_with_them(house: Process) -> None:
    tenant = ("-t", "sandbox")
    added = house.run("person", "add", "officer@people.example", "--role", "approver", *tenant)
    person = added.stdout.split()[1]
    made = house.run("key", "add", "--role", "approver", "--person", "Officer@people.example", *tenant)
    assert made.returncode == 0, made.stderr
    for role, whom, why in (("owner", "officer", "that person is approver"), ("auditor", "nobody", "nobody of this")):
        refused = house.run("key", "add", "--role", role, "--person", f"{whom}@people.example", *tenant)
        assert (refused.returncode, why in refused.stderr) == (1, True), refused.stderr
    assert [each["person"] for each in _listed(house) if each["person"]] == [person]
    assert house.run("person", "remove", person, *tenant).returncode == 0
    assert not any(each["person"] for each in _listed(house))


def _listed(house: Process) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(house.run("key", "list", "--json", "-t", "sandbox").stdout)
    return found
