"""An agent behind the gate, whole: it is told of each accepted mail, and answers it. Standard library only.

    python agent.py HOUSE.json SECRET.txt

HOUSE.json is what ``gatepost sandbox --json`` prints; SECRET.txt holds what registering the webhook answered.
"""

import hashlib
import hmac
import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

HOUSE, SECRET = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])


def call(email: str, verb: str, body: dict[str, object]) -> None:
    """Ask the house to do something about one email. What it refuses for good is printed; asking again is useless."""
    url = f"{HOUSE['base_url']}/v1/mailboxes/{HOUSE['mailbox_id']}/messages/{email}/{verb}"
    headers = {"Authorization": f"Bearer {HOUSE['agent_key']}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  # our own house
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  # as above
    except urllib.error.HTTPError as error:
        if error.code == 429 or error.code >= 500:
            raise  # the house will tell us of this mail again
        print(json.load(error)["detail"], flush=True)


class Agent(BaseHTTPRequestHandler):
    """Only what carries the house's signature is acted on; only 2xx tells the house that it was."""

    def do_POST(self) -> None:
        """Answer the mail, then report what that cost."""
        octets = self.rfile.read(min(int(self.headers["Content-Length"]), 1 << 20))
        right = "sha256=" + hmac.new(SECRET.read_text().strip().encode(), octets, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, self.headers.get("X-Mailbuttons-Signature", "")):
            return self.send_error(401)
        mail = json.loads(octets)["data"]
        can = ", ".join(mail["capabilities"]) or "nothing"
        call(mail["email_id"], "reply", {"text_body": f"Thank you. For you I may use: {can}."})
        call(mail["email_id"], "usage", {"tokens": 1200, "tools": ["reply"]})
        self.send_response(204)
        return self.end_headers()


server = HTTPServer(("127.0.0.1", 0), Agent)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
