"""The certificate a door shows, exchanged while it is open, and how it speaks TLS (RFC 3207, RFC 9325)."""

import errno
import os
import ssl
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatepost.clock import Clock

LIFETIME = timedelta(days=3650)  # nobody pins it and nothing renews it: opportunistic TLS checks no name
BACKDATED = timedelta(days=1)  # clients' clocks are not ours
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # for TLS 1.2; forward secrecy and AEAD only. TLS 1.3 has no others.


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context for the server's side: TLS 1.2 or later.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: the files are not a certificate and its key.
    """
    for path in (certificate, key):
        _see_file(path)  # OpenSSL does not tell which one cannot be read
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.load_cert_chain(certificate, key, password="")  # or it would ask the terminal for one
    return context


def _see_file(path: Path) -> None:
    """See that it can be read, and is a regular file: a pipe would keep us waiting for whoever writes to it."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
    finally:
        os.close(number)


class CertificateError(ssl.SSLError):
    """A certificate is none, or is not valid now; ``strerror`` says it in words of ours."""


def why_refused(error: OSError) -> str:
    """Return what is wrong with a certificate and its key, of which ``Pair.read`` or ``Certificate.check`` said so."""
    if isinstance(error, CertificateError):
        return str(error.strerror)
    if isinstance(error, ssl.SSLError):
        return f"the files are not a certificate and its key ({error.reason or 'unreadable'})"
    return f"cannot read {error.filename}: {error.strerror}"


Marks = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key as the files held them at one moment.

    Attributes:
        marks: what changes when a file does, as it was before they were read.
        fingerprint: SHA-256 of the certificate, in hexadecimal.
        first: aware time from which it is valid.
        last: aware time until which it is.
    """

    paths: tuple[Path, Path]
    marks: Marks
    context: ssl.SSLContext
    fingerprint: str
    first: datetime
    last: datetime

    @classmethod
    def read(cls, certificate: Path, key: Path) -> Self:
        """Read both.

        Raises:
            OSError: a file cannot be read.
            ssl.SSLError: the files are not a certificate and its key.
        """
        marks = _look((certificate, key))  # before reading: what changes meanwhile is a change
        context = server_context(certificate, key)
        try:
            shown = x509.load_pem_x509_certificate(certificate.read_bytes())
        except ValueError as error:  # OpenSSL takes more forms than are certificates, or the file changed meanwhile
            raise CertificateError(ssl.SSL_ERROR_SSL, "the certificate is in a form that cannot be read") from error
        fingerprint = shown.fingerprint(hashes.SHA256()).hex()
        first, last = shown.not_valid_before_utc, shown.not_valid_after_utc
        return cls((certificate, key), marks, context, fingerprint, first, last)

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the certificate is valid at that time."""
        return self.first <= now < self.last


class Certificate:
    """What a door shows, exchanged while it is open.

    ``context`` is for the listener and never changes; each handshake goes over to the newest pair. So connections that
    stand keep what they have agreed upon, and whoever comes next sees the new certificate.
    """

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._marks = pair.marks
        self._refused: Pair | None = None
        self.context = server_context(*pair.paths)
        self.context.sni_callback = self._turn

    def has_changed(self, now: datetime) -> bool:
        """Return whether the files are others than when last looked at, or what was not valid then is by now."""
        is_due = self._refused is not None and self._refused.is_valid(now)
        return is_due or _look(self.pair.paths) != self._marks

    def renew(self, now: datetime) -> None:
        """Show what the files hold now. Where they are no certificate and its key, the old pair stays.

        Raises:
            OSError: a file cannot be read.
            ssl.SSLError: the files are not a certificate and its key, or see ``check``.
        """
        self._marks, self._refused = _look(self.pair.paths), None  # before reading: what changes meanwhile is a change
        fresh = Pair.read(*self.pair.paths)
        if not fresh.is_valid(now):  # a clock may be wrong, ours or the issuer's: nobody touches the files again
            self._refused = fresh
        self.check(fresh, now)
        self.pair = fresh

    def check(self, pair: Pair, now: datetime) -> None:
        """See that another certificate than the one shown is valid: a slip of the hand takes no good one away.

        Raises:
            CertificateError: it is not.
        """
        if pair.fingerprint == self.pair.fingerprint or pair.is_valid(now):
            return
        when = f"lapsed on {pair.last:%Y-%m-%d}" if now >= pair.last else f"is valid only from {pair.first:%Y-%m-%d}"
        raise CertificateError(ssl.SSL_ERROR_SSL, f"the certificate {when}")

    def show(self, pair: Pair) -> None:
        """Show this pair from now on."""
        self._marks, self._refused = pair.marks, None
        self.pair = pair

    def _turn(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        handshake.context = self.pair.context


def _look(paths: tuple[Path, Path]) -> Marks:
    """Return what changes when a file does; a link that leads elsewhere is a change too."""
    return tuple(map(_mark, paths))


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def self_signed(folder: Path, hostname: str, clock: Clock) -> tuple[Path, Path]:
    """Return the certificate and key in ``folder``, made at the first call: ECDSA P-256, the key for us alone.

    A certificate that has lapsed, or that names another host, is made anew.

    Args:
        folder: where both lie; it must exist.
        hostname: the host's name in A-labels, or its IP address.
        clock: what the certificate's life is counted from.
    """
    certificate_path, key_path = folder / "smtp.crt", folder / "smtp.key"
    if not _is_usable(certificate_path, key_path, hostname, clock):
        key = ec.generate_private_key(ec.SECP256R1())
        key_octets = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(key_path, key_octets, mode=0o600)
        certificate = _certificate(key, hostname, clock)
        _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return certificate_path, key_path


def _is_usable(certificate_path: Path, key_path: Path, hostname: str, clock: Clock) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return (
        certificate.public_key() == key.public_key()
        and certificate.not_valid_after_utc > clock()
        and list(names) == [_general_name(hostname)]
    )


def _certificate(key: ec.EllipticCurvePrivateKey, hostname: str, clock: Clock) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])  # RFC 5280: ub-common-name
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock() - BACKDATED)
        .not_valid_after(clock() + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(hostname)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _general_name(hostname: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(hostname.strip("[]")))
    except ValueError:
        return x509.DNSName(hostname)


def _write(path: Path, octets: bytes, *, mode: int) -> None:
    """Replace ``path`` in one step; it never exists with wider rights than ``mode``."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(octets)
    draft.replace(path)
