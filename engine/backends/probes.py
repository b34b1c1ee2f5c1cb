"""Tiny real runs of each backend, for `doctor`. A probe returns a sentence of evidence, or raises."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from engine.backends.faiss_install import check_faiss_install
from engine.types import FloatArray, RowArray

SEED = 20
TOLERANCE = 1e-3
GPU_TOLERANCE = 2e-2
"""GPUs may multiply in TF32, whose mantissa has 10 bits."""


class ProbeError(Exception):
    """The backend ran and gave a wrong answer."""


def faiss_cpu_search() -> str:
    package = check_faiss_install()
    import faiss

    vectors, queries = _vectors()
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    _check_search(vectors, queries, index.search(queries, 10), TOLERANCE)
    options = " ".join(faiss.get_compile_options().split())
    return (
        f"{package} {faiss.__version__} found the same 10 of {len(vectors)} as numpy (built with {options})"
    )


def faiss_cuda_search() -> str:
    import faiss

    vectors, queries = _vectors()
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    for device in range(faiss.get_num_gpus()):
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), device, flat)
        _check_search(vectors, queries, index.search(queries, 10), GPU_TOLERANCE)
    return f"{faiss.get_num_gpus()} device(s) found the same 10 of {len(vectors)} as numpy"


def onnxruntime_matmul() -> str:
    import onnx
    import onnxruntime

    left, right = _matrices()
    floats = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["left", "right"], ["product"])],
        "probe",
        [
            onnx.helper.make_tensor_value_info("left", floats, left.shape),
            onnx.helper.make_tensor_value_info("right", floats, right.shape),
        ],
        [onnx.helper.make_tensor_value_info("product", floats, (left.shape[0], right.shape[1]))],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (product,) = session.run(None, {"left": left, "right": right})
    _check_close(np.asarray(product), left @ right, TOLERANCE)
    return f"onnxruntime {onnxruntime.__version__} multiplied two matrices as numpy does"


def torch_matmul(device: str) -> str:
    import torch

    left, right = _matrices()
    product = torch.from_numpy(left).to(device) @ torch.from_numpy(right).to(device)
    _check_close(product.cpu().numpy(), left @ right, GPU_TOLERANCE if device == "cuda" else TOLERANCE)
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    return f"torch {torch.__version__} multiplied two matrices on {name} as numpy does"


def tantivy_search() -> str:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("title", stored=True)
    index = tantivy.Index(builder.build())
    writer = index.writer(15_000_000, 1)
    for title in ("black ink cartridge", "garden chair"):
        writer.add_document(tantivy.Document(title=title))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()
    hits = searcher.search(index.parse_query("chair", ["title"]), 10).hits
    titles = [searcher.doc(address)["title"][0] for _, address in hits]
    if titles != ["garden chair"]:
        raise ProbeError(f"tantivy found {titles} for chair instead of the one garden chair")
    return f"tantivy {version('tantivy')} indexed two titles and found the right one"


def oxigraph_query() -> str:
    import pyoxigraph as ox

    store = ox.Store()
    chair, brand = ox.NamedNode("https://example.org/chair"), ox.NamedNode("https://schema.org/brand")
    store.add(ox.Quad(chair, brand, ox.Literal("Oak & Co"), ox.NamedNode("https://example.org/graph")))
    objects = [str(quad.object) for quad in store.quads_for_pattern(chair, brand, None, None)]
    answer = store.query("ASK { GRAPH ?g { ?s <https://schema.org/brand> 'Oak & Co' } }")
    if objects != ['"Oak & Co"'] or not bool(answer):
        raise ProbeError(f"pyoxigraph gave {objects} for the one statement in its store")
    return f"pyoxigraph {version('pyoxigraph')} stored a statement and found it by pattern and by SPARQL"


def sqlite_durable_write() -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.sqlite3")
        with sqlite3.connect(path) as writer:
            mode = writer.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            writer.execute("PRAGMA synchronous=FULL")
            writer.execute("CREATE TABLE product (id TEXT PRIMARY KEY)")
            writer.execute("INSERT INTO product VALUES ('chair')")
        writer.close()
        reader = sqlite3.connect(path)
        rows = reader.execute("SELECT id FROM product").fetchall()
        reader.close()
    if mode != "wal" or rows != [("chair",)]:
        raise ProbeError(f"SQLite runs in journal mode {mode} and read back {rows}")
    return f"SQLite {sqlite3.sqlite_version} committed a row in WAL mode and a second connection read it"


def faiss_gpu_count() -> int:
    """CUDA devices that FAISS can use; 0 without FAISS, or with its CPU package."""
    try:
        import faiss
    except (ImportError, OSError):  # OSError: one of its native libraries is missing
        return 0
    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


def torch_gpu_count() -> int:
    try:
        import torch
    except (ImportError, OSError):  # OSError: one of its native libraries is missing
        return 0
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


CPU_PROBES: dict[str, Callable[[], str]] = {
    "vector search on cpu": faiss_cpu_search,
    "models on cpu, ONNX Runtime": onnxruntime_matmul,
    "models on cpu, torch": lambda: torch_matmul("cpu"),
    "word search": tantivy_search,
    "knowledge graph": oxigraph_query,
    "durable writes": sqlite_durable_write,
}
"""By the claim that each proves. Every one of them is needed to serve."""


def _vectors() -> tuple[FloatArray, FloatArray]:
    draw = np.random.default_rng(SEED)
    return draw.standard_normal((500, 32), dtype=np.float32), draw.standard_normal((5, 32), dtype=np.float32)


def _matrices() -> tuple[FloatArray, FloatArray]:
    draw = np.random.default_rng(SEED)
    return draw.standard_normal((8, 16), dtype=np.float32), draw.standard_normal((16, 8), dtype=np.float32)


def _check_search(
    vectors: FloatArray, queries: FloatArray, found: tuple[FloatArray, RowArray], tolerance: float
) -> None:
    """By scores, since two vectors that are equally near may come in either order."""
    scores, rows = found
    exact = -np.sort(-(queries @ vectors.T), axis=1)[:, : scores.shape[1]]
    _check_close(scores, exact, tolerance)
    _check_close(np.take_along_axis(queries @ vectors.T, rows, axis=1), exact, tolerance)


def _check_close(found: FloatArray, expected: FloatArray, tolerance: float) -> None:
    if found.shape != expected.shape or not np.allclose(found, expected, atol=tolerance, rtol=tolerance):
        raise ProbeError("the result differs from numpy's")
