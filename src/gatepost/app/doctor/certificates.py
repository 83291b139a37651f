"""Certificates: do they name us, for how long, does the key fit, and who may read it?"""

import ssl
import stat
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.arrive import server_context
from gatepost.settings import Settings

SOON = timedelta(days=14)
_SEE = "see docs/runbooks/certificates.md"


def look(settings: Settings, hostname: str, now: datetime) -> list[Finding]:
    """Return how each door's certificate is."""
    found = []
    for door, section, name in (
        ("smtp", settings.smtp, hostname),
        ("http", settings.http, urlsplit(settings.http.public_url).hostname or hostname),
    ):
        if bool(section.certificate) != bool(section.certificate_key):
            found.append(
                failure(f"{door}.certificate", "only half of the pair is set", f"set both, or neither; {_SEE}")
            )
        elif section.certificate:
            found += _look_at(door, Path(section.certificate), Path(section.certificate_key), name, now)
        elif door == "smtp":
            found.append(
                ok("smtp.certificate", "self-signed: enough for opportunistic TLS, not for MTA-STS or submission")
            )
    return found


def _look_at(door: str, path: Path, key: Path, name: str, now: datetime) -> list[Finding]:
    check = f"{door}.certificate"
    try:
        server_context(path, key)
        chain = x509.load_pem_x509_certificates(path.read_bytes())
        mode = stat.S_IMODE(key.stat().st_mode)
    except (ssl.SSLError, ValueError):
        return [failure(check, f"{path} and {key} are not a certificate and its key", f"set a pair that fits; {_SEE}")]
    except OSError as error:
        return [failure(check, f"{error.filename}: {error.strerror}", f"let this account read it; {_SEE}")]
    found = [_dates(check, chain[0], now), _names(check, chain[0], name)]
    if len(chain) == 1 and chain[0].issuer != chain[0].subject:
        found.append(
            warning(
                check,
                f"{path} holds no intermediate certificate: many clients will not trust it",
                "use the file with the full chain (fullchain.pem)",
            )
        )
    if mode & stat.S_IRWXO:
        found.append(failure(check, f"{key} can be read by everybody", f"chmod o-rwx {key}, and replace the key"))
    return found


def _dates(check: str, certificate: x509.Certificate, now: datetime) -> Finding:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now >= last:
        return failure(check, f"it lapsed on {last:%Y-%m-%d}", f"renew it, then `gatepost reload`; {_SEE}")
    if now < first:
        return failure(check, f"it is valid only from {first:%Y-%m-%d %H:%M} UTC", "see whether the clock is right")
    if now >= last - SOON:
        return warning(check, f"it lapses on {last:%Y-%m-%d}", f"renew it, then `gatepost reload`; {_SEE}")
    return ok(check, f"valid until {last:%Y-%m-%d}")


def _names(check: str, certificate: x509.Certificate, name: str) -> Finding:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        named: list[str] = []
    else:
        named = [
            *(text.lower() for text in names.get_values_for_type(x509.DNSName)),
            *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
        ]
    if any(_covers(pattern, name) for pattern in named):
        return ok(check, f"it names {name}")
    return failure(check, f"it names {', '.join(named) or 'nothing'}, not {name}", f"get one that does; {_SEE}")


def _covers(pattern: str, name: str) -> bool:
    """Match as clients do: a wildcard stands for exactly the first label (RFC 9525 section 6.3)."""
    try:
        return ip_address(pattern) == ip_address(name)
    except ValueError:
        first, _, rest = name.partition(".")
        return pattern == name or (bool(first) and pattern == f"*.{rest}" and "." in rest)
