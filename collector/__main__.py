"""``python -m collector`` and the ``collector`` script."""

import os
import sys


def main() -> int:
    """Run the command line; the daemon goes its own way, without the libraries of the others."""
    if sys.argv[1:2] == ["run"]:
        from collector.entry import arguments, run  # noqa: PLC0415

        plain = arguments(sys.argv[1:])
        if plain is not None:
            code = run(*plain)
            sys.stderr.flush()
            os._exit(code)  # a hung workload's thread would hold up a normal exit for ever
    from collector.commands import main as command_line  # noqa: PLC0415

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
