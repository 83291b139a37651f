import json
import urllib.request

import pytest

from cli.process import Process
from gatepost.cli import webhook

pytestmark = pytest.mark.timeout(300)


def _register(house: Process) -> str:
    sandbox = json.loads(house.run("sandbox", "--json").stdout)
    request = urllib.request.Request(  # noqa: S310  # our own house
        f"{sandbox['base_url']}/v1/mailboxes/{sandbox['mailbox_id']}/webhooks",
        data=b'{"url": "http://127.0.0.1:9/hook"}',
        headers={"Authorization": f"Bearer {sandbox['api_key']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
        return str(json.load(answer)["id"])


def test_an_endpoint_is_listed_tested_replayed_and_set_going(house: Process) -> None:
    hook = _register(house)
    rows = json.loads(house.run("webhook", "list", "--json").stdout)
    [row] = [each for each in rows if each["id"] == hook]
    assert (row["state"], row["events"], row["url"]) == ("working", "email.received", "http://127.0.0.1:9/hook")
    assert set(webhook.LISTED) <= set(row)
    tested = house.run("webhook", "test", hook)
    assert (tested.returncode, "no answer: receiver.unreachable" in tested.stdout) == (1, True)
    assert house.run("webhook", "replay", hook, "--since", "2026-01-01").stdout.startswith("0 events")
    assert house.run("webhook", "deliveries", hook).stdout == "nothing was told yet\n"
    assert "replay" in house.run("webhook", "start", hook).stdout
    for action in ("webhook.test", "webhook.replay", "webhook.change"):
        found = json.loads(house.run("log", "search", "-t", "sandbox", "--action", action, "--json").stdout)
        assert hook in str(found), action


def test_an_endpoint_nobody_has_is_one_sentence(house: Process) -> None:
    refused = house.run("webhook", "deliveries", "wh_none")
    assert (refused.returncode, refused.stderr) == (1, "gatepost: there is no such endpoint: gatepost webhook list\n")
