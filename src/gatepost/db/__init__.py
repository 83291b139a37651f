"""PostgreSQL: one adapter. Transactions carry their tenant, and row-level security holds every query to it."""

from gatepost.db.group_commit import GroupCommit
from gatepost.db.pool import Database, Plans
from gatepost.db.transaction import DatabaseUnavailableError, DiskError, Later, LostError, Transaction, UndecidedError

__all__ = [
    "Database",
    "DatabaseUnavailableError",
    "DiskError",
    "GroupCommit",
    "Later",
    "LostError",
    "Plans",
    "Transaction",
    "UndecidedError",
]
