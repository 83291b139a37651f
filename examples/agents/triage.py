"""Support triage: every mail gets a number and a queue within seconds, and its sender is told. Urgent mail also pages.

GATEPOST_URL and GATEPOST_KEY say where the house is; QUEUES is a folder with one file per queue. No model is asked
here: put yours where ``queue_of`` stands. What the mail says is data, whatever it says.
"""

import os
from pathlib import Path

from gatepost_client import Client, Event, RefusedError

QUEUES = Path(os.environ.get("QUEUES", "queues"))  # noqa: TID251  # an example is its own program
PLACE = QUEUES / "cursor"
WORDS = {"urgent": ("down", "outage", "breach"), "billing": ("invoice", "refund", "charge"), "general": ()}


def queue_of(event: Event) -> str:
    """Return the queue whose words the mail uses; whoever proves nothing never rings a bell."""
    said = f"{event.data['subject']} {event.data['body_text']}".lower()
    queue = next((name for name, words in WORDS.items() if any(word in said for word in words)), "general")
    is_proven = event.data["verification"].get("from_alignment")
    return "general" if queue == "urgent" and not is_proven else queue


def handle(client: Client, event: Event) -> None:
    """File one mail and answer it. It may be told twice: the file's name and the reply's key know."""
    if event.data["is_automatic"]:
        return  # a machine wrote it: answering machines is how loops begin
    queue = QUEUES / queue_of(event)
    queue.mkdir(parents=True, exist_ok=True)
    (queue / event.message_id).write_text(f"{event.data['sender_email']}: {event.data['subject']}\n")
    text = f"Your request has number {event.message_id} and is with {queue.name}."
    try:
        client.reply(event.message_id, text, idempotency_key=f"triage-{event.message_id}")
    except RefusedError as refusal:
        print(f"{event.message_id}: not answered, {refusal.errors}", flush=True)


with Client(os.environ["GATEPOST_URL"], os.environ["GATEPOST_KEY"]) as client:  # noqa: TID251  # as above
    QUEUES.mkdir(parents=True, exist_ok=True)
    cursor = int(PLACE.read_text()) if PLACE.exists() else client.latest_cursor()
    print("following", flush=True)
    for event in client.follow(cursor=cursor):
        if event.type == "email.received":
            handle(client, event)
        PLACE.write_text(str(event.cursor))
