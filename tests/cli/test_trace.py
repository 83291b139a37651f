import json

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)


def test_a_message_s_chain_is_rebuilt_from_its_id_alone(house: Process) -> None:
    house.run("send", "--from", "you@example.com", "--subject", "Herons", "--text", "Two herons at noon.")
    (row,) = json.loads(house.run("mail", "search", "herons", "--limit", "1", "--json", "-t", "sandbox").stdout)
    email = str(row["id"])
    log = house.state / "operations.log"
    line = {"event": "webhook.told", "email": email, "at": "2999-01-01T00:00:00Z"}
    log.write_text(f"{json.dumps(line)}\nno JSON, but {email}\n{json.dumps({**line, 'email': 'em_other'})}\n")
    done = house.run("trace", email, "--log", str(log), "--json")
    assert done.returncode == 0, done.stderr
    chain = json.loads(done.stdout)
    assert chain[0]["event"] == "message.decided"
    assert chain[0]["outcome"] == "delivered"
    assert [each["event"] for each in chain if each["source"] == "log"] == ["webhook.told"]
    assert {each["id"] for each in chain} == {email}
    assert "herons" not in done.stdout.lower()
    assert "example.com" not in done.stdout


def test_of_an_unknown_message_nothing_is_known(house: Process) -> None:
    done = house.run("trace", "nobody@example.com")
    assert done.returncode == 1
    assert "nothing is known" in done.stdout
