"""Signs that a message tries to steer a machine: evidence for a policy, never a verdict of its own."""

from gatepost.verify.injection.examine import THRESHOLD, examine
from gatepost.verify.injection.scan import prepare

__all__ = ["THRESHOLD", "examine", "prepare"]
