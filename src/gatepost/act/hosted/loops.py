"""Where a turn would only feed a loop: autoresponders, ourselves, another agent that never tires."""

from datetime import datetime

from gatepost import access
from gatepost.act.hosted import store
from gatepost.act.hosted.agent import Agent
from gatepost.db import Transaction
from gatepost.mailbox.paper import Email


async def why_not(tx: Transaction, email: Email, agent: Agent, at: datetime, *, sender: str) -> str:
    """Return why no turn is taken about a message; empty where one is.

    ``sender``: the author's token, as turns keep it: that of the mailbox, whatever tag the address has.

    A machine's mail is read by people (RFC 3834 section 2); our own replies say that they are a machine's, so two
    houses never answer each other. An agent elsewhere may not say so: there the thread's daily number of turns ends it,
    and where it begins a new thread each time, that of its mailbox. Turns that begin at once count each other.
    """
    if email.is_automatic:
        return "loop.automatic"
    author = await access.account_at(tx, email.author)
    if author is not None and author.id == email.account:
        return "loop.own_mailbox"
    taken = await store.count_turns(tx, email.account, email.thread, at - store.DAY)
    if taken >= agent.document.budget.turns_per_thread_and_day:
        return "loop.thread"
    await store.lock_hosting(tx)
    about = await store.count_turns_of(tx, email.account, sender, at - store.DAY)
    if about >= agent.document.budget.turns_per_sender_and_day:
        return "loop.sender"
    return ""
