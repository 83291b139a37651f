"""What goes over the pipe to the extracting process and back.

A request is a head, length and kind, and the file; an answer is a head, length and outcome, and the text in UTF-8. The
first answer, which nobody asked for, says whether the process is sealed.
"""

import struct

from gatepost.verify.paper import Extraction

HEAD = struct.Struct("=IB")
OUTCOMES = tuple(Extraction)
"""An outcome stands on the pipe as its place here."""
