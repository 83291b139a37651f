"""Scanners outside this house: asked where an operator names them, and their answers are evidence."""

from gatepost.verify.scan.watch import NO_WATCH, Scanner, Watch

__all__ = ["NO_WATCH", "Scanner", "Watch"]
