"""TLS without a socket: a client of the standard library's on the other side, its octets cut anyhow."""

import ssl
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arrive.loopback import certificate
from gatepost.arrive.tunnel import RECORD_OCTETS, Tunnel


class Caller:
    """The client's half."""

    def __init__(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)

    def shake_hands(self, tunnel: Tunnel) -> None:
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.speak(tunnel)
            else:
                self.speak(tunnel)
                return

    def speak(self, tunnel: Tunnel, *, cut: int = 1 << 20) -> bytes:
        """Bring over what was written, in pieces, and what TLS answers; return what the tunnel heard."""
        octets = self.outgoing.read()
        heard = b"".join(tunnel.receive(octets[at : at + cut]) for at in range(0, len(octets), cut))
        self.incoming.write(tunnel.unsent())
        return heard

    def hear(self, octets: bytes) -> bytes:
        self.incoming.write(octets)
        heard = bytearray()
        try:
            while piece := self.tls.read(RECORD_OCTETS):
                heard += piece
        except ssl.SSLWantReadError:
            pass
        return bytes(heard)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder: Path = tmp_path_factory.mktemp("tls")
    return certificate(folder)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_sides_hear_each_other_and_know_what_they_agreed_upon(
    context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    tunnel, caller = Tunnel(context), Caller(version)
    assert tunnel.tls is None
    caller.shake_hands(tunnel)
    assert tunnel.tls is not None
    assert (tunnel.tls.version, tunnel.tls.cipher) == (caller.tls.version(), (caller.tls.cipher() or ("",))[0])
    caller.tls.write(b"EHLO c\r\n")
    assert caller.speak(tunnel) == b"EHLO c\r\n"
    assert caller.hear(tunnel.seal(b"250 x\r\n" * 10_000)) == b"250 x\r\n" * 10_000


@settings(max_examples=30, deadline=None)
@given(said=st.binary(max_size=60_000), cut=st.integers(700, 40_000))
def test_however_the_octets_are_cut_the_same_is_heard(context: ssl.SSLContext, said: bytes, cut: int) -> None:
    tunnel, caller = Tunnel(context), Caller()
    caller.shake_hands(tunnel)
    caller.tls.write(said + b"!")  # an empty record says nothing
    left = memoryview(said + b"!")[RECORD_OCTETS:]  # OpenSSL takes one record at a time
    while left:
        left = left[caller.tls.write(left) :]
    assert caller.speak(tunnel, cut=cut) == said + b"!"


def test_what_is_no_tls_is_refused(context: ssl.SSLContext) -> None:
    tunnel = Tunnel(context)
    with pytest.raises(ssl.SSLError):
        tunnel.receive(b"NOOP\r\n" * 50)
    assert tunnel.end() == b""


def test_both_sides_say_that_they_will_say_no_more(context: ssl.SSLContext) -> None:
    tunnel, caller = Tunnel(context), Caller()
    caller.shake_hands(tunnel)
    caller.tls.write(b"QUIT\r\n")
    with pytest.raises(ssl.SSLWantReadError):
        caller.tls.unwrap()
    assert caller.speak(tunnel) == b"QUIT\r\n"
    assert tunnel.has_ended
    assert caller.hear(tunnel.seal(b"221 bye\r\n")) == b"221 bye\r\n"  # RFC 8446 section 6.1: one half may go on
    caller.incoming.write(tunnel.end())
    caller.tls.unwrap()
