"""Logs of PostgreSQL: the prefix of a line, the messages that tell of statements, and what belongs together.

Sources: ``log_line_prefix``, ``write_csvlog``, ``write_jsonlog`` and ``append_with_tabs`` of the server's
``src/backend/utils/error/``, the messages of ``src/backend/tcop/postgres.c``, and ``contrib/auto_explain``.
"""
