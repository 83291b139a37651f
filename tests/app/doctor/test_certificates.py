from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatepost.app.doctor import certificates
from gatepost.app.doctor.finding import Finding, Level
from gatepost.settings import HttpSettings, Settings, SmtpSettings

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HOST = "mx.gate.example"


def pair(folder: Path, *names: str, days: int = 90, starts: int = -1, issuer: str = "") -> tuple[Path, Path]:
    """Write a certificate that names these hosts, valid for so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "subject")])
    signer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer or "subject")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + timedelta(days=starts))
        .not_valid_after(NOW + timedelta(days=days))
    )
    if names:
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    certificate_path, key_path = folder / "chain.pem", folder / "key.pem"
    certificate_path.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    key_path.chmod(0o600)
    return certificate_path, key_path


def look(certificate: Path, key: Path) -> list[Finding]:
    smtp = SmtpSettings(certificate=str(certificate), certificate_key=str(key))
    return certificates.look(Settings(smtp=smtp), HOST, NOW)


def worst_of(found: list[Finding]) -> list[Level]:
    return sorted({finding.level for finding in found if finding.level is not Level.OK})


@pytest.mark.parametrize("names", [(HOST,), ("*.gate.example",), ("other.example", HOST)])
def test_a_certificate_that_names_us_is_well(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert worst_of(look(*pair(tmp_path, *names))) == []


@pytest.mark.parametrize(
    ("names", "days", "starts", "issuer", "level", "word"),
    [
        (("other.example",), 90, -1, "", Level.FAILURE, "not mx.gate.example"),
        (("*.example",), 90, -1, "", Level.FAILURE, "not mx.gate.example"),
        ((), 90, -1, "", Level.FAILURE, "nothing"),
        ((HOST,), -1, -90, "", Level.FAILURE, "lapsed on 2026-11-19"),
        ((HOST,), 90, 1, "", Level.FAILURE, "only from"),
        ((HOST,), 13, -1, "", Level.WARNING, "lapses on 2026-12-03"),
        ((HOST,), 90, -1, "an authority", Level.WARNING, "intermediate"),
    ],
)
def test_a_certificate_that_will_not_do_is_told(
    tmp_path: Path, names: tuple[str, ...], days: int, starts: int, issuer: str, level: Level, word: str
) -> None:
    found = [
        finding
        for finding in look(*pair(tmp_path, *names, days=days, starts=starts, issuer=issuer))
        if finding.level is not Level.OK
    ]
    assert [finding.level for finding in found] == [level]
    assert word in found[0].said
    assert found[0].next_step


def test_a_key_that_does_not_fit_or_that_everybody_reads_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    certificate, key = pair(tmp_path / "a", HOST)
    _, other = pair(tmp_path / "b", HOST)
    (unfit,) = look(certificate, other)
    assert (unfit.level, unfit.said) == (Level.FAILURE, f"{certificate} and {other} are not a certificate and its key")
    absent = tmp_path / "absent.pem"
    for seen in (look(certificate, absent), look(absent, key)):
        assert [(each.level, each.said) for each in seen] == [(Level.FAILURE, f"{absent}: No such file or directory")]
    key.chmod(0o644)
    (found,) = [finding for finding in look(certificate, key) if finding.level is not Level.OK]
    assert "read by everybody" in found.said


def test_half_a_pair_is_a_failure_and_none_is_only_remarked(tmp_path: Path) -> None:
    half = Settings(http=HttpSettings(certificate=str(tmp_path / "chain.pem")))
    found = certificates.look(half, HOST, NOW)
    assert [(finding.check, finding.level) for finding in found] == [
        ("smtp.certificate", Level.OK),
        ("http.certificate", Level.FAILURE),
    ]


def test_http_must_name_what_clients_ask_for(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path, "api.gate.example")
    http = HttpSettings(
        certificate=str(certificate), certificate_key=str(key), public_url="https://api.gate.example:8443"
    )
    assert worst_of(certificates.look(Settings(http=http), HOST, NOW)) == []
