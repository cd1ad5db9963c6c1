"""The small application that the example config measures: a health page and something to compute."""

import errno
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8765


def rank(size: int = 20_000) -> int:
    """Sort some numbers that are the same in every run, so that only the machine or the code can differ."""
    numbers = [(n * 7919) % 104_729 for n in range(size)]
    return sorted(numbers)[size // 2]


class Health(BaseHTTPRequestHandler):
    """Answers every GET with one line."""

    def do_GET(self) -> None:
        """Say that all is well."""
        body = b'{"status": "ok"}\n'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the recorder's own log."""


def serve() -> None:
    """Answer until it is ended; a port that is taken is told in one line."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", PORT), Health)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.exit(f"port {PORT} is taken")
    server.serve_forever()


if __name__ == "__main__":
    serve()
