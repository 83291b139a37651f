from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from gatepost.app import build
from gatepost.app.state import StateError, locked
from gatepost.blobs import BlobsUnavailableError
from gatepost.db import DatabaseUnavailableError
from gatepost.db.binaries import LauncherError
from gatepost.dns import RdType, Status, servers_in
from gatepost.egress import Purpose
from gatepost.settings import (
    BlobSettings,
    DatabaseSettings,
    DeliverySettings,
    DnsSettings,
    LogSettings,
    Settings,
    SettingsError,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "keys").mkdir(mode=0o700)
    return Settings(state=tmp_path)


def test_a_fork_by_a_restore_of_the_folder_is_noticed_outside_of_it_or_by_a_witness(settings: Settings) -> None:
    def alone(**log: object) -> bool:
        return build.guards_no_fork(replace(settings, log=LogSettings(**log)))  # type: ignore[arg-type]  # as given below

    assert alone()
    assert alone(second=(settings.state / "a b").as_uri())
    assert not alone(second=settings.state.with_name("elsewhere").as_uri())
    assert not alone(second="s3://bucket/log")
    assert not alone(witnesses=("https://w.example/ w+00000000+AA==",))


async def test_a_house_is_built_on_a_real_database_and_a_real_folder(settings: Settings, app_dsn: str) -> None:
    async with build.open_house(replace(settings, hostname="MX.Example.org."), app_dsn) as house:
        assert house.hostname == "mx.example.org"
        assert house.next_hop is None
        await house.blobs.write("note", b"kept")
        async with house.db.transaction(None) as tx:
            assert (await tx.one("select current_user as name")).name == "gatepost_app"
        (who,) = await house.accepting.look_up("select session_user as name")
        assert who.name == "gatepost_accept"
    assert (settings.state / "blobs" / "note").read_bytes() == b"kept"


async def test_a_house_whose_database_lets_nobody_in_is_not_built(settings: Settings, app_dsn: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match="nobody_of_ours"):
        async with build.open_house(settings, f"{app_dsn} user=nobody_of_ours"):
            pass


async def test_a_house_that_may_not_take_mail_is_not_built(settings: Settings, app_dsn: str) -> None:
    shut = replace(settings, database=DatabaseSettings(accept_dsn=f"{app_dsn} user=nobody_of_ours"))
    with pytest.raises(DatabaseUnavailableError, match="nobody_of_ours"):
        async with build.open_house(shut, app_dsn):
            pass


async def test_the_database_of_what_takes_mail_is_registered_too(settings: Settings) -> None:
    apart = replace(settings, database=DatabaseSettings(accept_dsn="postgresql://gatepost_accept@b.example/gatepost"))
    ways = build.ways_of(apart, "postgresql://gatepost_app@a.example/gatepost")
    assert [(each.host, each.port) for each in ways.egress.register.rows if each.purpose is Purpose.DATABASE] == [
        ("a.example", 5432),
        ("b.example", 5432),
    ]
    await ways.resolver.close()


async def test_the_master_key_is_made_once(settings: Settings, app_dsn: str) -> None:
    async with build.open_house(settings, app_dsn) as house:
        wrapped = house.keyring.wrap("test", b"secret")
    async with build.open_house(settings, app_dsn) as house:
        assert house.keyring.unwrap("test", wrapped) == b"secret"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (Settings(hostname="no machine"), "hostname"),
        (Settings(blobs=BlobSettings(url="ftp://example.org")), "blobs.url"),
        (Settings(dns=DnsSettings(servers=("resolver.example:53",))), "dns.servers"),
        (Settings(dns=DnsSettings(servers=("127.0.0.1",))), "dns.servers"),
        (Settings(delivery=DeliverySettings(next_hop="relay.example")), "delivery.next_hop"),
        (Settings(delivery=DeliverySettings(next_hop=":25")), "delivery.next_hop"),
        (Settings(delivery=DeliverySettings(next_hop="relay.example:99999")), "delivery.next_hop"),
    ],
)
async def test_a_setting_that_cannot_be_used_is_named(
    settings: Settings, app_dsn: str, changed: Settings, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        async with build.open_house(replace(changed, state=settings.state), app_dsn):
            pass


def test_the_name_servers_that_libc_asks_for_a_bucket_are_declared_too(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    chosen = replace(settings, dns=DnsSettings(servers=("127.0.0.9:5353",)), blobs=BlobSettings(url="s3://bucket"))

    def name_servers(endpoint: str) -> set[str]:
        monkeypatch.setenv("AWS_ENDPOINT", endpoint)
        rows = build.ways_of(chosen, "").egress.register.rows
        return {str(row) for row in rows if row.purpose is Purpose.DNS}

    assert name_servers("https://127.0.0.1:9000") == {"127.0.0.9:5353"}
    system = set(servers_in(build.RESOLV_CONF.read_text()))
    assert name_servers("https://s3.example") == {"127.0.0.9:5353"} | system


def test_a_bucket_without_a_key_is_refused_before_a_cloud_is_asked_for_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(SettingsError, match="AWS_ACCESS_KEY_ID"):
        build.ways_of(replace(settings, blobs=BlobSettings(url="s3://bucket")), "")


def test_a_database_elsewhere_is_checked_before_a_command_connects(settings: Settings) -> None:
    assert conninfo_to_dict(build.vouched_dsn(settings, "host=/run/postgresql"))["host"] == "/run/postgresql"
    assert "hostaddr=127.0.0.1" in build.vouched_dsn(settings, "host=127.0.0.1 port=1")
    offline = replace(settings, dns=DnsSettings(servers=("127.0.0.1:1",)))
    with pytest.raises(SettingsError, match="cannot be reached"):
        build.vouched_dsn(offline, "host=db.example")
    with pytest.raises(SettingsError, match="service"):
        build.vouched_dsn(settings, "service=mine")
    with pytest.raises(SettingsError, match="cannot be read"):
        build.vouched_dsn(settings, "postgres//gatepost_owner@db.example/gatepost")


def test_resolvers_may_speak_either_family() -> None:
    servers = ("127.0.0.1:53", "[::1]:5353")
    assert build.name_servers(Settings(dns=DnsSettings(servers=servers))) == servers


def test_a_folder_without_postgres_is_named(settings: Settings) -> None:
    chosen = replace(settings, database=DatabaseSettings(binaries=str(settings.state)))
    with pytest.raises(LauncherError, match=str(settings.state)), build.embedded_postgres(chosen):
        pass


def test_time_is_aware_and_chance_does_not_repeat() -> None:
    assert build.clock().utcoffset() == timedelta(0)
    assert len(build.entropy(32)) == 32
    assert build.entropy(32) != build.entropy(32)


async def test_a_process_without_a_way_of_its_own_has_a_buckets_objects_from_its_door(settings: Settings) -> None:
    """It is not given the bucket's credentials: nobody asks for them."""
    far = replace(settings, blobs=BlobSettings(url="s3://bucket"))
    with pytest.raises(SettingsError, match="AWS_ACCESS_KEY_ID"):
        build.ways_of(far, "")
    ways = build._distant_ways("/nowhere/door")
    with pytest.raises(BlobsUnavailableError, match="UnreachableError"):
        await build.blobs_of(far, ways).read("a/b")
    assert (await ways.resolver.query("words.evil.example", RdType.A)).status is Status.TEMPERROR


def test_a_copied_folder_does_not_take_the_postgres_of_the_house_it_was_copied_from(tmp_path: Path) -> None:
    home, state = tmp_path / "home", tmp_path / "copy"
    for folder in (home, state):
        folder.mkdir()
    (state / "postgres").symlink_to(home)
    settings = Settings(state=state)
    with locked(home), pytest.raises(StateError, match="another house is"), build.embedded_postgres(settings):
        pass
    assert [each.name for each in home.iterdir() if each.name.startswith("postgres-1")] == []
