"""What may be set: a section for each part of the house, each field with its default and what it does."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def _set(default: Any, doc: str) -> Any:
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Where mail arrives."""

    host: str = _set("127.0.0.1", "Address to listen on; to receive from the network :: (IPv4 and IPv6) or 0.0.0.0.")
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
