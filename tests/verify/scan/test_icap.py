from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.paper import ScanResult
from gatepost.verify.scan import icap
from gatepost.verify.scan.icap import Service
from gatepost.verify.scan.watch import ScannerError

RAW = b"Subject: x\r\n\r\nhello\r\n"
RESPMOD = Service.parse("icap://scanner.example:1344/avscan", "respmod")
REQMOD = Service.parse("icap://scanner.example/avscan", "reqmod")


def answer(body: bytes, *, icap_headers: bytes = b"") -> bytes:
    http = b"HTTP/1.1 200 OK\r\n\r\n"
    head = b"ICAP/1.0 200 OK\r\n%bEncapsulated: res-hdr=0, res-body=%d\r\n\r\n" % (icap_headers, len(http))
    return head + http + b"%x;ext=1\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def test_a_service_is_read_from_its_url() -> None:
    assert (REQMOD.host, REQMOD.port, REQMOD.is_request) == ("scanner.example", icap.DEFAULT_PORT, True)
    for url, method in (("http://a/b", "respmod"), ("icap:///b", "respmod"), ("icap://a/b", "options")):
        with pytest.raises(ValueError, match="icap"):
            Service.parse(url, method)


@pytest.mark.parametrize("service", [RESPMOD, REQMOD])
def test_the_parts_stand_where_the_request_says(service: Service) -> None:
    head, _, rest = icap.request(service, RAW).partition(b"\r\n\r\n")
    line = next(each for each in head.split(b"\r\n") if each.startswith(b"Encapsulated"))
    places = dict(part.strip().split(b"=") for part in line.partition(b":")[2].split(b","))
    body = int(places[b"req-body" if service.is_request else b"res-body"])
    assert rest[body:] == b"%x\r\n%b\r\n0\r\n\r\n" % (len(RAW), RAW)
    assert rest[:body].endswith(b"\r\n\r\n")
    if not service.is_request:
        assert rest[int(places[b"res-hdr"]) :].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("given_answer", "result", "found"),
    [
        (b"ICAP/1.0 204 No Content\r\nISTag: x\r\n\r\n", ScanResult.CLEAN, ""),
        (answer(RAW), ScanResult.CLEAN, ""),
        (answer(b"blocked"), ScanResult.FOUND, "changed by the service"),
        (
            answer(b"blocked", icap_headers=b"X-Infection-Found: Type=0; Resolution=2; Threat=Eicar;\r\n"),
            ScanResult.FOUND,
            "Eicar",
        ),
        (b"ICAP/1.0 200 OK\r\nX-Virus-ID: Some Thing\r\n\r\n", ScanResult.FOUND, "Some Thing"),
    ],
)
def test_a_verdict_is_read(given_answer: bytes, result: ScanResult, found: str) -> None:
    verdict = icap.verdict(given_answer, RAW)
    assert (verdict.result, verdict.found) == (result, found)


@pytest.mark.parametrize(
    "given_answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"ICAP/1.0 404 Not Found\r\n\r\n",
        b"ICAP/1.0 500 x\r\n\r\n",
        b"ICAP/1.0 204 cut",
    ],
)
def test_anything_else_is_no_verdict(given_answer: bytes) -> None:
    with pytest.raises(ScannerError):
        icap.verdict(given_answer, RAW)


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_reading_an_answer_is_total(tail: bytes, head: bytes) -> None:
    for octets in (head + tail, b"ICAP/1.0 200 OK\r\nEncapsulated: res-body=" + head + b"\r\n\r\n" + tail):
        with suppress(ScannerError):
            icap.verdict(octets, RAW)
