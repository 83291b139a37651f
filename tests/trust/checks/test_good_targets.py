"""What each check says of a target that is as it should be: the other half of ``tests/trust/test_catalogue.py``."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepost.egress import Destination, Purpose, Register
from gatepost.trust import Outcome, read_operator
from gatepost.trust.bench import Bench
from gatepost.trust.checks import (
    documents,
    exports,
    findings,
    logs,
    machine,
    mail,
    page,
    people,
    places,
    promises,
    releases,
    tls,
)
from gatepost.trust.controls import server
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.probe.client import Prober
from gatepost.trust.probe.mail import Letter, hand_in
from gatepost.trust.registers import Release, Vulnerability
from gatepost.trust.world import Endpoint
from trust.scene import EXAMPLE, Scene

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OPERATOR = read_operator(EXAMPLE)
ALLOWED = frozenset(OPERATOR.place.regions_allowed)


async def test_the_examples_papers_bear_their_claims_out_and_stay_a_word() -> None:
    shelf = documents.Shelf(OPERATOR.documents, OPERATOR.texts, NOW)
    register = Register([])
    transfers = places.Transfers(OPERATOR.suppliers, OPERATOR.transfers, ALLOWED, register, NOW)
    history = promises.History(OPERATOR.terms, NOW)
    policy = OPERATOR.document("information-security")
    assert policy is not None
    staff = people.Staff(OPERATOR.members, policy.reviewed_sha256, NOW)
    found = [
        await documents.reviewed(shelf),
        await documents.mapped(
            documents.Mapped(OPERATOR.controls, frozenset(each.id for each in OPERATOR.documents), NOW)
        ),
        await documents.entity_agrees(documents.Named(OPERATOR.entity, OPERATOR.texts["agreement/agreement.md"], NOW)),
        await promises.renewed(promises.Entries(OPERATOR.registrations, NOW)),
        await promises.terms_listed(history),
        await promises.terms_noticed(history),
        await promises.terms_decided(history),
        await places.transfers_held(transfers),
        await places.noticed(transfers),
        await places.registered(transfers),
        await people.staff_trained(staff),
        await people.staff_signed(staff),
        await people.review_held(
            people.Reviews(OPERATOR.reviews, OPERATOR.releases, frozenset(each.ref for each in OPERATOR.members), NOW)
        ),
        await releases.release_checked(releases.Releases(releases=OPERATOR.releases, running="0.1.0", now=NOW)),
        await releases.release_staged(releases.Releases(releases=OPERATOR.releases, running="0.1.0", now=NOW)),
        await places.stores_allowed(
            places.Storage(
                dict.fromkeys([each.setting for each in OPERATOR.stores], "here"), OPERATOR.stores, ALLOWED, NOW
            )
        ),
    ]
    assert [each.outcome for each in found] == [Outcome.ATTESTED] * len(found), found
    assert all(each.until is not None and each.until > NOW for each in found)


async def test_what_was_measured_is_green() -> None:
    row = OPERATOR.disclosure
    rendered = documents.Rendered(row, OPERATOR.texts["notes/disclosure.md"], ("lanternpost.example",), NOW)
    closed = Register([Destination(purpose=Purpose.RELAY, host="127.0.0.1", port=25)])
    here = {each.setting: "here" for each in OPERATOR.stores}
    found = [
        await documents.roles_filled(documents.Roles(OPERATOR.contacts, OPERATOR.texts)),
        await documents.scope_whole(rendered),
        await documents.scope_rendered(rendered),
        await places.egress_declared(places.Ways(closed, places.words_of(OPERATOR, NOW.date()))),
        await places.stores_here(places.Storage(here, OPERATOR.stores, ALLOWED, NOW)),
        await page.plain(page.Wording(OPERATOR.claims, NOW)),
        await page.shares(page.Standing((Outcome.PASS, Outcome.FAIL, *[Outcome.ATTESTED] * 5))),
        await page.evidenced(page.Duties(OPERATOR.duties[:1], {"A17": Outcome.ATTESTED})),
    ]
    assert [each.outcome for each in found] == [Outcome.PASS] * len(found), found


@pytest.mark.parametrize(("days", "outcome"), [(29, Outcome.FAIL), (30, Outcome.ATTESTED)])
async def test_notice_is_thirty_days_and_not_twenty_nine(days: int, outcome: Outcome) -> None:
    supplier = OPERATOR.suppliers[0]
    early = replace(supplier, announced_on=supplier.engaged_on - timedelta(days=days))
    assert (await places.noticed(places.Transfers((early,), (), ALLOWED, Register([]), NOW))).outcome is outcome


@pytest.mark.parametrize(
    ("days", "done", "outcome"),
    [
        (10, None, Outcome.PASS),  # the clock runs
        (100, None, Outcome.FAIL),
        (100, date(2026, 9, 1), Outcome.ATTESTED),
        (100, date(2026, 11, 19), Outcome.FAIL),  # done, too late
    ],
)
async def test_a_promise_is_kept_late_or_broken(days: int, done: date | None, outcome: Outcome) -> None:
    row = replace(OPERATOR.commitments[0], done_on=done)
    found = await promises.promise_kept(promises.Promise(row, NOW - timedelta(days=days), NOW))
    assert found.outcome is outcome


async def test_a_promise_whose_clock_nothing_has_started_is_not_green() -> None:
    found = await promises.promise_kept(promises.Promise(OPERATOR.commitments[0], None, NOW))
    assert (found.outcome, found.reason) == (Outcome.COULD_NOT_VERIFY, "clock.not_started")


async def test_nothing_to_look_at_is_never_green() -> None:
    empty: list[Any] = [
        (findings.scanned, findings.Scans((), frozenset(), frozenset(), NOW)),
        (findings.in_time, findings.Backlog((), "triage", NOW)),
        (releases.release_checked, releases.Releases(releases=(), running="0.1.0", now=NOW)),
        (findings.certificates_valid, findings.Certificates({}, NOW)),
        (documents.reviewed, documents.Shelf((), {}, NOW)),
        (promises.terms_listed, promises.History((), NOW)),
        (places.noticed, places.Transfers((), (), ALLOWED, Register([]), NOW)),
        (page.evidenced, page.Duties((), {})),
        (page.shares, page.Standing(())),
        (machine.modes, machine.Secrets((), 0)),
        (tls.floor, tls.Doors(Prober(None, lambda _: b""), (), NOW)),  # type: ignore[arg-type]  # nobody is asked
    ]
    for judge, target in empty:
        with pytest.raises(CannotVerifyError):
            await judge(target)


async def test_a_scan_without_advisory_data_tells_nothing() -> None:
    def target(text: str) -> findings.Scans:
        scan = findings.Scanned("a", NOW.date(), text.encode())
        return findings.Scans((scan,), frozenset({"KNOWN-1"}), frozenset({"a==1"}), NOW)

    for text in ('{"dependencies": []}', "{}", "no json", '{"dependencies": [{"name": "a", "skip_reason": "b"}]}'):
        with pytest.raises(CannotVerifyError):
            await findings.scanned(target(text))
    known = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "KNOWN-1"}]}]}'
    assert (await findings.scanned(target(known))).outcome is Outcome.PASS


async def test_clocks_of_findings() -> None:
    row = Vulnerability(id="V", severity="critical", detected_at="2026-11-19T13:00:00Z")
    assert (await findings.in_time(findings.Backlog((row,), "critical", NOW))).outcome is Outcome.ATTESTED
    late = findings.Backlog((row,), "critical", NOW + timedelta(hours=2))
    assert (await findings.in_time(late)).outcome is Outcome.FAIL


async def test_a_sole_maintainer_may_say_so() -> None:
    (row,) = OPERATOR.releases
    alone = replace(row, reviewer=row.author)
    assert (
        await releases.release_checked(releases.Releases(releases=(alone,), running="0.1.0", now=NOW))
    ).outcome is Outcome.FAIL
    told = replace(alone, sole_maintainer=True)
    assert (
        await releases.release_checked(releases.Releases(releases=(told,), running="0.1.0", now=NOW))
    ).outcome is Outcome.ATTESTED
    assert isinstance(row, Release)


async def test_encrypted_volumes_are_seen_through_partitions_and_mappings(tmp_path: Path) -> None:
    block = tmp_path / "dev" / "block"
    (block / "253:1" / "slaves").mkdir(parents=True)
    (block / "253:0" / "dm").mkdir(parents=True)
    (block / "253:0" / "dm" / "uuid").write_text("CRYPT-LUKS2-0123\n")
    (block / "253:1" / "slaves" / "dm-0").symlink_to(block / "253:0")
    (block / "8:1").mkdir()
    text = "1 1 8:1 / / rw - ext4 a rw\n2 1 253:1 / /srv rw - ext4 b rw\n3 1 0:35 / /run rw - tmpfs c rw\n"

    def volumes(path: str, stated: str = "dm-crypt") -> machine.Volumes:
        return machine.Volumes((Path(path),), text, tmp_path, stated, date(2027, 1, 1), NOW)

    assert (await machine.encrypted(volumes("/srv/data"))).outcome is Outcome.PASS
    assert (await machine.encrypted(volumes("/data"))).outcome is Outcome.FAIL
    assert (await machine.encrypted(volumes("/run/data"))).outcome is Outcome.COULD_NOT_VERIFY
    assert (await machine.encrypted(volumes("/run/data", "the provider"))).outcome is Outcome.ATTESTED


async def test_operations_logs_of_a_young_house_need_not_be_old(tmp_path: Path) -> None:
    began = NOW - timedelta(hours=3)
    lines = [f"{began + timedelta(minutes=30 * at):%Y-%m-%dT%H:%M:%S}Z up" for at in range(7)]
    (tmp_path / "house.log").write_text("\n".join(lines))
    assert (await logs.operations_kept(logs.LogFolder(tmp_path, began, NOW))).outcome is Outcome.PASS
    old = logs.LogFolder(tmp_path, NOW - timedelta(days=40), NOW)
    assert (await logs.operations_kept(old)).reason == "log.too_young"


async def test_a_door_of_today_passes(bench: Bench) -> None:
    async with server.listening(server.hang_up, server.today(bench.folder, bench.clock())) as port:
        endpoint = Endpoint(door="control", host=server.HOST, port=port, tls="implicit")
        found = await tls.floor(tls.Doors(Prober(bench.egress, bench.entropy), (endpoint,), bench.clock()))
    assert found.outcome is Outcome.PASS
    assert found.value == {
        "control": {"versions": ["TLSv1.2", "TLSv1.3"], "certificate_days": 400, "name": "not asked", "chain": "own"}
    }


async def test_a_mail_is_handed_in_under_tls(bench: Bench) -> None:
    context = server.lax(bench.folder, bench.clock())
    letter = Letter(mail_from="", author="a@canary.invalid", to="b@example.org", message_id="one@canary.invalid")
    async with server.listening(server.smtp(auth=False, context=context)) as port:
        reply = await hand_in(Prober(bench.egress, bench.entropy), server.HOST, port, letter, tls=True)
    assert reply.code == 250
    assert mail.FIELDS
    assert timedelta(0) < exports.LAG_MAX


async def test_one_destination_that_no_supplier_s_row_names_turns_the_claims_on_suppliers(scene: Scene) -> None:
    row = Destination(purpose=Purpose.RELAY, host="relay.test", port=25, region="GB", mechanism="none needed")
    scene.house.egress.register = Register([row])
    world = scene.world(scene.operator())
    found = await places.registered(await places.house_transfers(world, {"supplier": "hosting"}))
    assert (found.outcome, found.reason, found.value) == (Outcome.FAIL, "supplier.unlisted", ["relay relay.test:25"])
    found = await places.egress_declared(await places.house_ways(world, {}))
    assert (found.outcome, found.reason, found.value) == (Outcome.FAIL, "egress.unnamed", ["relay relay.test:25"])


async def test_the_houses_own_stores_are_here_by_the_databases_word_and_the_kernels(scene: Scene) -> None:
    world = scene.world(scene.operator())
    target = await places.house_storage(world, {})
    assert target.database[0] == target.database[1]
    assert all(each.kind for each in target.mounts.values())
    found = await places.stores_here(target)
    assert found.outcome is Outcome.PASS, found
    away = replace(target, database=("192.0.2.7", "192.0.2.8"))
    assert (await places.stores_here(away)).reason == "store.connected_elsewhere"
