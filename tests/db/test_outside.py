import socket
import traceback

import pytest
from psycopg.conninfo import conninfo_to_dict

from gatepost.db.outside import DsnError, as_role, places, silence_of, sockets_of, through, without_passwords
from gatepost.egress import Destination, EgressRefusedError, Purpose
from gatepost.egress.client import Connected
from ways import way_out


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("", ()),
        ("host=/run/postgresql dbname=gatepost", ()),
        ("host=@abstract", ()),
        ("postgresql://gatepost_app@db.example/gatepost", (("db.example", 5432),)),
        ("postgresql://db.example:6432/gatepost", (("db.example", 6432),)),
        ("host=a.example,b.example port=1,2", (("a.example", 1), ("b.example", 2))),
        ("host=a.example,b.example port=7", (("a.example", 7), ("b.example", 7))),
        ("hostaddr=192.0.2.7", (("192.0.2.7", 5432),)),
        ("host=/run/postgresql hostaddr=192.0.2.7", (("192.0.2.7", 5432),)),
        ("host=@abstract hostaddr=192.0.2.7", (("192.0.2.7", 5432),)),
        ("host=/a,/b hostaddr=,192.0.2.7 port=1,2", (("192.0.2.7", 2),)),
        ("host=db.example hostaddr=192.0.2.7", (("db.example", 5432),)),
        ("postgresql://[::1]/gatepost", (("::1", 5432),)),
    ],
)
def test_the_hosts_of_a_connection_string_are_known(dsn: str, expected: tuple[tuple[str, int], ...]) -> None:
    assert places(dsn) == expected


@pytest.mark.parametrize(
    ("dsn", "kept"),
    [
        ("host=/run/postgresql dbname=gatepost", {"host": "/run/postgresql", "dbname": "gatepost"}),
        (
            "postgresql://app:zqsecret@db.example/gatepost?sslmode=verify-full&sslpassword=zqother",
            {"host": "db.example", "dbname": "gatepost", "user": "app", "sslmode": "verify-full"},
        ),
        ("host=db.example password='zq secret' user=app", {"host": "db.example", "user": "app"}),
        ("host=db.example password=''", {"host": "db.example"}),
    ],
)
def test_what_is_written_down_has_no_password(dsn: str, kept: dict[str, str]) -> None:
    assert conninfo_to_dict(without_passwords(dsn)) == kept


def test_what_libpq_takes_from_its_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    monkeypatch.setenv("PGPORT", "6432")
    assert places("dbname=gatepost") == (("db.example", 6432),)


def test_an_address_of_the_environment_counts_more_than_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.7")
    assert places("host=/run/postgresql") == (("192.0.2.7", 5432),)
    assert places("host=/run/postgresql hostaddr=''") == ()


@pytest.mark.parametrize(
    "dsn",
    [
        "service=mine",
        "host=a,b,c port=1,2",
        "nonsense",
        "postgresql://a:port/b",
        "host=a port=-1",
        "host=a port=0",
        "host=a port=65536",
        f"host=a port={'9' * 5_000}",
    ],
)
def test_a_string_that_hides_where_it_leads_is_refused(dsn: str) -> None:
    with pytest.raises(DsnError):
        places(dsn)


@pytest.mark.parametrize("dsn", ["postgres//gatepost_app:secret@db.example/gatepost"])
def test_a_string_that_cannot_be_read_is_not_quoted(dsn: str) -> None:
    """It holds a password, and what is said here stands in the log."""
    with pytest.raises(DsnError, match="cannot be read") as raised:
        as_role(dsn, "gatepost_accept")
    assert "secret" not in "".join(traceback.format_exception(raised.value))


def test_a_unix_socket_is_no_way_out() -> None:
    egress = way_out()
    made = through(egress, "host=/run/postgresql")
    assert isinstance(made, str)
    assert conninfo_to_dict(made)["host"] == "/run/postgresql"


async def test_a_way_that_swallows_everything_is_noticed_unless_the_operator_says_otherwise() -> None:
    made = await checked("postgresql://here.example/gatepost?keepalives_idle=60")
    assert {name: made[name] for name in ("connect_timeout", "tcp_user_timeout", "keepalives_idle")} == {
        "connect_timeout": "10",
        "tcp_user_timeout": "25000",
        "keepalives_idle": "60",
    }
    local = through(way_out(), "host=/run/postgresql connect_timeout=3")
    assert isinstance(local, str)
    assert conninfo_to_dict(local)["connect_timeout"] == "3"


async def test_a_connection_that_is_carried_on_for_another_process_notices_it_too() -> None:
    with socket.socket() as far:
        connected = Connected(far, "192.0.2.1", must_encrypt=True)
        connected.notice_silence(**silence_of("postgresql://db.example/gatepost?keepalives_count=7"))
        kept = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        assert far.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert [far.getsockopt(socket.IPPROTO_TCP, option) for option in kept] == [10, 5, 7, 25_000]


async def checked(dsn: str, *, is_clear: bool = False) -> dict[str, object]:
    row = Destination(purpose=Purpose.DATABASE, host="*", port=0, is_clear=is_clear)
    names = {"db.example": ["1.1.1.1", "2606:4700::1"], "here.example": ["127.0.0.1"], "in.example": ["10.0.0.1"]}
    made = through(way_out(rows=[row], names=names), dsn)
    assert not isinstance(made, str)
    return dict(conninfo_to_dict(await made()))


async def test_libpq_is_handed_the_checked_addresses_and_must_prove_the_name() -> None:
    made = await checked("postgresql://gatepost_app:secret@db.example/gatepost")
    assert made["host"] == "db.example,db.example"
    assert made["gssencmode"] == "disable"
    assert made["hostaddr"] == "1.1.1.1,2606:4700::1"
    assert (made["sslmode"], made["sslrootcert"], made["ssl_min_protocol_version"]) == (
        "verify-full",
        "system",
        "TLSv1.2",
    )
    assert (made["user"], made["password"], made["dbname"]) == ("gatepost_app", "secret", "gatepost")


async def test_an_authority_of_the_operators_own_is_kept() -> None:
    made = await checked("host=db.example sslmode=verify-full sslrootcert=/etc/ca.pem")
    assert made["sslrootcert"] == "/etc/ca.pem"


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca"])
async def test_less_than_a_proven_name_is_refused_beyond_loopback(mode: str) -> None:
    with pytest.raises(DsnError, match="verify-full"):
        await checked(f"host=db.example sslmode={mode}")
    assert (await checked(f"host=here.example sslmode={mode}"))["hostaddr"] == "127.0.0.1"
    assert (await checked(f"host=db.example sslmode={mode}", is_clear=True))["sslmode"] == mode


async def test_a_private_address_is_refused_before_a_socket_is_opened() -> None:
    with pytest.raises(EgressRefusedError):
        await checked("host=in.example")


@pytest.mark.parametrize(
    ("dsn", "sockets"),
    [
        ("host=/run/pg port=5433 dbname=x", ["/run/pg/.s.PGSQL.5433"]),
        ("host=/run/pg dbname=x", ["/run/pg/.s.PGSQL.5432"]),
        ("host=/a,db.example,/b port=1,2,3", ["/a/.s.PGSQL.1", "/b/.s.PGSQL.3"]),
        ("host=/a,/b port=7", ["/a/.s.PGSQL.7", "/b/.s.PGSQL.7"]),
        ("host=@pg", ["\0pg/.s.PGSQL.5432"]),
        ("postgresql://user@%2Frun%2Fpg/name", ["/run/pg/.s.PGSQL.5432"]),
        ("host=db.example", []),
    ],
)
def test_the_sockets_of_a_connection_string_are_those_libpq_connects_to(dsn: str, sockets: list[str]) -> None:
    assert [*sockets_of(dsn)] == sockets


def test_who_names_no_host_is_looked_for_where_libpq_looks() -> None:
    assert "/var/run/postgresql/.s.PGSQL.5432" in sockets_of("dbname=x")
