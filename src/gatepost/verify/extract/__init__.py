"""Text out of attached files, in processes that can do nothing else (docs/adr/0026)."""

from gatepost.verify.extract.client import Extractor

__all__ = ["Extractor"]
