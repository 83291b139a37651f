"""The tenant's own log: checkpoint and tiles as C2SP tlog-tiles serves them, proofs, entries and openings.

The tiles lie under ``/log/t/<tenant>``, which is the log's origin behind the host name, so that a tlog-tiles client
reads them with the key as its bearer token. An opening holds the personal values a leaf only commits to: it needs
``audit:read``, which a witness's key need not have.
"""

from typing import Any

from fastapi import APIRouter, Response

from gatepost.access.paper import Principal
from gatepost.doors.rest.auth import AuditReader, HouseDep, LogReader
from gatepost.doors.rest.parameters import LeafIndex, TenantName, TilePath
from gatepost.doors.rest.problems import missing
from gatepost.doors.rest.record_shapes import OpenedField, OpeningShown
from gatepost.ids import LeafIndex as Index
from gatepost.record import export

CHECKPOINT_CACHE = "private, max-age=1"
IMMUTABLE_CACHE = "private, max-age=31536000, immutable"
_OCTETS = "application/octet-stream"

tiles = APIRouter(prefix="/log/t/{tenant}", tags=["log"])
router = APIRouter(prefix="/v1/log", tags=["log"])


def _served(kind: str, description: str) -> dict[str, Any]:
    """Describe an answer that is not JSON, for OpenAPI."""
    return {"response_class": Response, "responses": {200: {"description": description, "content": {kind: {}}}}}


def _own(principal: Principal, tenant: str) -> None:
    if principal.tenant != tenant:
        raise missing("log")


@tiles.get("/checkpoint", summary="Read the signed tree head", **_served("text/plain", "A C2SP tlog-checkpoint."))
async def checkpoint(tenant: TenantName, house: HouseDep, principal: LogReader) -> Response:
    """Return the newest checkpoint. 404 until the first entry has its place."""
    _own(principal, tenant)
    found = await export.checkpoint(house.blobs, principal.tenant)
    if found is None:
        raise missing("log")
    return Response(found, media_type="text/plain", headers={"Cache-Control": CHECKPOINT_CACHE})


@tiles.get("/tile/{path:path}", summary="Read a tile", **_served(_OCTETS, "Hashes, or a bundle of entries."))
async def tile(tenant: TenantName, path: TilePath, house: HouseDep, principal: LogReader) -> Response:
    """Return ``<level>/<n>[.p/<width>]`` or ``entries/<n>[.p/<width>]``, spelled as C2SP tlog-tiles does."""
    _own(principal, tenant)
    found = await export.tile(house.blobs, principal.tenant, f"tile/{path}")
    if found is None:
        raise missing("tile")
    return Response(found, media_type=_OCTETS, headers={"Cache-Control": IMMUTABLE_CACHE})


@router.get("/vkey", summary="Read the log's verifier key", **_served("text/plain", "A C2SP signed-note verifier key."))
async def vkey(house: HouseDep, principal: LogReader) -> Response:
    """Return the key that checkpoints are checked with. Keep your own copy: it is what you trust."""
    async with house.db.transaction(principal.tenant) as tx:
        found = await export.vkey(tx)
    if found is None:
        raise missing("log")
    return Response(f"{found}\n", media_type="text/plain")


@router.get("/proofs/{leaf_index}", summary="Prove an entry", **_served("text/plain", "A C2SP tlog-proof."))
async def proof(leaf_index: LeafIndex, house: HouseDep, principal: LogReader) -> Response:
    """Return a proof that the entry is in the log, with the checkpoint it leads to."""
    found = await export.prove(house.blobs, principal.tenant, Index(leaf_index))
    headers = {"Content-Disposition": f'attachment; filename="{leaf_index}.tlog-proof"'}
    return Response(found, media_type="text/plain", headers=headers)


@router.get("/entries/{leaf_index}", summary="Read an entry", **_served("application/json", "The leaf's exact octets."))
async def entry(leaf_index: LeafIndex, house: HouseDep, principal: LogReader) -> Response:
    """Return the leaf as it was hashed: canonical JSON (RFC 8785), personal values as salted commitments."""
    found = await export.entry_bytes(house.blobs, principal.tenant, Index(leaf_index))
    return Response(found, media_type="application/json", headers={"Cache-Control": IMMUTABLE_CACHE})


@router.get("/entries/{leaf_index}/opening", summary="Open an entry's commitments")
async def opening(leaf_index: LeafIndex, house: HouseDep, principal: AuditReader) -> OpeningShown:
    """Return the values and salts behind a leaf's commitments. 404 once they are erased."""
    async with house.db.transaction(principal.tenant) as tx:
        found = await export.opening_at(tx, Index(leaf_index))
    if found is None:
        raise missing("opening")
    return OpeningShown(
        leaf_index=leaf_index,
        fields={name: OpenedField(salt=part["salt"], value=part["value"]) for name, part in found.items()},
    )
