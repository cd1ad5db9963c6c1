"""The process that takes one look at a pool: it alone loads libpq and knows a password.

`looking` starts it with the job on stdin and takes its report from fd 3. One file per kind of pool. It talks
to libpq itself: importing psycopg would cost ten times the processor time of the whole look.
"""
