"""A model that ONNX Runtime runs on the CPU, fed with batches of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Encoding

from engine.backends.model_files import ONNX_MODEL, ModelSpec
from engine.backends.tokens import Batch, batches
from engine.errors import DamagedGenerationError
from engine.types import FloatArray

TOKEN_BUDGET = 256
"""Tokens in one batch. Its widest activations (256 x 1536 floats, 1.5 MB) then stay in a core's own cache:
one thread embeds 727 titles a second with 256, 599 with 1024, 369 with 4096; 20 pairs take 32, 42 and 42 ms.
"""


class OnnxModel:
    """Runs `model.onnx` of a model folder. Threads may share it.

    Each batch runs in one thread, and several batches side by side in `threads` of them: cutting a single
    query's small matrices over two threads made it slower (1.6 ms instead of 1.2); batches share nothing.
    """

    def __init__(self, folder: Path, spec: ModelSpec, *, threads: int) -> None:
        self._spec = spec
        self._session = _open_session(folder / ONNX_MODEL)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="onnx") if threads > 1 else None

    def run(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Float32 (n, dimension), in the order of `encodings`."""
        result = np.empty((len(encodings), self._spec.dimension), np.float32)

        def fill(batch: Batch) -> None:
            result[batch.places] = self._session.run(None, dict(batch.inputs))[0]

        cut = list(batches(encodings, self._spec, token_budget=TOKEN_BUDGET))
        if self._threads is None or len(cut) == 1:
            for batch in cut:
                fill(batch)
        else:
            list(self._threads.map(fill, cut))
        return result


def _open_session(path: Path) -> ort.InferenceSession:
    if not path.is_file():
        raise DamagedGenerationError(path, "is missing")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # each way to fail has its own class, and none has a common base
        raise DamagedGenerationError(path, "is not a model that ONNX Runtime can load") from error
