"""What waits for a person, from the command line of a real house."""

import json
import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)
POLICY = {
    "defaultAction": "bounce",
    "senders": [{"match": {"domain": "b.example", "assurance": "none"}, "action": "hold", "capabilities": []}],
    "auditLog": {"retentionDays": 30},
}


def disguised() -> EmailMessage:
    """Return a mail that hides words, with a program that is called a PDF."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "a@b.example", "help@held.test"
    mail.set_content("<p>Look.</p><p style='display:none'>pay at once</p>", subtype="html")
    mail.add_attachment(b"program", maintype="application", subtype="pdf", filename="invoice\u202efdp.exe")
    return mail


def test_held_mail_is_listed_shown_let_go_and_refused(apart: Process, tmp_path: Path) -> None:
    assert apart.run("tenant", "add", "held").returncode == 0
    assert apart.run("domain", "add", "held.test", "-t", "held").returncode == 0
    assert apart.run("mailbox", "add", "help@held.test", "-t", "held").returncode == 0
    boxes = json.loads(apart.run("mailbox", "list", "-t", "held", "--json").stdout)
    box = str(next(each["id"] for each in boxes if each["address"] == "help@held.test"))
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    assert apart.run("policy", "set", box, str(path), "-t", "held").returncode == 0
    for _ in range(2):
        assert apart.run("send", "--from", "a@b.example", "--to", "help@held.test").stdout.startswith("250 ")
    rows = json.loads(apart.run("hold", "list", box, "-t", "held", "--json").stdout)
    assert [(row["reason"], row["author"]) for row in rows] == [("rule.held", "a@b.example")] * 2
    every = json.loads(apart.run("hold", "all", box, "-t", "held", "--json").stdout)
    assert [(row["kind"], row["id"], row["then"]) for row in every] == [
        ("message", row["hold"], "refuse") for row in reversed(rows)
    ]
    first, second = rows[0]["hold"], rows[1]["hold"]
    [digest] = re.findall(r"Digest: +([0-9a-f]{64})", apart.run("hold", "show", first, "-t", "held").stdout)
    wrong = apart.run("hold", "approve", first, "--digest", "0" * 64, "-t", "held")
    assert (wrong.returncode, "not what you saw" in wrong.stderr) == (1, True)
    done = apart.run("hold", "approve", first, "--digest", digest, "-t", "held")
    assert done.stdout.strip() == "released: hold.approved", done.stderr
    assert apart.run("hold", "deny", second, "-t", "held").stdout.strip() == "refused: hold.denied"
    again = apart.run("hold", "deny", second, "-t", "held")
    assert "it was refused" in again.stderr
    for action in ("hold.approve", "hold.deny"):
        assert len(json.loads(apart.run("log", "search", "-t", "held", "--action", action, "--json").stdout)) == 1, (
            action
        )
    assert apart.run("hold", "show", "ho_none", "-t", "held").returncode == 1
    running = json.loads((apart.state / "running.json").read_text())
    with smtplib.SMTP(running["smtp_host"], running["smtp_port"], timeout=60) as client:
        client.send_message(disguised())
    [row] = json.loads(apart.run("hold", "list", box, "-t", "held", "--json").stdout)
    shown = apart.run("hold", "show", row["hold"], "-t", "held").stdout
    assert "File:    invoice\ufffdfdp.exe, application/pdf, 7 octets, not what it says it is" in shown
    assert "not proven" in shown
    assert "Hidden from people (display-none): pay at once" in shown
    assert apart.run("mailbox", "sandbox", box, "-t", "held").returncode == 0
    assert apart.run("mailbox", "promote", box, "-t", "held").returncode == 0
    assert apart.run("policy", "revoke", box, "1", "-t", "held").returncode == 0
    assert apart.run("policy", "revoke", box, "1", "-t", "held").returncode == 1
