"""Invoice intake with approval: invoices of proven suppliers are booked, larger ones once a person has let them in.

GATEPOST_URL and GATEPOST_KEY say where the house is; LEDGER is a CSV file. The mailbox's policy holds what says a large
total, and the house asks its approvers: by mail with a link, or `gatepost hold`, or REST. Whatever the mail says, and
whatever a guard overlooked, nothing above the limit is booked unless the house says which person let it go.
"""

import csv
import os
import re
from pathlib import Path

from gatepost_client import Client, Event

LEDGER = Path(os.environ.get("LEDGER", "ledger.csv"))  # noqa: TID251  # an example is its own program
LIMIT = 500.0
AMOUNT = re.compile(r"total[^0-9]{0,20}([0-9]{1,9}[.][0-9]{2})", re.IGNORECASE)


def approver_of(client: Client, message_id: str) -> str:
    """Return who let a held message go; empty where nobody did, or only time."""
    released = client.holds(state="released", limit=200)
    by = next((one.settled_by or "" for one in released if one.message_id == message_id), "")
    return "" if by == "house" else by


def handle(client: Client, event: Event) -> None:
    """Book one invoice, once, and tell the supplier; or leave it."""
    message = client.message(event.message_id)
    texts = [*(one.text or "" for one in message.attachments), message.body_text]
    amount = next((float(found[1]) for text in texts if (found := AMOUNT.search(text))), None)
    if amount is None or not message.is_proven:
        return
    by = "agent" if amount <= LIMIT else approver_of(client, message.message_id)
    if not by:
        print(f"not booked: {message.message_id}", flush=True)
        return
    if not LEDGER.exists() or message.message_id not in LEDGER.read_text():
        with LEDGER.open("a", newline="") as file:
            csv.writer(file).writerow([message.message_id, message.sender, f"{amount:.2f}", by])
    client.reply(message.message_id, f"Your invoice over {amount:.2f} is booked.")


with Client(os.environ["GATEPOST_URL"], os.environ["GATEPOST_KEY"]) as client:  # noqa: TID251  # as above
    cursor = client.latest_cursor()
    print("following", flush=True)
    for event in client.follow(["email.received", "email.held"], cursor=cursor):
        if event.type == "email.held":
            print(f"waits for a person: {event.message_id}", flush=True)
        elif event.type == "email.received":
            handle(client, event)
