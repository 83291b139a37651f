"""Invoice intake with approval: small invoices of proven suppliers are booked, larger ones once a person has said so.

GATEPOST_URL and GATEPOST_KEY say where the house is; LEDGER is a CSV file. The mail's words decide nothing: who wrote
it is what the house proved, and above the limit the program asks on its own terminal, by number, and takes only
``yes <number>`` for a yes.
"""

import csv
import os
import re
import sys
from pathlib import Path
from threading import Thread

from gatepost_client import Client, Event, Message

LEDGER = Path(os.environ.get("LEDGER", "ledger.csv"))  # noqa: TID251  # an example is its own program
LIMIT = 500.0
AMOUNT = re.compile(r"total[^0-9]{0,20}([0-9]{1,9}[.][0-9]{2})", re.IGNORECASE)
waiting: dict[str, tuple[str, float]] = {}


def book(client: Client, message_id: str, sender: str, amount: float, by: str) -> None:
    """Write one line, once, and tell the supplier."""
    if LEDGER.exists() and message_id in LEDGER.read_text():
        return
    with LEDGER.open("a", newline="") as file:
        csv.writer(file).writerow([message_id, sender, f"{amount:.2f}", by])
    client.reply(message_id, f"Your invoice over {amount:.2f} is booked.")


def total_of(message: Message) -> float | None:
    """Return the sum, from the attachments' text as the house read it, or from the mail's own."""
    texts = [*(one.text or "" for one in message.attachments), message.body_text]
    return next((float(found[1]) for text in texts if (found := AMOUNT.search(text))), None)


def handle(client: Client, event: Event) -> None:
    """Book, ask, or leave one mail."""
    message = client.message(event.message_id)
    amount = total_of(message) if message.is_proven else None
    if amount is None:
        return
    if amount <= LIMIT:
        book(client, message.message_id, message.sender, amount, "agent")
        return
    waiting[message.message_id] = (message.sender, amount)
    print(f"approve? {message.message_id} {amount:.2f}", flush=True)


def listen(client: Client) -> None:
    """Take an approver's words from the terminal."""
    for line in sys.stdin:
        word, _, message_id = line.strip().partition(" ")
        asked = waiting.pop(message_id, None)
        if asked is not None and word == "yes":
            book(client, message_id, *asked, "approver")


with Client(os.environ["GATEPOST_URL"], os.environ["GATEPOST_KEY"]) as client:  # noqa: TID251  # as above
    cursor = client.latest_cursor()
    Thread(target=listen, args=(client,), daemon=True).start()
    print("following", flush=True)
    for event in client.follow(cursor=cursor):
        if event.type == "email.received":
            handle(client, event)
