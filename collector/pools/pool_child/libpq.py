"""PostgreSQL's client library, as far as a look needs it. Source: postgresql.org/docs/current/libpq.html."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping

CONNECTION_OK = 0
COMMAND_OK, TUPLES_OK = 1, 2
MISSING = "libpq is not there; run `pip install 'collector[postgresql]'`"

Row = dict[str, str]

_Handle = ctypes.c_void_p
_Texts = ctypes.POINTER(ctypes.c_char_p)
_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "PQconnectdbParams": (_Handle, (_Texts, _Texts, ctypes.c_int)),
    "PQstatus": (ctypes.c_int, (_Handle,)),
    "PQerrorMessage": (ctypes.c_char_p, (_Handle,)),
    "PQexec": (_Handle, (_Handle, ctypes.c_char_p)),
    "PQresultStatus": (ctypes.c_int, (_Handle,)),
    "PQntuples": (ctypes.c_int, (_Handle,)),
    "PQnfields": (ctypes.c_int, (_Handle,)),
    "PQfname": (ctypes.c_char_p, (_Handle, ctypes.c_int)),
    "PQgetvalue": (ctypes.c_char_p, (_Handle, ctypes.c_int, ctypes.c_int)),
    "PQclear": (None, (_Handle,)),
}


class Refused(Exception):
    """The server, the network or the library said no."""


def loaded(places: Iterable[str]) -> ctypes.CDLL:
    """The first library of ``places`` that can be loaded. Raises Refused when none can."""
    for place in places:
        try:
            library = ctypes.CDLL(place)
        except OSError:
            continue  # it is not there, or its own libraries are not
        for name, (restype, argtypes) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = restype, argtypes
        return library
    raise Refused(MISSING)


class Connection:
    """One connection, by the simple protocol; it ends with the process.

    ``keys`` are connection parameters; ``dbname`` comes first and may be a URL, which the ones behind it
    override. Raises Refused.
    """

    def __init__(self, library: ctypes.CDLL, keys: Mapping[str, str]) -> None:
        self._pq = library
        self._handle = library.PQconnectdbParams(_texts(keys), _texts(keys.values()), 1)
        if library.PQstatus(self._handle) != CONNECTION_OK:
            raise Refused(self._fault())

    def ask(self, sql: str) -> list[Row]:
        """Run ``sql``, whose rows are texts by column; NULL is an empty one. Raises Refused."""
        pq, result = self._pq, self._pq.PQexec(self._handle, sql.encode())
        try:
            if pq.PQresultStatus(result) not in (COMMAND_OK, TUPLES_OK):
                raise Refused(self._fault())
            names = [_text(pq.PQfname(result, column)) for column in range(pq.PQnfields(result))]
            return [
                {name: _text(pq.PQgetvalue(result, row, column)) for column, name in enumerate(names)}
                for row in range(pq.PQntuples(result))
            ]
        finally:
            pq.PQclear(result)

    def _fault(self) -> str:
        return " ".join(_text(self._pq.PQerrorMessage(self._handle)).split())


def _texts(values: Iterable[str]) -> ctypes.Array[ctypes.c_char_p]:
    """A C array that ends with NULL. A password need not be UTF-8."""
    encoded = [value.encode(errors="surrogateescape") for value in values]
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
