import os
import ssl
import stat
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatepost.arrive.tls import BACKDATED, LIFETIME, Certificate, CertificateError, Pair, self_signed, server_context

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_the_key_is_for_us_alone(tmp_path: Path) -> None:
    _, key = self_signed(tmp_path, "gate.example", lambda: NOW)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["smtp.crt", "smtp.key"]


@pytest.mark.parametrize(
    ("hostname", "name"),
    [
        ("gate.example", x509.DNSName("gate.example")),
        ("a" * 60 + ".b.example", x509.DNSName("a" * 60 + ".b.example")),
    ],
)
def test_the_certificate_names_the_host(tmp_path: Path, hostname: str, name: x509.GeneralName) -> None:
    path, _ = self_signed(tmp_path, hostname, lambda: NOW)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [name]
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc


def test_it_is_made_once_and_again_only_when_it_no_longer_serves(tmp_path: Path) -> None:
    path, key = self_signed(tmp_path, "gate.example", lambda: NOW)
    first = path.read_bytes()
    self_signed(tmp_path, "gate.example", lambda: NOW + timedelta(days=3000))
    assert path.read_bytes() == first
    self_signed(tmp_path, "other.example", lambda: NOW)
    second = path.read_bytes()
    assert second != first
    self_signed(tmp_path, "other.example", lambda: NOW + timedelta(days=4000))
    third = path.read_bytes()
    assert third != second
    key.write_bytes(b"nonsense")
    self_signed(tmp_path, "other.example", lambda: NOW + timedelta(days=4000))
    assert path.read_bytes() != third
    server_context(path, key)


def test_the_context_takes_tls_1_2_and_later_with_forward_secrecy_only(tmp_path: Path) -> None:
    context = server_context(*self_signed(tmp_path, "gate.example", lambda: NOW))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    old = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"]
    assert old
    assert all(name.startswith("ECDHE") and ("GCM" in name or "CHACHA20" in name) for name in old)


def test_a_key_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    certificate, _ = self_signed(tmp_path / "a", "gate.example", lambda: NOW)
    _, key = self_signed(tmp_path / "b", "gate.example", lambda: NOW)
    with pytest.raises(ssl.SSLError):
        server_context(certificate, key)


def test_a_certificate_is_exchanged_under_the_same_context(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = Pair.read(*self_signed(tmp_path / "a", "gate.example", lambda: NOW))
    second = Pair.read(*self_signed(tmp_path / "b", "gate.example", lambda: NOW))
    shown = Certificate(first)
    context = shown.context
    assert handshake(context) == first.fingerprint
    shown.show(second)
    assert shown.context is context
    assert handshake(context) == second.fingerprint


def test_a_change_on_disk_is_noticed_once_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    shown = Certificate(Pair.read(*self_signed(tmp_path, "gate.example", lambda: NOW)))
    first = shown.pair.fingerprint
    assert not shown.has_changed(NOW)
    self_signed(tmp_path, "other.example", lambda: NOW)
    assert shown.has_changed(NOW)
    shown.renew(NOW)
    assert not shown.has_changed(NOW)
    second = shown.pair.fingerprint
    assert handshake(shown.context) == second != first
    (tmp_path / "smtp.key").write_bytes(b"nonsense")
    assert shown.has_changed(NOW)
    with pytest.raises(ssl.SSLError):
        shown.renew(NOW)
    assert not shown.has_changed(NOW)  # once is enough
    assert handshake(shown.context) == second


def test_what_openssl_takes_for_a_certificate_and_is_none_is_refused(tmp_path: Path) -> None:
    """``openssl x509 -trustout`` writes such files. A house that was up ended when it met one."""
    certificate, key = self_signed(tmp_path, "gate.example", lambda: NOW)
    shown = Certificate(Pair.read(certificate, key))
    certificate.write_text(certificate.read_text().replace(" CERTIFICATE-----", " TRUSTED CERTIFICATE-----"))
    server_context(certificate, key)
    with pytest.raises(ssl.SSLError):
        shown.renew(NOW)


@pytest.mark.parametrize(
    ("now", "why"),
    [(NOW + LIFETIME, "lapsed on 2036-"), (NOW - 2 * BACKDATED, "is valid only from 2026-")],
)
def test_another_certificate_is_shown_only_while_it_is_valid(tmp_path: Path, now: datetime, why: str) -> None:
    shown = Certificate(Pair.read(*self_signed(tmp_path, "gate.example", lambda: NOW)))
    first = shown.pair.fingerprint
    shown.renew(now)  # the one it shows already: a reload for something else is not refused for it
    self_signed(tmp_path, "other.example", lambda: NOW)
    with pytest.raises(CertificateError, match=why):
        shown.renew(now)
    assert handshake(shown.context) == first
    shown.renew(NOW)
    assert handshake(shown.context) != first


@pytest.mark.parametrize("wrong", [NOW - BACKDATED - timedelta(seconds=2), NOW + 2 * LIFETIME])
def test_a_certificate_that_is_refused_by_a_wrong_clock_is_shown_once_it_is_valid(
    tmp_path: Path, wrong: datetime
) -> None:
    """Its issuer's clock may be before ours, or ours years ahead, and nobody touches the files again."""
    shown = Certificate(Pair.read(*self_signed(tmp_path, "gate.example", lambda: NOW)))
    first = shown.pair.fingerprint
    self_signed(tmp_path, "other.example", lambda: NOW)
    with pytest.raises(CertificateError):
        shown.renew(wrong)
    assert not shown.has_changed(wrong)
    assert shown.has_changed(NOW)
    shown.renew(NOW)
    assert not shown.has_changed(NOW)
    assert shown.pair.fingerprint != first


def test_a_locked_key_is_refused_and_nobody_is_asked_for_its_password(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "gate.example", lambda: NOW)
    opened = serialization.load_pem_private_key(key.read_bytes(), password=None)
    locked = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(opened.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    with pytest.raises(ssl.SSLError):
        server_context(certificate, key)


def handshake(server_side: ssl.SSLContext) -> str:
    """Shake hands in memory; return the SHA-256 of the certificate the server showed."""
    client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_side.check_hostname = False
    client_side.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(to_client, to_server)
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    shown = client.getpeercert(binary_form=True)
    assert shown
    return sha256(shown).hexdigest()


@pytest.mark.parametrize("which", ["smtp.crt", "smtp.key"])
def test_a_pipe_is_no_certificate_and_nobody_waits_for_it(tmp_path: Path, which: str) -> None:
    pair = self_signed(tmp_path, "gate.example", lambda: NOW)
    (tmp_path / which).unlink()
    os.mkfifo(tmp_path / which)
    told = threading.Timer(10, lambda: (tmp_path / which).write_bytes(b""))  # a test must not hang
    told.start()
    try:
        with pytest.raises(OSError, match="no regular file"):
            Pair.read(*pair)
    finally:
        told.cancel()
