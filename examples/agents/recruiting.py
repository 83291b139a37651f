"""Recruiting intake: an application is filed once, with its documents, and its sender hears that it came.

A webhook receiver, for agents with a public URL. GATEPOST_URL and GATEPOST_KEY say where the house is; SECRETS is a
file with the endpoint's secret, two while it is rotated; APPLICATIONS a folder; PORT where to listen. Every word of an
application is the applicant's: it is filed, and nothing here does what it says.
"""

import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gatepost_client import Client, Event, RefusedError, SignatureError, verify

FOLDER = Path(os.environ.get("APPLICATIONS", "applications"))  # noqa: TID251  # an example is its own program
SECRETS = Path(os.environ.get("SECRETS", "secrets"))  # noqa: TID251  # as above
POSITION = re.compile(r"\b[A-Z]{2}-[0-9]{3}\b")
BODY_MAX_OCTETS = 4_000_000


def handle(client: Client, event: Event) -> None:
    """File one application and say so. It may be told twice: the file's name and the reply's key know."""
    message = client.message(event.message_id)
    if message.is_automatic or not message.is_proven:
        return
    position = found[0] if (found := POSITION.search(message.subject)) else "unsolicited"
    folder = FOLDER / position
    folder.mkdir(parents=True, exist_ok=True)
    for one in message.attachments:  # under a name of ours: theirs may be anything
        (folder / f"{message.message_id}.{one.part}").write_bytes(client.attachment(message.message_id, one.part))
    (folder / message.message_id).write_text(f"{message.sender}\n\n{message.body_text}\n")
    try:
        text = f"Thank you for your application ({position}). A person will read it."
        client.reply(message.message_id, text, idempotency_key=f"application-{message.message_id}")
    except RefusedError as refusal:
        print(f"{message.message_id}: not answered, {refusal.errors}", flush=True)


class Hook(BaseHTTPRequestHandler):
    """Answers 204 once an event is dealt with; anything else is told again."""

    def do_POST(self) -> None:  # as http.server calls it
        """Take one event."""
        body = self.rfile.read(min(max(int(self.headers.get("Content-Length", "0")), 0), BODY_MAX_OCTETS))
        try:
            event = verify(body, dict(self.headers), SECRETS.read_text().split())
        except SignatureError:
            self.send_error(401)
            return
        if event.type == "email.received":
            handle(client, event)
        self.send_response(204)
        self.end_headers()


with Client(os.environ["GATEPOST_URL"], os.environ["GATEPOST_KEY"]) as client:  # noqa: TID251  # as above
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Hook)  # noqa: TID251  # as above
    print(f"following\n{server.server_port}", flush=True)
    server.serve_forever()
