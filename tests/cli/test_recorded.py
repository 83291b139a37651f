"""Every command that changes something leaves a leaf. A command of tomorrow fails here until it is driven."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner, Result
from typing_extensions import override

from cli.process import GATEPOST, UP_WITHIN_S, Process
from cli.test_subprocessor import LATER
from gatepost import settings
from gatepost.app.open import admin_house
from gatepost.app.state import running
from gatepost.cli import menu
from gatepost.record.vocabulary import VOCABULARY
from gatepost.trust import agreeing, engagement
from gatepost.trust.operator import read_operator
from trust.scene import copied
from trust.ticking import hours_pass
from witnessed import is_seen
from writes import changes, note_every_change

READS = {
    "trust room list", "trust room views",
    "case list", "case show", "errors list", "incident alerts", "incident drafts", "incident secret", "findings list",
    "delivery destinations", "delivery list", "delivery show",
    "trust deed list", "trust subprocessor list", "trust terms list", "database dump",
    "settings", "sandbox", "doctor", "explain", "tenant list", "domain list", "domain records", "mailbox list",
    "person list", "key list", "keys list", "policy show", "mail list", "mail search", "mail show", "log verify",
    "log prove", "log entry", "log vkey", "log compare", "log search", "log show", "log actions", "export list",
    "export status", "egress list", "replay", "legal-hold list", "retention show", "agent list",
    "agent turns", "agent offers", "agent held", "agent usage", "trust lint", "trust probe", "trust show", "hold all",
    "hold list", "hold show", "incident affected", "petition list", "petition show",
    "incident clocks", "incident list", "policy check", "policy diff", "policy explain", "policy history",
    "policy lint", "policy new", "policy proposals", "policy replay", "policy test", "status export",
    "release build", "status show", "trace", "webhook deliveries", "webhook list",
}  # fmt: skip
SOMEBODY_ELSES = {
    "witness",  # it cosigns another house's log, and keeps none
    "database restore",  # its house may not write yet: `log recover` tells the record
}
_SUPPLIER = "tests/cli/test_subprocessor.py::test_no_step_of_a_sub_processor_is_skipped"
_DELIVERY = "tests/cli/test_delivery.py::test_what_waits_to_leave_is_seen_tried_at_once_and_given_up"
_TEXT = "tests/cli/test_subprocessor.py::test_who_rejects_the_terms_takes_an_export_and_is_closed"
_DUTY = "tests/trust/test_duty.py::test_a_notice_goes_elsewhere_once_a_person_let_it_go"
_ROOM = "tests/doors/public/test_room.py::test_each_view_bears_the_viewer_s_name_and_is_an_entry"
_FINDING = "tests/cli/test_findings.py::test_a_finding_goes_its_way"
_PETITION = "tests/cli/test_petition.py::test_an_agent_asks_and_the_operator_answers"
DRIVEN_ELSEWHERE = {
    "delivery giveup": (_DELIVERY, "delivery.giveup"),
    "delivery retry": (_DELIVERY, "delivery.retry"),
    "trust deed enter": (
        "tests/cli/test_deed.py::test_what_somebody_did_is_entered_listed_and_cannot_be_invented",
        "deed.trained",
    ),
    "trust instruct": (_TEXT, "instruction.given"),
    "trust subprocessor alternative": (_SUPPLIER, "subprocessor.settled"),
    "trust subprocessor announce": (_SUPPLIER, "subprocessor.announced"),
    "trust subprocessor exclude": (_SUPPLIER, "subprocessor.settled"),
    "trust subprocessor exit": (_SUPPLIER, "subprocessor.settled"),
    "trust subprocessor object": (_SUPPLIER, "subprocessor.objected"),
    "trust subprocessor withdraw": (_SUPPLIER, "subprocessor.withdrawn"),
    "trust terms accept": (
        "tests/doors/rest/test_notices.py::test_a_text_is_accepted_by_its_octets_and_changed_one_s_mind_about",
        "terms.accepted",
    ),
    "trust terms announce": (_TEXT, "terms.announced"),
    "trust terms close": (_TEXT, "terms.left"),
    "trust terms export": (_TEXT, "terms.left"),
    "trust terms reject": (_TEXT, "terms.rejected"),
    "case acknowledge": (
        "tests/cli/test_case.py::test_a_report_is_written_down_read_acknowledged_and_closed",
        "case.acknowledged",
    ),
    "case add": ("tests/cli/test_case.py::test_a_report_is_written_down_read_acknowledged_and_closed", "case.received"),
    "case close": ("tests/cli/test_case.py::test_a_report_is_written_down_read_acknowledged_and_closed", "case.closed"),
    "erase": ("tests/cli/test_retention.py::test_a_real_house_forgets_and_only_its_keeper_can", "person.erased"),
    "legal-hold add": ("tests/cli/test_retention.py::test_a_real_house_forgets_and_only_its_keeper_can", "hold.place"),
    "legal-hold release": (
        "tests/cli/test_retention.py::test_a_real_house_forgets_and_only_its_keeper_can",
        "hold.release",
    ),
    "retention run": (
        "tests/upkeep/retention/test_expire.py::test_a_policys_limit_takes_the_records_words_and_leaves_the_mail",
        "record.expired",
    ),
    "trust run": ("tests/cli/test_trust.py::test_a_house_that_is_up_is_looked_at_and_shown", "claim.checked"),
    "trust add": ("tests/trust/test_guest.py::test_what_a_customer_saw_is_stated_under_their_key", "outside.stated"),
    "hold approve": ("tests/cli/test_hold.py::test_held_mail_is_listed_shown_let_go_and_refused", "hold.approve"),
    "hold deny": ("tests/cli/test_hold.py::test_held_mail_is_listed_shown_let_go_and_refused", "hold.deny"),
    "incident mark": (
        "tests/cli/test_incident.py::test_an_incident_is_opened_known_told_and_its_clocks_run",
        "incident.marked",
    ),
    "incident open": (
        "tests/cli/test_incident.py::test_an_incident_is_opened_known_told_and_its_clocks_run",
        "incident.opened",
    ),
    "incident plan": ("tests/cli/test_incident.py::test_maintenance_is_planned_with_its_window", "incident.opened"),
    "incident update": (
        "tests/cli/test_incident.py::test_an_incident_is_opened_known_told_and_its_clocks_run",
        "incident.updated",
    ),
    "webhook replay": (
        "tests/cli/test_webhook.py::test_an_endpoint_is_listed_tested_replayed_and_set_going",
        "webhook.replay",
    ),
    "webhook start": (
        "tests/cli/test_webhook.py::test_an_endpoint_is_listed_tested_replayed_and_set_going",
        "webhook.change",
    ),
    "webhook test": (
        "tests/cli/test_webhook.py::test_an_endpoint_is_listed_tested_replayed_and_set_going",
        "webhook.test",
    ),
    "agent approve": (
        "tests/cli/test_agents.py::test_no_word_leaves_while_agents_are_off_and_in_the_same_house_it_does_while_they_are_on",
        "tool.approved",
    ),
    "agent deny": (
        "tests/cli/test_agents.py::test_no_word_leaves_while_agents_are_off_and_in_the_same_house_it_does_while_they_are_on",
        "tool.denied",
    ),
    "agent accept": (
        "tests/app/test_mcp_offers.py::test_what_changed_is_accepted_by_the_digest_that_was_shown_and_stands_in_the_record",
        "agent.tool_accept",
    ),
    "findings import": (_FINDING, "finding.detected"),
    "findings triage": (_FINDING, "finding.triaged"),
    "findings fix": (_FINDING, "finding.fixed"),
    "findings deploy": (_FINDING, "finding.deployed"),
    "petition approve": (_PETITION, "petition.approve"),
    "petition deny": (_PETITION, "petition.deny"),
    "trust room publish": (
        "tests/cli/test_room.py::test_papers_are_published_and_nobody_is_let_in_that_never_asked",
        "room.published",
    ),
    "trust room approve": (_ROOM, "room.decided"),
    "trust room refuse": (_ROOM, "room.decided"),
    "trust room revoke": (_ROOM, "room.decided"),
    "incident acknowledge": (
        "tests/trust/test_duty.py::test_silence_goes_further_up_and_a_word_ends_it",
        "alert.acknowledged",
    ),
    "incident pack": (
        "tests/cli/test_incident.py::test_a_tenant_gets_its_pack_and_the_tool_verifies_it",
        "record.export",
    ),
    "incident post": (
        "tests/trust/test_duty.py::test_a_notice_goes_elsewhere_once_a_person_let_it_go",
        "post.approved",
    ),
    "release enter": ("tests/cli/test_release.py::test_a_build_enters_with_its_report_once", "release.entered"),
    "policy approve": (
        "tests/workbench/test_proposal.py::test_a_second_person_puts_it_in_force_and_each_step_is_an_entry",
        "policy.approve",
    ),
}
"""What needs a keeper's role, a house that is up or an operator's settings: which test sees which entry."""
AFTER_DAYS = {"trust subprocessor engage", "trust terms enforce"}
"""They count once a notice has run for thirty days of the log: the test beside the large one."""
UP = {"up", "serve", "reload", "send"}
"""Those of a house that is up: driven by the last two tests."""

pytestmark = pytest.mark.timeout(300)


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every command of the real tree."""
    inner = getattr(group, "commands", None)
    if inner is None:
        yield " ".join(path)
        return
    for name, each in inner.items():
        yield from commands(each, (*path, name))


class Serving(Process):
    """A house on a PostgreSQL that somebody runs for it."""

    @override
    def command(self) -> list[str]:
        return [GATEPOST, "serve"]


class Operator:
    """Runs commands inside this process, on a database of its own."""

    def __init__(self, state: Path, app_dsn: str, owner_dsn: str) -> None:
        self._owner_dsn = owner_dsn
        self.environment = {
            "GATEPOST_STATE": str(state),
            "GATEPOST_DATABASE__DSN": app_dsn,
            "GATEPOST_DATABASE__OWNER_DSN": owner_dsn,
            "GATEPOST_DNS__SERVERS": "127.0.0.1:1",
            "GATEPOST_SMTP__PORT": "0",
            "GATEPOST_HTTP__PORT": "0",
            "GATEPOST_METRICS__PORT": "0",
        }

    def invoke(self, *arguments: str) -> Result:
        return CliRunner().invoke(menu.app, list(arguments), env=self.environment)

    def run(self, *arguments: str) -> str:
        done = self.invoke(*arguments)
        is_refusal = arguments[:2] == ("export", "test")  # nobody listens there
        assert is_refusal or done.exit_code == 0, (arguments, done.output, repr(done.exception))
        return done.stdout

    def ids(self, *arguments: str) -> list[Any]:
        return [row["id"] for row in json.loads(self.run(*arguments, "--json"))]

    def fail(self, fingerprint: str) -> None:
        """Have an error remembered that nobody expected."""
        query = "insert into trust_fault values ('trust', %s, 'KeyError', 'x.py:1', 'x', 1, now(), now())"
        with psycopg.connect(self._owner_dsn) as connection:
            connection.execute(query, [fingerprint])

    def lose_keys(self) -> str:
        """Have the database know of keys that the store has not had; return the command that accepts it."""
        with psycopg.connect(self._owner_dsn) as connection:
            connection.execute("update keys_made set made = made + 100")
        return "keys accept"

    def actions(self) -> list[str]:
        with psycopg.connect(self._owner_dsn) as connection:
            rows = connection.execute("select leaf from entry order by id").fetchall()
        return [json.loads(leaf)["action"] for (leaf,) in rows]


@pytest.fixture
def operator(tmp_path: Path, app_dsn: str, owner_dsn: str) -> Operator:
    made = Operator(tmp_path / "state", app_dsn, owner_dsn)
    made.run("migrate")  # it makes the state folder too; there is nobody yet whose record could tell
    return made


def drives_of_exports(operator: Operator) -> Iterator[tuple[str, list[str], str]]:
    """Yield those about what the record is sent on to."""
    yield "export add", ["otlp", "http://collector.example:1"], "export.add"
    (destination,) = operator.ids("export", "list")
    yield "export test", [destination], "export.test"
    yield "export change", [destination, "--format", "ecs"], "export.change"
    yield "export replay", [destination], "export.replay"
    yield "export resume", [destination, "--past-refused"], "export.resume"
    yield "export remove", [destination], "export.remove"


def drives(operator: Operator, folder: Path) -> Iterator[tuple[str, list[str], str]]:
    """Yield each command, what it is called with, and the action its leaf tells; in an order that makes sense."""
    policy = folder / "policy.json"
    policy.write_text(json.dumps({"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 30}}))
    yield "tenant add", ["acme"], "tenant.add"
    yield "migrate", [], "house.migrate"
    yield "tenant plan", ["acme", "team"], "tenant.plan"
    yield "domain add", ["acme.test"], "domain.add"
    yield "mailbox add", ["help@acme.test"], "mailbox.add"
    box = str(operator.ids("mailbox", "list")[-1])
    yield "retention confirm-clock", ["--yes"], "clock.confirm"
    yield "policy set", [box, str(policy)], "policy.set"
    yield "policy set", [box, str(policy)], "policy.set"
    yield "policy rollback", [box, "1"], "policy.set"
    yield "policy revoke", [box, "1"], "policy.revoke"
    yield "mailbox sandbox", [box], "mailbox.sandbox"
    yield "mailbox promote", [box], "mailbox.promote"
    yield "tenant second-person", ["acme"], "tenant.second_person"  # who promotes a mailbox needs one from now on
    wider = {"match": {"domain": "new.example"}}
    policy.write_text(json.dumps({"defaultAction": "bounce", "senders": [wider], "auditLog": {"retentionDays": 30}}))
    yield "policy set", [box, str(policy)], "policy.propose"
    (waiting,) = json.loads(operator.run("policy", "proposals", "--json"))
    yield "policy refuse", [waiting["proposal"]], "policy.refuse"
    yield "person add", ["jane@acme.test"], "person.add"
    yield "key add", ["--role", "auditor"], "key.add"
    agent, secret = folder / "agent.toml", folder / "secret"
    agent.write_text('name = "A"\ninstructions = "B"\nmodel = "m"\ntools = ["reply"]\n')
    secret.write_text("secret")
    yield "agent key", [str(secret)], "agent.key"
    yield "agent on", [], "hosting.on"
    yield "agent set", [box, str(agent)], "agent.set"
    yield "agent remove", [box], "agent.remove"
    yield "agent off", [], "hosting.off"
    yield "keys rotate", [], "keys.rotate"
    yield operator.lose_keys(), [], "keys.accept"
    yield from drives_of_exports(operator)
    yield "log list", [str(folder / "list.csv"), "--format", "csv"], "record.export"
    yield "log export", [str(folder / "out")], "record.export"
    yield "log recover", [], "log.recover"
    operator.fail("0123456789abcdef")
    yield "errors clear", ["0123456789abcdef"], "errors.clear"
    yield "key remove", [operator.ids("key", "list")[0]], "key.remove"
    yield "person remove", [operator.ids("person", "list")[0]], "person.remove"
    yield "mailbox remove", [box], "mailbox.remove"
    yield "domain remove", ["acme.test"], "domain.remove"
    yield "tenant remove", ["acme"], "tenant.remove"


def test_every_command_that_changes_something_leaves_a_leaf(operator: Operator, tmp_path: Path) -> None:
    driven = set()
    for command, arguments, action in drives(operator, tmp_path):
        before = len(operator.actions())
        operator.run(*command.split(), *arguments)
        assert action in operator.actions()[before:], f"gatepost {command} left no leaf"
        driven.add(command)
    assert set(operator.actions()) <= set(VOCABULARY)
    for name in menu.MENU:
        menu.bring(name)
    tree = set(commands(typer.main.get_command(menu.app)))
    assert tree - READS - SOMEBODY_ELSES - UP - AFTER_DAYS - DRIVEN_ELSEWHERE.keys() == driven
    assert [one for one in DRIVEN_ELSEWHERE.items() if not is_seen(*one[1])] == []
    assert tree >= READS | SOMEBODY_ELSES | UP


def questions(box: str) -> dict[str, list[str]]:
    """Return what the commands that only read are called with, where they must be called with something."""
    return {
        "domain records": ["acme.test"],
        "policy show": [box],
        "policy history": [box],
        "mail search": ["word"],
        "log entry": ["0"],
        "log prove": ["0"],
        "trace": ["em_none"],
        "export status": ["ex_none"],
        "hold list": [box],
        "agent turns": [box],
        "agent held": [box],
        "petition list": [box],
        "webhook deliveries": [box, "wh_none"],
        "incident clocks": ["in_none"],
        "policy replay": [box],
        "mail show": [box, "em_none"],
        "delivery show": ["su_none"],
    }


def test_a_command_that_only_reads_writes_nothing(operator: Operator, owner_dsn: str) -> None:
    """Each is called, and no row of any table is another one after it."""
    for command in ("tenant add acme", "domain add acme.test", "mailbox add help@acme.test", "log verify"):
        operator.run(*command.split())
    box = str(operator.ids("mailbox", "list")[-1])
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        note_every_change(owner)
        ends = {}
        for command in sorted(READS):
            ends[command] = operator.invoke(*command.split(), *questions(box).get(command, ())).exit_code
            assert (command, changes(owner)) == (command, set())
        operator.run("tenant", "plan", "acme", "team")
        assert ("entry", "gatepost_app") in changes(owner), "nothing would be seen"
    assert list(ends.values()).count(0) > len(READS) / 2, ends


async def thirty_days_pass(operator: Operator, folder: Path) -> None:
    """Announce a sub-processor and a text, and let the log's own clock go on, hour by hour."""
    register = read_operator(folder)
    later = next(each for each in register.suppliers if each.id == "later")
    change = agreeing.change_of(register, "terms")
    assert change is not None
    async with admin_house(settings.load(operator.environment)) as house:
        began = house.clock() - timedelta(days=32)
        then = replace(house, clock=lambda: began)
        await engagement.announce(then, later)
        await agreeing.announce(then, change)
        await hours_pass(house.db, began, 31 * 24)


def test_what_counts_after_thirty_days_of_the_log_leaves_a_leaf(operator: Operator, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "suppliers.toml").write_text((folder / "suppliers.toml").read_text() + LATER)
    operator.run("tenant", "add", "acme")
    asyncio.run(thirty_days_pass(operator, folder))
    operator.run("log", "verify", "--deep", "-t", "trust")  # publishes: only what is signed moves the log's clock
    driven = set()
    for command, arguments, action in (
        ("trust subprocessor engage", ["later", "--operator", str(folder)], "subprocessor.engaged"),
        ("trust terms enforce", [], "terms.in_force"),
    ):
        before = len(operator.actions())
        operator.run(*command.split(), *arguments)
        assert operator.actions()[before:] == [action], command
        driven.add(command)
    assert driven == AFTER_DAYS


def the_problem_of_a_webhook_on_this_machine(state: Path, key: str, mailbox: int) -> str:
    """Return what a serving house says to an endpoint on loopback."""
    up = running(state)
    assert up is not None
    asked = urllib.request.Request(  # noqa: S310  # our own
        f"{up.base_url}/v1/mailboxes/{mailbox}/webhooks",
        data=b'{"url": "http://127.0.0.1:9/hook"}',
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=60)  # noqa: S310  # as above
    return str(json.loads(refused.value.read())["type"])


def test_a_house_that_serves_records_its_start_its_reload_and_its_stop_and_reaches_nobody_here(
    operator: Operator,
) -> None:
    operator.run("tenant", "add", "acme")
    operator.run("domain", "add", "acme.test")
    operator.run("mailbox", "add", "help@acme.test")
    box = operator.ids("mailbox", "list")[-1]
    key = operator.run("key", "add", "--role", "owner").split()[-1]

    state = Path(operator.environment["GATEPOST_STATE"])
    with_password = make_conninfo(operator.environment["GATEPOST_DATABASE__DSN"], password="zqsecret")
    house = Serving(state, **{**operator.environment, "GATEPOST_DATABASE__DSN": with_password})
    house.spawn()
    deadline = time.monotonic() + UP_WITHIN_S
    while "Serving:" not in house.log():  # both entries that a first start makes are written before
        assert time.monotonic() < deadline, house.log()
        time.sleep(0.1)
    assert "zqsecret" not in (state / "running.json").read_text(), "it lies beside the bodies, not beside the keys"
    assert house.run("reload").returncode == 0, house.log()
    assert the_problem_of_a_webhook_on_this_machine(state, key, box).endswith("/destination.closed")
    assert "may reach" not in house.log()  # as a house for trying out says
    assert "log.unguarded" in house.log()  # and one for trying out does not
    assert house.stop() == 0, house.log()
    assert "egress.refused" in operator.actions()
    assert [each for each in operator.actions() if each.startswith("house.")] == [
        "house.start",
        "house.migrate",
        "house.reload",
        "house.stop",
    ]


def test_a_house_for_trying_out_records_its_start_and_what_it_was_sent(house: Process) -> None:
    house.run("send", "--from", "stranger@nowhere.test")
    for action in ("house.start", "message.decided"):
        found = json.loads(house.run("log", "search", "-t", "sandbox", "--action", action, "--json").stdout)
        assert found, action
