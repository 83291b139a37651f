import json
import urllib.request
from pathlib import Path

from cli.process import Process


def test_the_running_house_describes_its_sandbox(house: Process) -> None:
    facts = json.loads(house.run("sandbox", "--json").stdout)
    names = {"base_url", "api_key", "agent_key", "mailbox_id", "address", "smtp_host", "smtp_port"}
    assert set(facts) == names
    assert facts["smtp_port"] > 0
    request = urllib.request.Request(  # noqa: S310  # our own house
        f"{facts['base_url']}/v1/mailboxes/{facts['mailbox_id']}/policy",
        headers={"Authorization": f"Bearer {facts['api_key']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # as above
        assert json.load(answer)["version"] == 1


def test_without_a_house_the_command_fails_with_advice(tmp_path: Path) -> None:
    done = Process(tmp_path).run("sandbox", "--json")
    assert done.returncode == 1
    assert "make run" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_settings_page_is_what_the_command_prints(house: Process) -> None:
    printed = house.run("settings", "--markdown").stdout
    assert printed == (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
