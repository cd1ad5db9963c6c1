"""``python -m collector`` and the ``collector`` script."""

import sys

from collector.commands import main

if __name__ == "__main__":
    sys.exit(main())
