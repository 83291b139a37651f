import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.domains.paper import DnsRecord
from gatepost.domains.records import STRING_MAX_OCTETS, records

LONG = "v=DKIM1; k=rsa; p=" + "A" * 392


def test_the_records_are_mx_spf_both_keys_and_dmarc() -> None:
    found = records("alpha.test", "mail.house.test", [("gp2026r", LONG), ("gp2026e", "v=DKIM1; k=ed25519; p=AA==")])
    assert [(record.name, record.rdtype) for record in found] == [
        ("alpha.test.", "MX"),
        ("alpha.test.", "TXT"),
        ("gp2026r._domainkey.alpha.test.", "TXT"),
        ("gp2026e._domainkey.alpha.test.", "TXT"),
        ("_dmarc.alpha.test.", "TXT"),
    ]
    assert found[0].text == "10 mail.house.test."
    assert found[1].text == '"v=spf1 a:mail.house.test ~all"'
    assert found[4].text == '"v=DMARC1; p=none; rua=mailto:postmaster@alpha.test"'


@pytest.mark.parametrize("record", records("alpha.test", "mail.house.test", [("s", LONG)]), ids=lambda r: r.name)
def test_a_name_server_reads_every_record(record: DnsRecord) -> None:
    dns.name.from_text(record.name, None)
    dns.rdata.from_text("IN", record.rdtype, record.text)


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=900))
def test_a_reader_joins_the_strings_to_the_text_that_was_split(text: str) -> None:
    record = records("alpha.test", "mail.house.test", [("s", text)])[2]
    read = dns.rdata.from_text("IN", record.rdtype, record.text)
    strings: tuple[bytes, ...] = read.strings  # type: ignore[attr-defined]  # TXT has them; the base class does not say
    assert b"".join(strings).decode() == text
    assert all(len(string) <= STRING_MAX_OCTETS for string in strings)
