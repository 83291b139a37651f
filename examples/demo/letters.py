"""Who writes in the demo, from which address, and what they sign: keys are made at run time and thrown away."""

import email.utils
from collections.abc import Iterator
from dataclasses import dataclass, field

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

RSA_BITS = 2048
SELECTOR = "demo"


def new_key() -> rsa.RSAPrivateKey:
    """Make an RSA key for signing mail."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)


def public_text(key: rsa.RSAPrivateKey) -> str:
    """Return the DKIM key record (RFC 6376 section 3.6.1)."""
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1]).decode()


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain with one mail server, one key, and a wish to have forgeries rejected."""

    name: str
    source: str
    key: rsa.RSAPrivateKey = field(default_factory=new_key, repr=False)

    @property
    def mail_host(self) -> str:
        """The name its server says in EHLO."""
        return f"mail.{self.name}"

    def records(self) -> Iterator[tuple[str, str, str]]:
        """Return what the domain publishes, as (name, type, text)."""
        yield self.mail_host, "A", self.source
        yield self.name, "MX", f"10 {self.mail_host}."
        yield self.name, "TXT", f"v=spf1 ip4:{self.source} -all"
        yield self.mail_host, "TXT", f"v=spf1 ip4:{self.source} -all"
        yield f"_dmarc.{self.name}", "TXT", "v=DMARC1; p=reject"
        yield f"{SELECTOR}._domainkey.{self.name}", "TXT", public_text(self.key)

    def signed(self, raw: bytes) -> bytes:
        """Return the message under this domain's DKIM signature."""
        signature = dkim.sign(
            raw,
            SELECTOR.encode(),
            self.name.encode(),
            self._pem(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"],
        )
        return bytes(signature) + raw

    def forwarded(self, raw: bytes, *, author_domain: str) -> bytes:
        """Pass a message on as a mailing list does: change it, then seal what was true before (RFC 8617).

        The footer breaks the author's signature and the new source breaks the author's SPF; the seal keeps the
        forwarder's word that both had passed.
        """
        findings = (
            f"Authentication-Results: {self.name}; spf=pass smtp.mailfrom={author_domain};"
            f" dkim=pass header.d={author_domain}; dmarc=pass header.from={author_domain}\r\n"
        )
        changed = findings.encode() + raw + b"-- \r\nForwarded by a list you once joined.\r\n"
        seal = dkim.arc_sign(
            changed,
            SELECTOR.encode(),
            self.name.encode(),
            self._pem(),
            self.name.encode(),
            include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
        )
        return b"".join(seal) + changed

    def _pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )


def compose(
    *, author: str, to: str, subject: str, label: str, body: str, content_type: str = "text/plain; charset=utf-8"
) -> bytes:
    """Write a message with CRLF lines; ``label`` makes its Message-ID, by which its reply is found again."""
    head = (
        f"From: {author}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {email.utils.formatdate()}",
        f"Message-ID: {message_id(label, author)}",
        "MIME-Version: 1.0",
        f"Content-Type: {content_type}",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + "\r\n".join(body.splitlines()) + "\r\n").encode()


def message_id(label: str, author: str) -> str:
    """Return the Message-ID of the message with that label."""
    return f"<{label}@{author.rpartition('@')[2].rstrip('>')}>"
