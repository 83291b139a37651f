"""Commands an operator types."""

import sys

from gatepost.cli.menu import app
from gatepost.cli.pipe import ending_with_its_reader
from gatepost.cli.refusal import Refusal


def main() -> None:
    """Run the command line; what goes wrong in a way we know is one sentence, never a traceback."""
    if any("\udc80" <= character <= "\udcff" for character in "".join(sys.argv)):  # PEP 383: octets that are no text
        sys.exit("gatepost: an argument is not UTF-8")
    with ending_with_its_reader():
        _run()


def _run() -> None:
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except Refusal as refusal:
        sys.exit(f"gatepost: {refusal}")
    except Exception as error:
        from gatepost.cli.faults import sentence  # noqa: PLC0415  # it knows every room that raises

        told = sentence(error)
        if told is None:
            raise
        sys.exit(f"gatepost: {told}")
