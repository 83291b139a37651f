"""Which files the agents' process needs: what its fence (``app.fence``) leaves open."""

import site
import ssl
import sys
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

import gatepost
from gatepost.app.agent_tools import calendars_of, tools_of
from gatepost.blobs import folder_of
from gatepost.blobs.folder import Folder
from gatepost.settings import Settings, environment

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin"),  # programs' libraries, time zones, the certificates of most systems
    *("/etc/ld.so.cache", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/crypto-policies"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/localtime", "/etc/timezone"),
    *("/proc/self", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/dev/urandom"),
)
_MEMORY = "/dev/null"


def readable(settings: Settings, dsn: str) -> list[Path]:
    """Return what it reads: the system's and Python's files, its certificates, the state folder, the operator's files.

    An operator's file is opened anew at each call, so that it can be replaced, and a replaced file is another one: its
    folder is left open.

    Raises:
        SettingsError: a file that declares tools or calendars cannot be used.
    """
    believed = ssl.get_default_verify_paths()
    certificates = (believed.cafile, believed.capath, believed.openssl_cafile, believed.openssl_capath)
    python = [sys.prefix, sys.base_prefix, *site.getsitepackages(), *sys.path, str(Path(gatepost.__file__).parent)]
    declared = tools_of(settings)
    secrets = [
        *(each.token_file for each in declared.http),
        *(each.token_file for each in declared.mcp),
        *(each.password_file for each in calendars_of(settings).values()),
    ]
    files = [*secrets, settings.agents.tools, settings.agents.calendars, settings.agents.prices]
    passwords = (conninfo_to_dict(dsn).get("passfile"), environment().get("PGPASSFILE"), "~/.pgpass")
    return [
        *map(Path, _SYSTEM),
        *(Path(each) for each in certificates if each),
        *(Path(each) for each in python if each and Path(each) != Path("/")),
        settings.state,
        *(Path(each).absolute().parent for each in files if each),
        *(Path(str(each)).expanduser() for each in passwords if each),
    ]


def writable(settings: Settings) -> list[Path]:
    """Return what it writes: the keys of messages, and their bodies where these lie in a folder.

    That folder is made where it is missing, as it is until a house has its first mail: what does not exist cannot be
    left open.
    """
    bodies = folder_of(settings.blobs.url) if settings.blobs.url else settings.state / "blobs"
    if bodies:
        Folder(bodies).make()
    return [settings.state / "keys", Path(_MEMORY), *([bodies] if bodies else [])]
