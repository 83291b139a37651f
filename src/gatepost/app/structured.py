"""structlog as this house uses it: without rich, which it loads wherever it is installed, to draw tracebacks.

Our log has none, and each process that serves would hold four megabytes for nothing. So whatever begins such a process
takes structlog from here before another module takes it; ``rich`` itself can be imported afterwards as ever.
"""

import sys
from types import ModuleType

__all__ = ["structlog"]

if "rich" in sys.modules:
    import structlog
else:
    sys.modules["rich"] = ModuleType("rich")  # no package: nothing can be imported from it, as if it were not there
    try:
        import structlog
    finally:
        del sys.modules["rich"]
