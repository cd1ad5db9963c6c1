"""A small shop on Flask, SQLAlchemy and SQLite with the hooks on; driven by real requests for a while.

``python -m tests.client.shop FOLDER ROUNDS`` serves on loopback, asks itself, and prints what it did.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
import sqlalchemy as sa
from flask import Flask, Response
from werkzeug.serving import make_server

from collector import client
from collector.client.hooks import requests as requests_hook
from collector.client.hooks import sqlalchemy as sqlalchemy_hook
from collector.client.hooks import sqlalchemy_pool, wsgi

metadata = sa.MetaData()
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer", sa.String, nullable=False),
    sa.Column("amount", sa.Float, nullable=False),
)


def shop(engine: sa.Engine) -> Flask:
    """Three pages: put in an order, sum up a customer's, and one that fails."""
    app = Flask("shop")

    @app.post("/orders/<customer>")
    def put(customer: str) -> str:
        with engine.begin() as connection:
            connection.execute(orders.insert().values(customer=f"secretcustomer{customer}", amount=12.5))
        return "kept"

    @app.get("/customers/<customer>")
    @client.timed("cache", name="customer page")
    def customer(customer: str) -> str:
        # As careless code writes it: the literal stands in the statement, and must not be stored.
        total = f"SELECT sum(amount) FROM orders WHERE customer = 'secretcustomer{customer}'"
        with engine.connect() as connection:
            return str(connection.execute(sa.text(total)).scalar())

    @app.get("/broken")
    def broken() -> Response:
        return Response("no", status=500)

    return app


def main(folder: Path, rounds: int) -> None:
    """Serve, drive with four clients at a time, report, and say how much was done."""
    engine = sa.create_engine(f"sqlite:///{folder / 'shop.db'}", pool_size=4)
    metadata.create_all(engine)
    sqlalchemy_hook.watch(engine, name="shop")
    pool = sqlalchemy_pool.watch_pool(engine, name="shop-pool", every_seconds=0.2)
    app = shop(engine)
    app.wsgi_app = wsgi.Middleware(app.wsgi_app, user=lambda environ: environ.get("HTTP_X_USER"))  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"

    def one_round(number: int) -> None:
        session = requests_hook.watch(requests.Session())
        user = {"X-User": f"user-{number % 3}"}
        session.post(f"{base}/orders/{number}", headers=user)
        session.get(f"{base}/customers/{number}?token=secret-token", headers=user)
        if number % 10 == 0:
            session.get(f"{base}/broken", headers=user)
        session.close()

    with ThreadPoolExecutor(4) as drivers:
        list(drivers.map(one_round, range(rounds)))
    pool.report()
    server.shutdown()
    settled = client.flush(20)
    sys.stdout.write(json.dumps({"rounds": rounds, "settled": settled, "counters": client.counters()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
