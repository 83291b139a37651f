"""Change certificates and settings of a house that is up, without dropping anybody (docs/adr/0023).

On SIGHUP the settings are read anew. What may change while running is adopted, all of it or, where anything is wrong,
nothing; what needs a restart is named. Certificate files are also looked at every few seconds, for whoever renews
them tells nobody. Each reload is an entry of the record.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import structlog

from gatepost.app.administer import note_house
from gatepost.app.beside import Beside
from gatepost.app.build import ways_of
from gatepost.app.state import write_private
from gatepost.app.systemd import Supervisor
from gatepost.arrive import Certificate, Limits, Pair, SmtpServer, why_refused
from gatepost.db import DatabaseUnavailableError
from gatepost.journey import House
from gatepost.meters import Raised
from gatepost.settings import Settings, SettingsError, flat

POLL_S = 5.0
NOTE = "reload.json"

LIVE = frozenset(
    {
        "http.certificate",
        "http.certificate_key",
        "smtp.certificate",
        "smtp.certificate_key",
        "smtp.connections_max",
        "smtp.connections_per_address_max",
        "smtp.idle_timeout_s",
        "smtp.recipients_max",
        "smtp.size_max_octets",
    }
)
"""The settings that change while the house runs. Limits hold for sessions that begin afterwards."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What came of one reload; the latest lies in ``reload.json`` of the state folder.

    Attributes:
        number: counts from 1 in each life of a house.
        refused: why nothing was adopted, for the operator; empty where it was.
        changed: settings adopted.
        waiting: settings that differ and need a restart.
        certificates: SHA-256 of the certificate each door shows now.
    """

    number: int
    refused: str = ""
    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    certificates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Changeable:
    """What can be changed.

    Attributes:
        smtp: the SMTP server of this process.
        certificates: of each door that shows one, by its section.
        tell: passes adopted settings on to other processes that receive mail.
    """

    smtp: SmtpServer
    certificates: Mapping[str, Certificate]
    tell: Callable[[Settings], None] = lambda _settings: None


def limits(settings: Settings) -> Limits:
    """Return what the SMTP door takes from a client."""
    smtp = settings.smtp
    return Limits(
        size_max_octets=smtp.size_max_octets,
        recipients_max=smtp.recipients_max,
        idle_s=smtp.idle_timeout_s,
        disk_free_min_octets=smtp.disk_free_min_octets,
        in_flight_max=smtp.in_flight_max,
        connections_max=smtp.connections_max,
        connections_per_address_max=smtp.connections_per_address_max,
    )


class Reloader:
    """Holds the settings in force."""

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings],
        doors: Changeable,
        house: House,
        supervisor: Supervisor,
    ) -> None:
        self._settings = settings
        self._reread = reread
        self._doors = doors
        self._house = house
        self._supervisor = supervisor
        self._count = 0
        self._unrecorded: list[Reloaded] = []
        self._beside = Beside()

    async def run(self, asked: asyncio.Event, stop: asyncio.Event, *, poll_s: float = POLL_S) -> None:
        """Reload when ``asked``, follow the certificate files, until ``stop``."""
        waits = [asyncio.ensure_future(stop.wait())]
        try:
            while not stop.is_set():
                asking = asyncio.ensure_future(asked.wait())
                await asyncio.wait([*waits, asking], timeout=poll_s, return_when=asyncio.FIRST_COMPLETED)
                asking.cancel()
                if asked.is_set():
                    asked.clear()
                    self._supervisor.reloading()
                    self._conclude(await self._reload())
                    self._supervisor.ready()
                elif self._doors.certificates and not self._beside.is_hanging and (done := await self._renew()):
                    self._conclude(done)
                await self._record()
        finally:
            waits[0].cancel()

    async def _reload(self) -> Reloaded:
        """Adopt what the settings say now: everything, or nothing."""
        try:
            wanted, in_force, fresh = await self._beside(self._read)
            adopt(self._doors, in_force, fresh, self._house.clock())
        except (SettingsError, OSError, ssl.SSLError) as error:
            return self._outcome(refused=_spoken(error))
        before, now, then = flat(self._settings), flat(in_force), flat(wanted)
        self._settings = in_force
        self._doors.tell(in_force)
        return self._outcome(
            changed=tuple(name for name in now if now[name] != before[name]),
            waiting=tuple(name for name in now if now[name] != then[name]),
        )

    def _read(self) -> tuple[Settings, Settings, dict[str, Pair]]:
        """Return the settings as they are written now, those of them to obey, and the certificates these name."""
        wanted = self._reread()
        ways_of(wanted, wanted.database.dsn)  # it waits for a restart, which must not meet a slip of today's
        in_force = _with_live(self._settings, wanted)
        return wanted, in_force, read_pairs(self._doors, in_force)

    async def _renew(self) -> Reloaded | None:
        """Show what the certificate files hold now; None where that is what they held."""
        try:
            refused = await self._beside(lambda: renew(self._doors, self._house.clock()))
        except BlockingIOError as error:  # nothing was looked at: no reload, and nothing for the record
            log.warning("house.certificates_not_looked_at", error=Raised.by(error))
            return None
        except OSError as error:
            refused = _spoken(error)
        return None if refused is None else self._outcome(refused=refused)

    def _outcome(self, *, refused: str = "", changed: tuple[str, ...] = (), waiting: tuple[str, ...] = ()) -> Reloaded:
        self._count += 1
        shown = {door: certificate.pair.fingerprint for door, certificate in self._doors.certificates.items()}
        return Reloaded(number=self._count, refused=refused, changed=changed, waiting=waiting, certificates=shown)

    def _conclude(self, done: Reloaded) -> None:
        """Tell the running log, and whoever waits for the note."""
        if done.refused:
            log.error("house.reload_refused", why=done.refused)
        else:
            log.warning("house.reloaded", changed=done.changed, waiting=done.waiting, certificates=done.certificates)
        try:
            write_private(self._settings.state / NOTE, asdict(done))
        except OSError as error:  # what was adopted is in force, and the record says so; who waits for the note is told
            log.error("house.reload_not_noted", error=Raised.by(error))
        self._unrecorded.append(done)

    async def _record(self) -> None:
        """Enter reloads in the record; a database that is away does not hold up a certificate, only its entry."""
        while self._unrecorded:
            done = self._unrecorded[0]
            try:
                await note_house(
                    self._house,
                    "house.reload",
                    {
                        "outcome": "refused" if done.refused else "adopted",
                        "changed": list(done.changed),
                        "waiting": list(done.waiting),
                        "certificates": dict(done.certificates),
                    },
                )
            except DatabaseUnavailableError:
                return
            self._unrecorded.pop(0)


def read_pairs(doors: Changeable, settings: Settings) -> dict[str, Pair]:
    """Return the certificate that each door is to show by these settings. The disk may keep it waiting: ``Beside``.

    Raises:
        SettingsError: half of a pair.
        OSError: a file cannot be read.
        ssl.SSLError: files are not a certificate and its key.
    """
    return {door: Pair.read(*_paths(doors, settings, door)) for door in doors.certificates}


def adopt(doors: Changeable, settings: Settings, fresh: Mapping[str, Pair], now: datetime) -> None:
    """Let the doors obey these settings from now on: all of what may change, or where anything is wrong, nothing.

    Raises:
        ssl.SSLError: a certificate is not valid now.
    """
    for door, pair in fresh.items():
        doors.certificates[door].check(pair, now)
    doors.smtp.adopt(limits(settings))
    for door, pair in fresh.items():
        doors.certificates[door].show(pair)


def renew(doors: Changeable, now: datetime) -> str | None:
    """Show what certificate files that have changed hold now. The disk may keep it waiting: ``Beside``.

    Returns what was refused, and stays as it was; None where no file has changed.
    """
    refused = None
    for door, certificate in doors.certificates.items():
        if certificate.has_changed(now):
            refused = refused or ""
            try:
                certificate.renew(now)
            except (OSError, ssl.SSLError) as error:
                refused = f"{door}.certificate and its key: {_spoken(error)}"
    return refused


def _paths(doors: Changeable, settings: Settings, door: str) -> tuple[Path, Path]:
    section = settings.smtp if door == "smtp" else settings.http
    if bool(section.certificate) != bool(section.certificate_key):
        raise SettingsError(f"set both {door}.certificate and {door}.certificate_key, or neither")
    if section.certificate:
        return Path(section.certificate), Path(section.certificate_key)
    return doors.certificates[door].pair.paths


def _with_live(old: Settings, wanted: Settings) -> Settings:
    """Return the old settings with what may change taken from the wanted ones."""
    new = flat(wanted)
    smtp, http = (
        {name.removeprefix(f"{section}."): new[name] for name in LIVE if name.startswith(f"{section}.")}
        for section in ("smtp", "http")
    )
    return replace(old, smtp=replace(old.smtp, **smtp), http=replace(old.http, **http))


def _spoken(error: Exception) -> str:
    return why_refused(error) if isinstance(error, OSError) else str(error)


def last(state: Path) -> Reloaded | None:
    """Return what came of the latest reload of the house of this state folder; None where there was none."""
    try:
        note = json.loads((state / NOTE).read_text())
        return Reloaded(**{**note, "changed": tuple(note["changed"]), "waiting": tuple(note["waiting"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
