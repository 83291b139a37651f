"""Measure this house beside other mail servers, in one run of a harness that starts them one after the other.

The harness is a folder with `peers.sh`, `lib.sh` and `driver.py`, set up once (`setup.sh`, as root). It sends its own
corpus to each server over loopback and counts what was accepted, how long that took, and whose CPU it used; while one
is measured the others rest. Figures of one run compare; those of two do not.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from subject import Gatepost, let_in

DOMAIN = "gate.example.org"  # with agent0 to agent49, the harness's recipients
RECIPIENTS = 50
DNS = "127.0.0.53:53"  # where the harness's name server answers
OURS = "gatepost"


def senders_of(corpus: Path) -> list[str]:
    """Return the domains that the corpus's mails come from, in the envelope and in From."""
    text = corpus.with_suffix(".idx").read_text()
    return sorted({json.loads(line)["from"].rpartition("@")[2] for line in text.splitlines()})


def main() -> None:
    """Read the options and run; what is not ours goes to the harness as it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("harness", type=Path, help="its folder; $BENCH_WORK holds what its setup.sh made")
    parser.add_argument("--peers", default="postfix_rspamd haraka2 model2_pg")
    parser.add_argument("--connections", type=int, default=128, help="of ours")
    parser.add_argument("--workers", type=int, default=1, help="processes of ours that receive mail")
    parser.add_argument("--size", default="5k", help="which corpus")
    options, others = parser.parse_known_args()
    work = Path(os.environ["BENCH_WORK"])  # noqa: TID251  # the harness's own variable
    settings = {
        "GATEPOST_SMTP__CONNECTIONS_PER_ADDRESS_MAX": "1000",
        "GATEPOST_SMTP__WORKERS": str(options.workers),
    }
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        house = Gatepost(Path(folder), DNS, settings)
        try:
            house.wait()
            known = json.loads((work / "domains.json").read_text())
            senders = [*(each["domain"] for each in known["senders"]), *senders_of(work / "corpus" / options.size)]
            asyncio.run(let_in(Path(folder), senders, RECIPIENTS, DOMAIN))
            port = int(house.sandbox["smtp_port"])
            command = [str(options.harness / "peers.sh"), "--peers", options.peers, "--sizes", options.size]
            command += ["--extra", f"{OURS}=127.0.0.1:{port}@{house.pid}"]
            command += ["--peer-conns", f"{OURS}={options.connections} haraka2=128 model2_pg=64", *others]
            subprocess.run(command, check=True)  # noqa: S603  # the harness the operator named
            print(f"the log verifies, with {house.entries()} entries", file=sys.stderr)
        finally:
            house.stop()


if __name__ == "__main__":
    main()
