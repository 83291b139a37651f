"""Everything an operator may set, read once: defaults, then a TOML file, then the environment.

A setting ``port`` of section ``smtp`` is ``[smtp] port = 2525`` in the file and ``GATEPOST_SMTP__PORT=2525`` in the
environment. An unknown key is refused with the nearest valid name, so that a typing error never passes silently.
``docs/settings.md`` is written from the fields in ``sections``.
"""

from gatepost.settings.process import amazon, credential_files, environment, from_process
from gatepost.settings.reading import PORT_MAX, PREFIX, SettingsError, load
from gatepost.settings.reference import describe, flat, reference
from gatepost.settings.sections import (
    AgentSettings,
    BlobSettings,
    DatabaseSettings,
    DeliverySettings,
    DestinationSettings,
    DnsSettings,
    EgressSettings,
    HttpSettings,
    LogSettings,
    MetricsSettings,
    RetentionSettings,
    ScanSettings,
    Settings,
    SmtpSettings,
    TrustSettings,
)

__all__ = [
    "PORT_MAX",
    "PREFIX",
    "AgentSettings",
    "BlobSettings",
    "DatabaseSettings",
    "DeliverySettings",
    "DestinationSettings",
    "DnsSettings",
    "EgressSettings",
    "HttpSettings",
    "LogSettings",
    "MetricsSettings",
    "RetentionSettings",
    "ScanSettings",
    "Settings",
    "SettingsError",
    "SmtpSettings",
    "TrustSettings",
    "amazon",
    "credential_files",
    "describe",
    "environment",
    "flat",
    "from_process",
    "load",
    "reference",
]
