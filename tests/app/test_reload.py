import asyncio
import errno
import json
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.running import Http, Smtp, Up, make_pair, settings_in, shown, up
from gatepost.app import reload
from gatepost.app.administer import add_domain, add_tenant
from gatepost.app.reload import LIVE, Reloaded
from gatepost.arrive import self_signed
from gatepost.ids import TenantId
from gatepost.settings import Settings, SettingsError, describe

SESSIONS = 49
"""In the middle of a transaction, over TLS, as the certificate changes; with a newcomer, as many as one address may."""
AGREEING = 12
"""So many one after the other are not all the same one of two workers: one in 2,000 times."""


def with_pair(settings: Settings, folder: Path, hostname: str) -> Settings:
    certificate, key = make_pair(folder, hostname)
    return replace(
        settings,
        smtp=replace(settings.smtp, certificate=certificate, certificate_key=key),
        http=replace(settings.http, certificate=certificate, certificate_key=key),
    )


async def reloaded(here: Up, number: int) -> Reloaded:
    """Wait for the note about this reload."""
    async with asyncio.timeout(15):
        while (done := reload.last(here.wanted.state)) is None or done.number < number:  # noqa: ASYNC110  # a file
            await asyncio.sleep(0.02)
    return done


def make_trusted(certificate: Path) -> None:
    """Write it as ``openssl x509 -trustout`` does: OpenSSL takes it for one still."""
    certificate.write_text(certificate.read_text().replace(" CERTIFICATE-----", " TRUSTED CERTIFICATE-----"))


async def acts(here: Up, tenant: TenantId, count: int) -> list[dict[str, Any]]:
    """Wait for so many entries about reloads, and return their leaves."""
    query = """
        select entry.leaf from consequence join entry on entry.id = consequence.entry
        where consequence.tenant = %(tenant)s and action = 'house.reload' order by entry.id
    """
    async with asyncio.timeout(15):
        while True:
            async with here.house.db.transaction(tenant) as tx:
                rows = await tx.all(query)
            if len(rows) >= count:
                return [json.loads(row.leaf) for row in rows]
            await asyncio.sleep(0.05)


async def test_sessions_survive_a_reload_and_newcomers_see_the_new_certificate(tmp_path: Path, app_dsn: str) -> None:
    settings = with_pair(settings_in(tmp_path / "state"), tmp_path / "pair", "old.example")
    async with up(settings, app_dsn) as here:
        tenant = await add_tenant(here.house, name="one", plan="free")
        await add_domain(here.house, tenant.id, "one.test")
        smtps = [await Smtp.connect(here.running.smtp_port) for _ in range(SESSIONS)]
        seen = set()
        for smtp in smtps:
            await smtp.say("EHLO client.example")
            seen.add(await smtp.secure())
            await smtp.say("EHLO client.example")
            assert (await smtp.say("MAIL FROM:<a@example.org>")).startswith("250 ")
        (old,) = seen
        http = await Http.connect(here.running.http_port)
        assert (await http.get("/health/live"))[0] == 200
        assert shown(http.writer) == old

        here.wanted = with_pair(settings, tmp_path / "pair", "new.example")
        signal.raise_signal(signal.SIGHUP)
        done = await reloaded(here, 1)
        assert (done.refused, done.waiting) == ("", ())

        for smtp in smtps:  # the same transaction goes on
            assert (await smtp.say("RCPT TO:<postmaster@one.test>")).startswith("250 ")
            assert (await smtp.say("DATA")).startswith("354 ")
            assert (await smtp.say("From: a@example.org\r\n\r\nStill here.\r\n.")).startswith("250 ")
        assert (await http.get("/health/live"))[0] == 200  # the same connection
        later_smtp, later_http = await Smtp.connect(here.running.smtp_port), await Http.connect(here.running.http_port)
        await later_smtp.say("EHLO client.example")
        new = await later_smtp.secure()
        assert new == shown(later_http.writer) == done.certificates["smtp"] == done.certificates["http"] != old
        for talker in (*smtps, later_smtp):
            await talker.close()
        for asker in (http, later_http):
            await asker.close()
        (leaf,) = await acts(here, tenant.id, 1)
        assert leaf["detail"]["certificates"]["smtp"] == new
        assert leaf["detail"]["outcome"] == "adopted"


async def test_a_certificate_renewed_on_disk_is_shown_without_being_told(tmp_path: Path, app_dsn: str) -> None:
    settings = with_pair(settings_in(tmp_path / "state"), tmp_path / "pair", "old.example")
    async with up(settings, app_dsn) as here:
        make_pair(tmp_path / "pair", "new.example")
        done = await reloaded(here, 1)
        client = await Http.connect(here.running.http_port)
        assert shown(client.writer) == done.certificates["http"]
        await client.close()


async def test_limits_change_for_newcomers_and_the_rest_is_named_as_waiting(tmp_path: Path, app_dsn: str) -> None:
    settings = settings_in(tmp_path)
    async with up(settings, app_dsn) as here:
        old = await Smtp.connect(here.running.smtp_port)
        here.wanted = replace(settings, hostname="other.example", smtp=replace(settings.smtp, size_max_octets=1000))
        signal.raise_signal(signal.SIGHUP)
        done = await reloaded(here, 1)
        assert (done.changed, done.waiting) == (("smtp.size_max_octets",), ("hostname",))
        new = await Smtp.connect(here.running.smtp_port)
        for client, code in ((old, "250 "), (new, "552 ")):
            await client.say("EHLO client.example")
            assert (await client.say("MAIL FROM:<a@example.org> SIZE=2000")).startswith(code)
            await client.close()


@pytest.mark.parametrize("fault", ["settings", "egress", "certificate", "lapsed", "trusted", "half", "absent", "pipe"])
async def test_bad_news_is_refused_loudly_and_the_old_stays(tmp_path: Path, app_dsn: str, fault: str) -> None:
    settings = with_pair(settings_in(tmp_path / "state"), tmp_path / "pair", "old.example")
    other_key = make_pair(tmp_path / "other", "old.example")[1]
    (tmp_path / "lapsed").mkdir()
    async with up(settings, app_dsn) as here:
        tenant = await add_tenant(here.house, name="one", plan="free")
        http = {"certificate": "", "half": "", "absent": str(tmp_path / "absent.pem")}
        changed = replace(settings, smtp=replace(settings.smtp, size_max_octets=1000))
        if fault == "settings":
            here.error = SettingsError("unknown setting smtp.prot: did you mean smtp.port")
        elif fault == "egress":
            changed = replace(changed, egress=replace(settings.egress, allow_private=("everywhere",)))
        elif fault == "lapsed":
            lapsed = self_signed(tmp_path / "lapsed", "old.example", lambda: datetime(2010, 1, 1, tzinfo=UTC))
            changed = replace(
                changed, http=replace(settings.http, certificate=str(lapsed[0]), certificate_key=str(lapsed[1]))
            )
        elif fault == "trusted":
            make_trusted(Path(settings.http.certificate))
        elif fault == "pipe":
            os.mkfifo(tmp_path / "pipe.pem")
            changed = replace(changed, http=replace(settings.http, certificate=str(tmp_path / "pipe.pem")))
        elif fault == "certificate":
            changed = replace(changed, http=replace(settings.http, certificate_key=other_key))
        else:
            changed = replace(changed, http=replace(settings.http, certificate=http[fault]))
        here.wanted = changed
        signal.raise_signal(signal.SIGHUP)
        done = await reloaded(here, 1)
        assert done.refused
        assert done.changed == ()
        client = await Http.connect(here.running.http_port)
        assert shown(client.writer) == done.certificates["http"]
        await client.close()
        smtp = await Smtp.connect(here.running.smtp_port)
        await smtp.say("EHLO client.example")
        assert (await smtp.say("MAIL FROM:<a@example.org> SIZE=2000")).startswith("250 ")  # all or nothing
        await smtp.close()
        (leaf,) = await acts(here, tenant.id, 1)
        assert leaf["detail"]["outcome"] == "refused"


async def test_an_entry_waits_for_a_database_that_is_away(tmp_path: Path, app_dsn: str, owner_dsn: str) -> None:
    settings = with_pair(settings_in(tmp_path / "state"), tmp_path / "pair", "old.example")
    async with up(settings, app_dsn) as here:
        tenant = await add_tenant(here.house, name="one", plan="free")
        name = psycopg.conninfo.conninfo_to_dict(owner_dsn)["dbname"]
        elsewhere = psycopg.conninfo.make_conninfo(owner_dsn, dbname="postgres")
        with psycopg.connect(elsewhere, autocommit=True) as owner:
            owner.execute(f"alter database {name} allow_connections false")
            owner.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            signal.raise_signal(signal.SIGHUP)
            done = await reloaded(here, 1)
            assert done.refused == ""  # a certificate does not wait for a database
            owner.execute(f"alter database {name} allow_connections true")
        (leaf,) = await acts(here, tenant.id, 1)
        assert leaf["detail"]["outcome"] == "adopted"


def test_what_may_change_while_running_are_settings() -> None:
    assert {name for name, _, _ in describe()} >= LIVE


async def test_every_worker_adopts_what_the_house_adopted(tmp_path: Path, app_dsn: str) -> None:
    settings = with_pair(settings_in(tmp_path / "state"), tmp_path / "pair", "old.example")
    settings = replace(settings, smtp=replace(settings.smtp, workers=2))
    async with up(settings, app_dsn) as here:
        pair = with_pair(settings, tmp_path / "new", "new.example").smtp
        here.wanted = replace(settings, smtp=replace(pair, size_max_octets=1000))
        signal.raise_signal(signal.SIGHUP)
        done = await reloaded(here, 1)
        assert "smtp.size_max_octets" in done.changed
        new = 0
        async with asyncio.timeout(30):  # they are told through a pipe
            while new < AGREEING:  # the kernel gives each some
                client = await Smtp.connect(here.running.smtp_port)
                await client.say("EHLO client.example")
                said = await client.say("MAIL FROM:<a@example.org> SIZE=2000")
                certificate = await client.secure()
                await client.close()
                is_new = said.startswith("552 ") and certificate == done.certificates["smtp"]
                new = new + 1 if is_new else 0


async def test_what_waits_for_a_restart_waits_also_after_the_next_reload(tmp_path: Path, app_dsn: str) -> None:
    settings = settings_in(tmp_path)
    async with up(settings, app_dsn) as here:
        here.wanted = replace(settings, hostname="other.example")
        for number in (1, 2):
            signal.raise_signal(signal.SIGHUP)
            assert (await reloaded(here, number)).waiting == ("hostname",)


async def test_a_disk_without_room_for_the_note_ends_no_house(
    tmp_path: Path, app_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    async with up(settings_in(tmp_path / "state"), app_dsn) as here:
        tenant = (await add_tenant(here.house, name="one", plan="free")).id
        with monkeypatch.context() as full:
            full.setattr(reload, "write_private", refuse)
            signal.raise_signal(signal.SIGHUP)
            assert len(await acts(here, tenant, 1)) == 1
        signal.raise_signal(signal.SIGHUP)
        assert (await reloaded(here, 2)).number == 2
