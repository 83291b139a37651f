"""The way out, and the object store: is what may be reached what you mean?"""

from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.app.marking import marked
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.blobs.mark import StrangeStoreError
from gatepost.clock import Clock, Entropy
from gatepost.db import Database
from gatepost.egress import Egress, EgressRefusedError, Errand, NextHop, Purpose, UnreachableError
from gatepost.egress.addresses import is_this_machine
from gatepost.settings import Settings

PROBE_OCTETS = 32


async def look(settings: Settings, next_hop: NextHop | None, egress: Egress) -> list[Finding]:
    """Return where connections may go."""
    found = [_private(settings)]
    if next_hop is None:
        found.append(ok("egress.mail", "mail leaves to each recipient's MX; port 25 outwards must be open"))
    else:
        found.append(await _next_hop(next_hop, egress))
    return found


def _private(settings: Settings) -> Finding:
    if settings.egress.allow_private and not is_this_machine(settings.smtp.host):
        return warning(
            "egress.private",
            "webhooks may reach loopback or private addresses from a house that faces the network",
            "leave egress.allow_private empty",
        )
    return ok("egress.private", "what may be reached fits where the house listens")


async def _next_hop(hop: NextHop, egress: Egress) -> Finding:
    check, where = "egress.mail", f"{hop.host}:{hop.port}"
    try:
        await egress.vouch(Errand(Purpose.RELAY, "doctor"), hop.host, hop.port)
    except EgressRefusedError as error:
        return failure(check, f"mail cannot leave to {where}: {error}", "set delivery.next_hop to another relay")
    except UnreachableError:
        return failure(check, f"{hop.host} has no address", "set delivery.next_hop to a relay that has one")
    return ok(check, f"mail leaves to {where}")


async def look_at_blobs(blobs: Blobs, entropy: Entropy) -> list[Finding]:
    """Write, read and remove one small object."""
    name, octets = f"doctor/{entropy(8).hex()}", entropy(PROBE_OCTETS)
    try:
        await blobs.write(name, octets)
        kept = await blobs.read(name)
        await blobs.remove(name)
    except BlobsUnavailableError:
        return [failure("blobs.write", "the object store takes nothing", "see blobs.url and its credentials")]
    if kept != octets:
        return [failure("blobs.write", "the object store returned other octets than it was given", "use another store")]
    return [ok("blobs.write", "the object store takes and returns what it is given")]


async def look_at_owner(blobs: Blobs, db: Database, clock: Clock) -> list[Finding]:
    """Return whether the store is this house's; nothing is written to it."""
    check = "blobs.house"
    try:
        await marked(blobs, db, clock).is_marked()
    except StrangeStoreError as error:
        return [failure(check, str(error), "see docs/durability.md before anything else")]
    except BlobsUnavailableError:
        return [failure(check, "the object store does not answer", "see blobs.url and its credentials")]
    return [ok(check, "the object store is the one this database knows")]
