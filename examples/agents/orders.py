"""Order desk: an order of a proven customer goes to the warehouse as a pick list, and the customer hears how it stands.

GATEPOST_URL and GATEPOST_KEY say where the house is, WAREHOUSE who packs. The policy's `outbound` names the warehouse
and holds what goes there for the first time: then the customer is told that a person looks at it. A customer may name a
colleague who shall order, too: that is a question to a person and never this program's to decide.
"""

import os
import re

from gatepost_client import AccessError, Client, Event, RefusedError

WAREHOUSE = os.environ["WAREHOUSE"]  # noqa: TID251  # an example is its own program
LINE = re.compile(r"(?m)^\s*([0-9]{1,4}) ?x +(.{1,80}?)\s*$")
COLLEAGUE = re.compile(r"(?i)\bcolleague\b[^<\n]{0,80}<?([a-z0-9._+-]{1,64}@[a-z0-9.-]{1,200}[a-z0-9])")


def handle(client: Client, event: Event) -> str:
    """Deal with one mail; return what to tell its author. Told twice, it sends nothing twice: the keys know."""
    text = event.data["body_text"]
    if named := COLLEAGUE.search(text):
        asked = client.propose_sender(named[1], "A customer named them.", about=event.message_id)
        return f"Whether {asked.address} may order, a person decides."
    lines = LINE.findall(text)
    if not lines:
        return "I found no lines like '3 x pens' in your mail."
    listed = "\n".join(f"{count} x {article}" for count, article in lines)
    key = f"pick-{event.message_id}"
    sent = client.send(WAREHOUSE, "Pick list", f"{listed}\n", about=event.message_id, idempotency_key=key)
    return "A person looks at your order first." if sent.status == "held" else "Your order is being packed."


with Client(os.environ["GATEPOST_URL"], os.environ["GATEPOST_KEY"]) as client:  # noqa: TID251  # as above
    cursor = client.latest_cursor()
    print("following", flush=True)
    for event in client.follow(cursor=cursor):
        if event.type != "email.received" or event.data["is_automatic"]:
            continue
        try:
            client.reply(event.message_id, handle(client, event), idempotency_key=f"order-{event.message_id}")
        except (AccessError, RefusedError) as refusal:
            print(f"{event.message_id}: {refusal.errors}", flush=True)
