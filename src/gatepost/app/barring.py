"""No row of the register opens a sub-processor's hosts before its notice is over, whoever wrote the row.

Nor to a tenant that objected and was excluded, afterwards.
"""

import asyncio
from datetime import datetime
from pathlib import Path

from gatepost.db import Database
from gatepost.egress import Egress
from gatepost.settings import Settings, SettingsError
from gatepost.trust import engagement, objection
from gatepost.trust.operator import OperatorError, read_operator


async def bar(egress: Egress, db: Database, settings: Settings, now: datetime) -> None:
    """Bar the hosts of sub-processors that are not engaged; where nothing is claimed, nobody is barred.

    The rows are read when a process starts, and so is this: there is no moment at which a new row is open and its
    host not barred.

    Raises:
        SettingsError: the operator's folder, which says whose hosts they are, cannot be read.
    """
    if not settings.trust.operator:
        return
    try:
        operator = await asyncio.to_thread(read_operator, Path(settings.trust.operator))
    except OperatorError as error:
        raise SettingsError(f"trust.operator: {error}") from error
    hosts = await engagement.barred(db, operator.suppliers, now.date())
    egress.register = egress.register.without(hosts)
    egress.excluded = await objection.excluded(db, operator.suppliers)
