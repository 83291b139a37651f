"""Each kind of breakage turns the claim that speaks of it, by the very check that runs in a house."""

import ssl
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from gatepost.app.ways_out import register
from gatepost.egress import Destination, Purpose, Register
from gatepost.settings import EgressSettings, Settings
from gatepost.trust import Outcome, read_operator
from gatepost.trust.bench import Bench
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.checks import exports, places, tls
from gatepost.trust.controls import lagging, server
from gatepost.trust.probe.client import Prober
from gatepost.trust.world import Endpoint
from trust.scene import EXAMPLE, Scene, claiming_only


async def floor(bench: Bench, context: ssl.SSLContext) -> tuple[Outcome, str]:
    """Return what the check of the TLS floor says of a mail door with this certificate and these versions."""
    async with server.listening(server.smtp(auth=False, context=context)) as port:
        door = Endpoint(door="smtp", host=server.HOST, port=port, tls="starttls")
        doors = tls.Doors(Prober(bench.egress, bench.entropy), (door,), bench.clock())
        found = await CATALOGUE["tls.floor"].of_target(doors)
    return found.outcome, found.reason


def sound(folder: Path, bench: Bench, days: int = 90) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*server.certificate(folder, bench.clock(), days))
    return context


async def test_an_expired_certificate_and_an_old_version_turn_the_floor(bench: Bench, tmp_path: Path) -> None:
    good, expired = tmp_path / "good", tmp_path / "expired"
    for each in (good, expired):
        each.mkdir()
    assert (await floor(bench, sound(good, bench)))[0] is Outcome.PASS
    assert (await floor(bench, sound(expired, bench, days=-1)))[0] is Outcome.FAIL
    assert (await floor(bench, server.lax(tmp_path, bench.clock())))[0] is Outcome.FAIL


async def test_a_door_that_does_not_answer_hides_no_old_version_behind_it(bench: Bench, tmp_path: Path) -> None:
    async with server.listening(server.smtp(auth=False, context=sound(tmp_path, bench))) as gone:
        pass  # nobody listens there any more
    lax = server.smtp(auth=False, context=server.lax(tmp_path, bench.clock()))
    async with server.listening(lax) as port:
        found = {}
        for last in (port, gone):
            doors = tuple(Endpoint(door="smtp", host=server.HOST, port=each, tls="starttls") for each in (gone, last))
            target = tls.Doors(Prober(bench.egress, bench.entropy), doors, bench.clock())
            finding = await CATALOGUE["tls.floor"].of_target(target)
            found[last] = finding.outcome, finding.reason
    assert found == {
        port: (Outcome.FAIL, "tls.old_version"),
        gone: (Outcome.COULD_NOT_VERIFY, "door.unreachable"),
    }


async def widened(*rows: Destination) -> tuple[Outcome, str]:
    """Return what is said of the example operator's house with these rows of the settings."""
    built_in = register(Settings(egress=EgressSettings()), name_servers=(), blobs=None, databases=()).rows
    taken = {row.purpose for row in rows}
    settings = Register([*rows, *(row for row in built_in if row.purpose not in taken)])
    words = places.words_of(read_operator(EXAMPLE), date(2026, 11, 21))
    found = await places.egress_declared(places.Ways(settings, words))
    return found.outcome, found.reason


async def test_a_widened_way_out_turns_the_register() -> None:
    assert await widened() == (Outcome.PASS, "")
    anywhere = Destination(purpose=Purpose.WEBHOOK, host="*", port=0, region="GB", mechanism="none")
    bare = Destination(purpose=Purpose.BLOBS, host="bucket.test", port=443)
    abroad = replace(bare, region="US", mechanism="clauses")
    assert await widened(anywhere) == (Outcome.FAIL, "egress.open")
    assert await widened(bare) == (Outcome.FAIL, "egress.undeclared")
    assert await widened(abroad) == (Outcome.FAIL, "egress.no_transfer")
    assert await widened(replace(abroad, region="IE")) == (Outcome.FAIL, "egress.unnamed")  # no supplier has that host


async def test_a_stopped_exporter_turns_the_export(bench: Bench) -> None:
    check = CATALOGUE["export.flowing"]
    async with lagging.stalled(bench) as target:
        (export,) = target.exports
        status = export.status
        going = replace(status, next_index=status.log_size, exported_at=target.clock())
        well = replace(target, exports=(exports.Export(going, None),), send=exports.send)
        found = await check.of_target(well)
        assert found.outcome is Outcome.PASS, found
        stopped = exports.Export(replace(going, is_stopped=True), None)
        found = await check.of_target(replace(well, exports=(stopped,)))
        assert (found.outcome, found.reason) == (Outcome.FAIL, "export.stopped")


async def test_an_entry_that_waits_counts_from_when_it_came_and_not_from_the_quiet_before_it(bench: Bench) -> None:
    check = CATALOGUE["export.flowing"]
    async with lagging.stalled(bench) as target:
        (export,) = target.exports
        for minutes, outcome in ((1, Outcome.PASS), (6, Outcome.FAIL)):
            waiting = replace(
                export, first_at=target.clock() - timedelta(minutes=minutes)
            )  # nothing was sent for a day
            found = await check.of_target(replace(target, exports=(waiting,), send=exports.send))
            assert found.outcome is outcome


async def test_an_attestation_that_ended_is_stale(scene: Scene, tmp_path: Path) -> None:
    scene.folder = claiming_only(tmp_path / "few", "A26")
    (result,) = await scene.engine().round(everything=True)
    assert result.finding.outcome is Outcome.ATTESTED
    assert result.finding.until is not None
    scene.clock.now = result.finding.until + timedelta(seconds=1)
    (result,) = await scene.engine().round(everything=True)
    assert (result.finding.outcome, result.finding.reason) == (Outcome.STALE, "attestation.expired")
