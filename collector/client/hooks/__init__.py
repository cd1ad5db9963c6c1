"""Ready-made hooks: each makes a library that the application has already report what it does.

| subject | file | what is timed |
|---|---|---|
| any DB-API 2 module, ``sqlite3`` | `dbapi` | statements, until the last row is fetched |
| SQLAlchemy | `sqlalchemy` | statements, until the last row is fetched |
| SQLAlchemy's pool | `sqlalchemy_pool` | connections lent, free and waited for |
| Peewee | `peewee` | statements, until the last row is fetched |
| Requests, HTTPX | `requests`, `httpx` | requests made, until the body is read |
| WSGI, ASGI | `wsgi`, `asgi` | requests served, until the last byte is handed over |

Nothing is imported here: a hook loads its library, and the application chooses the hook. None of them
raises into the application, changes a result, or reports parameters, bodies, query strings or cookies.
Each takes ``client=``, anything with a ``record`` like that of `collector.client`, which is the default.
"""
