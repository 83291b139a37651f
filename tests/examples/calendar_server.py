"""Radicale, a real CalDAV server, on a free port of loopback: its own server cannot be told to pick one.

``python calendar_server.py FOLDER`` prints the port.
"""

import sys
from wsgiref.simple_server import make_server

from radicale import config
from radicale.app import Application

settings = config.load()
settings.update(
    {
        "auth": {"type": "none"},
        "storage": {"filesystem_folder": sys.argv[1]},
        "rights": {"type": "authenticated"},
        "logging": {"level": "error"},
    },
    "calendar_server.py",
)
with make_server("127.0.0.1", 0, Application(settings)) as server:
    print(server.server_port, flush=True)  # noqa: T201  # whoever started us waits for it
    server.serve_forever()
