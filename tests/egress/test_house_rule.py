"""No line of the house connects but through egress; what a library does behind our back, ``test_traced`` sees."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "gatepost"
EGRESS = "egress/client.py"
CONNECTING = {
    "create_connection",
    "create_datagram_endpoint",
    "create_unix_connection",
    "getaddrinfo",
    "gethostbyaddr",
    "gethostbyname",
    "getnameinfo",
    "open_connection",
    "open_unix_connection",
    "sock_connect",
    "HTTPConnection",
    "HTTPSConnection",
    "urlopen",
    "urlretrieve",
}
OWN_DOORS = {
    "app/doctor/ports.py": {"open_connection"},  # knocks at this house's own doors
    "app/systemd.py": {"connect"},  # a Unix socket, to the supervisor
    "app/usher.py": {"connect"},  # Unix sockets, of the list that the house keeps
    "egress/hearing.py": {"AsyncConnectionPool"},  # what ``egress.http`` speaks through, to addresses it has checked
}
RAW = {"connect", "connect_ex", "sendto"}
DATABASES = {"connect", "AsyncConnectionPool", "ConnectionPool"}


def connecting(tree: ast.AST, place: str) -> Iterator[int]:
    """Yield the lines that connect by themselves."""
    has_sockets = any(isinstance(node, ast.Import) and node.names[0].name == "socket" for node in ast.walk(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if place == EGRESS or name in OWN_DOORS.get(place, ()):
            continue
        is_given_a_socket = not node.args and any(keyword.arg == "sock" for keyword in node.keywords)
        is_postgres = name in DATABASES and "psycopg" in ast.unparse(node.func)
        if (name in CONNECTING | (RAW if has_sockets else set()) and not is_given_a_socket) or (
            (is_postgres or name.endswith("ConnectionPool")) and not place.startswith("db/")
        ):
            yield node.lineno


def test_only_egress_connects() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line in connecting(ast.parse(path.read_text()), str(path.relative_to(SOURCE)))
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "await asyncio.open_connection('evil.example', 80)",
        "loop.create_datagram_endpoint(lambda: 1, remote_addr=('9.9.9.9', 53))",
        "socket.create_connection(('evil.example', 80))",
        "from urllib.request import urlopen\nurlopen('http://evil.example')",
        "socket.getaddrinfo('evil.example', 80)",
        "import socket\nsocket.socket().connect(('9.9.9.9', 80))",
        "import socket\nsocket.socket().sendto(b'x', ('9.9.9.9', 53))",
        "psycopg.connect('host=evil.example')",
        "await psycopg.AsyncConnection.connect('host=evil.example')",
        "psycopg_pool.AsyncConnectionPool('host=evil.example')",
    ],
)
def test_a_line_that_connects_is_seen(planted: str) -> None:
    tree = compile(planted, "x", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert list(connecting(tree, "act/tell.py"))


def test_a_connection_over_a_socket_of_egress_is_no_new_one() -> None:
    assert not list(connecting(ast.parse("asyncio.open_connection(sock=opened)"), "dns/client.py"))
