"""Everything an operator may set, read once: defaults, then a TOML file, then the environment.

A setting ``port`` of section ``smtp`` is ``[smtp] port = 2525`` in the file and ``GATEPOST_SMTP__PORT=2525`` in the
environment. An unknown key is refused with the nearest valid name, so that a typing error never passes silently.
``docs/settings.md`` is written from the fields below.
"""

import difflib
import math
import operator
import os
import tomllib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

PREFIX = "GATEPOST_"
PORT_MAX = 65_535
_MAY_BE_0 = (".port", "_days", "stop_delay_s", "disk_free_min_octets", "quorum")


class SettingsError(ValueError):
    """A setting is unknown or unusable; the text names it and says what to do."""


def _set(default: Any, doc: str) -> Any:
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Where mail arrives."""

    host: str = _set("127.0.0.1", "Address to listen on; 0.0.0.0 or :: to receive from the network.")
    port: int = _set(2525, "Port to listen on; 0 picks a free one.")
    workers: int = _set(1, "Processes that receive mail on this port; 1: the house itself. Limits hold for each.")
    size_max_octets: int = _set(26_214_400, "Largest message accepted (SIZE, RFC 1870).")
    recipients_max: int = _set(100, "Recipients per message (RFC 9422 RCPTMAX).")
    idle_timeout_s: int = _set(300, "Seconds without a command before 421 (RFC 5321 section 4.5.3.2.7).")
    connections_max: int = _set(1000, "Connections at once, in all.")
    connections_per_address_max: int = _set(50, "Connections at once from one address.")
    disk_free_min_octets: int = _set(268_435_456, "With less free on disk no mail is taken (452), until there is more.")
    in_flight_max: int = _set(1000, "Messages that came in and wait for their answer; beyond it new ones hear 421.")
    certificate: str = _set("", "PEM file with the certificate chain; empty: self-signed at the first start.")
    certificate_key: str = _set("", "PEM file with the certificate's private key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Where REST answers."""

    host: str = _set("127.0.0.1", "Address to listen on.")
    port: int = _set(8080, "Port to listen on; 0 picks a free one.")
    certificate: str = _set("", "PEM file with the certificate chain; empty: plain HTTP, on loopback only.")
    certificate_key: str = _set("", "PEM file with the certificate's private key.")
    connections_per_address_max: int = _set(100, "Connections over TLS at once from one address.")
    proxies: tuple[str, ...] = _set(
        (), "Networks of proxies in front of it, comma-separated: connections from there are not counted by address."
    )
    public_url: str = _set("", "How clients reach it, such as https://mail.example.com; empty: from host and port.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Where Prometheus reads."""

    host: str = _set("127.0.0.1", "Address to listen on; plain HTTP and no key, so let nobody else reach it.")
    port: int = _set(0, "Port to listen on; 0 picks a free one, named in running.json.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSettings:
    """Whom to ask."""

    servers: tuple[str, ...] = _set((), "Resolvers as ip:port, comma-separated; empty: the system's.")
    timeout_s: float = _set(5.0, "Deadline for one question, retries included.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """PostgreSQL."""

    dsn: str = _set("", "Connect as the serving role gatepost_app; empty: start an embedded PostgreSQL.")
    owner_dsn: str = _set("", "Connect as the owner of the tables; only `gatepost migrate` uses it.")
    accept_dsn: str = _set(
        "", "Connect as gatepost_accept, the role that takes mail and can only add; empty: as in dsn, with that name."
    )
    keeper_dsn: str = _set(
        "", "Connect as gatepost_keeper, the role that expires and erases; empty: as in dsn, with that user's name."
    )
    binaries: str = _set("", "Folder with postgres and initdb for the embedded server; empty: look for them.")
    connections: int = _set(8, "Connections of each of the two pools: what takes mail, and all else.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobSettings:
    """Bodies and log tiles."""

    url: str = _set("", "s3://bucket/prefix or file:///folder; empty: the folder blobs of the state folder.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """The record's tiled log."""

    origin: str = _set("", "Origin of the logs without scheme, such as mail.example.com/log; empty: hostname/log.")
    second: str = _set(
        "",
        "Second store, file:///path or s3://bucket/prefix, written before a checkpoint is signed; empty: a folder of "
        "the state, which guards against no disk loss, and against no fork where the whole folder is restored.",
    )
    witnesses: tuple[str, ...] = _set(
        (), "Who cosigns checkpoints, comma-separated, each `URL verifier-key`; empty: they are shown without."
    )
    quorum: int = _set(1, "How many witnesses must cosign a checkpoint before it is shown.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How many days each plan keeps mail and what the record says of persons; 0 keeps for ever."""

    free_days: int = _set(7, "Days on the plan free; 0: for ever. Leaves and proofs always stay.")
    developer_days: int = _set(30, "Days on the plan developer.")
    team_days: int = _set(365, "Days on the plan team.")
    business_days: int = _set(2557, "Days on the plan business: seven years.")
    enterprise_days: int = _set(2557, "Days on the plan enterprise: seven years.")
    other_days: int = _set(2557, "Days on a plan of any other name.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """Where outgoing mail goes."""

    next_hop: str = _set("", "host:port of a relay that takes all outgoing mail; empty: each recipient's MX.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings:
    """One ``[[egress.destinations]]``: where connections of one purpose may go, and on whose word."""

    purpose: str = ""
    to: str = ""
    region: str = ""
    mechanism: str = ""
    decided_by: str = ""
    networks: tuple[str, ...] = ()
    in_clear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressSettings:
    """What may be connected to."""

    allow_private: tuple[str, ...] = _set(
        (), "Loopback and private networks open to webhooks and mail, such as 10.1.0.0/16; `up` adds loopback."
    )
    destinations: tuple[DestinationSettings, ...] = _set(
        (), "Tables of the file, each with purpose, to, region, mechanism, decided_by: see docs/egress.md."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """Scanners outside this house; none unless named. Whatever they say, or do not say, is evidence."""

    clamd: str = _set("", "A clamd that reads INSTREAM: host:port, or unix:/path.")
    icap: str = _set("", "An ICAP service (RFC 3507), such as icap://127.0.0.1:1344/avscan.")
    icap_method: str = _set("respmod", "What that service speaks: respmod or reqmod.")
    classifier: str = _set("", "URL of a classifier that takes and gives JSON; it reads the whole message.")
    timeout_s: float = _set(10.0, "Seconds all of them have for one message; who is late is unavailable.")
    canaries: tuple[str, ...] = _set(
        (), "Marks planted in prompts, comma-separated; a mail with one has seen a prompt."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What hosted agents think with. They are off for each tenant until somebody switches them on."""

    url: str = _set(
        "https://api.anthropic.com",
        "Endpoint of the Messages API, or a local one of its shape; `gatepost agent key` keeps its key.",
    )
    prices: str = _set("", "TOML file with the models' prices; empty: the list this release came with.")
    calendars: str = _set("", "TOML file with CalDAV calendars that agents may be given; empty: none.")
    tools: str = _set("", "TOML file with HTTP tools that agents may be given; empty: none. See docs/agents.md.")
    must_be_confined: bool = _set(
        default=True,
        doc="Agents take turns only where the kernel (Linux, seccomp) keeps their process from connecting by itself; "
        "false: elsewhere too, under Python's audit hook alone.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSettings:
    """What this house claims in public."""

    operator: str = _set("", "Folder with the operator's claims, registers and texts; empty: nothing is claimed.")
    probe_every_s: float = _set(60.0, "Seconds between two rounds of the status page's round trips.")
    probe_trip_s: float = _set(10.0, "How long one of those trips may take before it counts as failed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole, frozen."""

    state: Path = field(default=Path("state"), metadata={"doc": "Folder for everything this house keeps."})
    hostname: str = _set("mail.gatepost.test", "Our name in SMTP, Authentication-Results and the log's origin.")
    stop_delay_s: float = _set(0.0, "On SIGTERM, seconds between being unready and draining, for load balancers.")
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    dns: DnsSettings = field(default_factory=DnsSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    blobs: BlobSettings = field(default_factory=BlobSettings)
    log: LogSettings = field(default_factory=LogSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    egress: EgressSettings = field(default_factory=EgressSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)
    agents: AgentSettings = field(default_factory=AgentSettings)
    trust: TrustSettings = field(default_factory=TrustSettings)


def load(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """Return the settings.

    Args:
        environment: only names that begin with ``GATEPOST_`` are read.
        file: a TOML file; None for none.

    Raises:
        SettingsError: an unknown key, a value of the wrong kind, or a file that cannot be read.
    """
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values = tomllib.loads(file.read_text())
        except OSError as error:
            raise SettingsError(f"cannot read {file}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file} is not valid TOML: {error}") from error
    for name, text in environment.items():
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"):
            _overlay(values, name, text)
    return typing.cast("Settings", _build(Settings, values, where=""))


def from_process(file: Path | None = None) -> Settings:
    """Return the settings of this process: its environment, over ``file`` or the file ``GATEPOST_CONFIG`` names."""
    variables = environment()
    named = variables.pop(f"{PREFIX}CONFIG", "")
    return load(variables, file or (Path(named) if named else None))


def environment() -> dict[str, str]:
    """Return a copy of this process's environment."""
    return dict(os.environ)  # noqa: TID251  # the one place that reads it


def flat(settings: Settings) -> dict[str, Any]:
    """Return every value by its name, such as ``smtp.port``."""
    return {name: operator.attrgetter(name)(settings) for name, _, _ in describe()}


def amazon() -> dict[str, str]:
    """Return the ``AWS_*`` variables of this process, where S3's clients look for endpoint, region and credentials."""
    return {name: text for name, text in environment().items() if name.startswith("AWS_")}


def credential_files() -> tuple[Path, ...]:
    """Return the files in which this process may find passwords, whether they are there or not.

    That of ``GATEPOST_CONFIG``, and where libpq and S3's clients look.
    """
    said = environment()
    named = [said.get(name, "") for name in (f"{PREFIX}CONFIG", "PGPASSFILE", "AWS_SHARED_CREDENTIALS_FILE")]
    home = said.get("HOME", "")
    customary = [Path(home, ".pgpass"), Path(home, ".aws", "credentials")] if home else []
    return (*(Path(each) for each in named if each), *customary)


def _overlay(values: dict[str, Any], name: str, text: str) -> None:
    path = name.removeprefix(PREFIX).lower().split("__")
    here = values
    for part in path[:-1]:
        inner = here.setdefault(part, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{name}: {part} is no section")
        here = inner
    here[path[-1]] = _FromEnvironment(text)


class _FromEnvironment(str):
    """Text still to be read as the field's type; values from TOML have a type already."""

    __slots__ = ()


def _build(cls: type[Any], values: Mapping[str, Any], *, where: str) -> Any:
    hints = get_type_hints(cls)
    known = {item.name: item for item in fields(cls)}
    for name in values:
        if name not in known:
            raise SettingsError(_unknown(f"{where}{name}", [f"{where}{other}" for other in known]))
    built: dict[str, Any] = {}
    for name, value in values.items():
        kind = hints[name]
        if is_dataclass(kind):
            if not isinstance(value, Mapping):
                raise SettingsError(f"{where}{name} is a section: write [{where}{name}]")
            built[name] = _build(typing.cast("type[Any]", kind), value, where=f"{where}{name}.")
        else:
            built[name] = _read(kind, value, f"{where}{name}")
    return cls(**built)


def _unknown(name: str, known: list[str]) -> str:
    every = [*known, *(path for path, _, _ in describe())]
    near = difflib.get_close_matches(name, every, n=1, cutoff=0.5)
    return f"unknown setting {name}" + (f": did you mean {near[0]}?" if near else "; `gatepost settings` lists them")


def _read(kind: Any, value: Any, name: str) -> Any:
    text = isinstance(value, _FromEnvironment)
    if get_origin(kind) is tuple and is_dataclass(inner := get_args(kind)[0]):
        if text or not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise SettingsError(f"{name} is a list of tables: write [[{name}]] in the file")
        return tuple(_build(typing.cast("type[Any]", inner), item, where=f"{name}.") for item in value)
    if get_origin(kind) is tuple:
        items = [item.strip() for item in value.split(",") if item.strip()] if text else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise SettingsError(f"{name} must be a list of texts")
        return tuple(str(item) for item in items)
    if kind is bool:
        if text and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if isinstance(value, bool):
            return value
        raise SettingsError(f"{name} must be true or false")
    if kind in {int, float}:
        return _number(kind, value, name)
    if not isinstance(value, str):
        raise SettingsError(f"{name} must be a text")
    return Path(value) if kind is Path else str(value)


def _number(kind: type[int] | type[float], value: Any, name: str) -> int | float:
    wrong = SettingsError(f"{name} must be a {'whole ' if kind is int else ''}number")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise wrong
    try:
        number = kind(value)
        is_finite = math.isfinite(number)
    except OverflowError as error:
        raise SettingsError(f"{name} is out of range") from error
    except ValueError as error:
        raise wrong from error
    if name.endswith(".port") and not 0 <= number <= PORT_MAX:
        raise SettingsError(f"{name} must be from 0, for any that is free, to {PORT_MAX}")
    if not is_finite or number < 0:
        raise SettingsError(f"{name} is out of range")
    if not number and not name.endswith(_MAY_BE_0):
        raise SettingsError(f"{name} must be more than 0: nothing would work")
    return number


def describe() -> Iterator[tuple[str, str, str]]:
    """Yield (name, default, what it does) for every setting, in order."""
    yield from _describe(Settings, "")


def _describe(cls: type[Any], where: str) -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(cls)
    for item in fields(cls):
        if is_dataclass(hints[item.name]):
            yield from _describe(typing.cast("type[Any]", hints[item.name]), f"{where}{item.name}.")
        else:
            yield f"{where}{item.name}", _spell(item), str(item.metadata["doc"])


def _spell(item: Field[Any]) -> str:
    if item.default is MISSING:  # pragma: no cover  # every leaf has one
        return ""
    if isinstance(item.default, tuple):
        return ",".join(item.default)
    return str(item.default).lower() if isinstance(item.default, bool) else str(item.default)


def reference() -> str:
    """Return the reference page, ``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Written from the fields of `src/gatepost/settings.py` by `gatepost settings --markdown`.",
        "",
        "A setting `smtp.port` is `port` under `[smtp]` in the file that `GATEPOST_CONFIG` (or `--config`) names, and",
        "`GATEPOST_SMTP__PORT` in the environment, which wins. Unknown names are refused.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
        *(f"| `{name}` | {f'`{default}`' if default else 'empty'} | {doc} |" for name, default, doc in describe()),
    ]
    return "\n".join(lines) + "\n"
