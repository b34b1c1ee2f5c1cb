"""pgvector: a PostgreSQL server of its own, asked through psycopg with prepared statements."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, LiteralString

import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg import sql

from benchmarks.machine import machine
from benchmarks.peers.peer import EFFORTS, LIMIT, LINKING_EFFORT, LINKS, Kind, Options
from benchmarks.peers.postgres import Postgres
from engine.types import FloatArray

_SEARCH: LiteralString = "SELECT id FROM items ORDER BY embedding <#> %s LIMIT %s"


class PgvectorPeer:
    """Fits `Peer`. Vectors are stored and indexed as halfvec (16 bits), as its documentation proposes."""

    kind = Kind.SERVER
    efforts = EFFORTS

    def __init__(self, options: Options) -> None:
        self._options = options
        self._server_settings = _server_settings(options.threads)
        self._postgres = Postgres(options.folder, self._server_settings)
        self._threads = threading.local()
        self._connections: list[psycopg.Connection[Any]] = []
        with self._postgres.connect() as connection:
            connection.execute("CREATE EXTENSION vector")
            row = connection.execute(
                "SELECT extversion, version() FROM pg_extension WHERE extname = 'vector'"
            ).fetchone()
        assert row is not None  # noqa: S101 - the extension was just made
        self._versions = {"pgvector server": row[0], "postgresql": row[1].split()[1]}

    @property
    def versions(self) -> Mapping[str, str]:
        return {**self._versions, "psycopg": version("psycopg"), "pgvector": version("pgvector")}

    @property
    def settings(self) -> Mapping[str, object]:
        index = {"index": "HNSW of halfvec", "m": LINKS, "ef_construction": LINKING_EFFORT}
        return {**index, "operator": "<#>", "protocol": "TCP, binary, prepared", **self._server_settings}

    @property
    def processes(self) -> Sequence[int]:
        return (self._postgres.id,)

    def build(self, vectors: FloatArray) -> None:
        connection = self._connection()
        connection.execute(
            sql.SQL("CREATE TABLE items (id integer, embedding halfvec({}))").format(
                sql.Literal(self._options.dimension)
            )
        )
        with connection.cursor().copy("COPY items FROM STDIN WITH (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "halfvec"])
            for row, vector in enumerate(vectors):
                copy.write_row((row, HalfVector(vector)))
        connection.execute(
            sql.SQL(
                "CREATE INDEX ON items USING hnsw (embedding halfvec_ip_ops) "
                "WITH (m = {}, ef_construction = {})"
            ).format(sql.Literal(LINKS), sql.Literal(LINKING_EFFORT))
        )
        connection.execute("VACUUM ANALYZE items")

    def search(self, vector: FloatArray, effort: int) -> Sequence[int]:
        connection = self._connection()
        if effort != self._threads.effort:
            connection.execute(sql.SQL("SET hnsw.ef_search = {}").format(sql.Literal(effort)))
            self._threads.effort = effort
        found = connection.execute(_SEARCH, (HalfVector(vector), LIMIT), prepare=True, binary=True)
        return [row[0] for row in found]

    def _connection(self) -> psycopg.Connection[Any]:
        """This thread's own: a connection does one thing at a time."""
        held: psycopg.Connection[Any] | None = getattr(self._threads, "connection", None)
        if held is None:
            held = self._postgres.connect()
            register_vector(held)
            self._threads.connection, self._threads.effort = held, 0
            self._connections.append(held)
        return held

    def disk_bytes(self) -> int:
        row = self._connection().execute("SELECT pg_total_relation_size('items')").fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._postgres.stop()


def _server_settings(threads: int) -> dict[str, object]:
    """A quarter of the machine's memory for the cache, as PostgreSQL's manual proposes, as much for building,
    so that the graph fits; every thread but the first is a parallel worker.
    """
    quarter = f"{max(128, int(machine()['memory_gib'] * 1024 / 4))}MB"
    workers = max(0, threads - 1)
    return {
        "shared_buffers": quarter,
        "maintenance_work_mem": quarter,
        "max_parallel_maintenance_workers": workers,
        "max_parallel_workers": max(workers, 1),
        "jit": "off",
    }


def open_peer(options: Options) -> PgvectorPeer:
    return PgvectorPeer(options)
