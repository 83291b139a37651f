"""A resolver over a zone written in the test: an honest small one, with aliases, missing names and failures."""

from collections.abc import Mapping, Sequence

from typing_extensions import override

from gatepost.dns.paper import Answer, RdType, Resolver, Status

Zone = Mapping[str, Mapping[str, Sequence[str]]]
"""Owner name to type to records; the type ``FAIL`` makes every question for the name fail."""


class ZoneResolver(Resolver):
    """Answers from a zone; a name that is not there, nor above one that is, is NXDOMAIN."""

    def __init__(self, zone: Zone, *, ttl_s: int = 300) -> None:
        self.zone = {name.lower().removesuffix("."): records for name, records in zone.items()}
        self.ttl_s = ttl_s
        self.asked: list[tuple[str, RdType]] = []

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        owner = name.lower().removesuffix(".")
        self.asked.append((owner, rdtype))
        for _ in range(8):
            records = self.zone.get(owner)
            if records is None:
                is_above = any(other.endswith("." + owner) for other in self.zone)
                return Answer(Status.NODATA if is_above else Status.NXDOMAIN)
            if "FAIL" in records:
                return Answer(Status.TEMPERROR)
            if rdtype.value in records:
                return Answer(Status.OK, tuple(records[rdtype.value]), self.ttl_s)
            if "CNAME" not in records:
                return Answer(Status.NODATA)
            owner = records["CNAME"][0].lower().removesuffix(".")
        return Answer(Status.TEMPERROR)
