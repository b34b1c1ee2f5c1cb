"""The layout of a model's folder, and what is read from it before the model itself.

    spec.json       what the model is: see `ModelSpec`
    tokenizer.json  the tokeniser, in the format of the `tokenizers` package
    model.onnx      int8 weights, for CPUs
    torch/          the weights as trained, for CUDA and as the reference
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from engine.errors import DamagedGenerationError

SPEC, TOKENIZER, ONNX_MODEL, TORCH_FOLDER = "spec.json", "tokenizer.json", "model.onnx", "torch"

IdArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """`dimension` is the size of an embedding, 1 for a cross-encoder. Longer texts are cut at `max_tokens`,
    special tokens counted. `inputs` are the names the graph takes, of input_ids, attention_mask and
    token_type_ids. Prompts are put before texts. `fingerprint` tells this model from any other.
    """

    dimension: int
    max_tokens: int
    pad_id: int
    inputs: tuple[str, ...]
    base_model: str
    fingerprint: str
    quantisation: str
    query_prompt: str = ""
    product_prompt: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, folder: Path) -> ModelSpec:
        """Raises DamagedGenerationError."""
        path = folder / SPEC
        try:
            data: Any = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**data, "inputs": tuple(data["inputs"])})
        except FileNotFoundError:
            raise DamagedGenerationError(path, "is missing") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DamagedGenerationError(path, f"does not describe a model ({error})") from error


class TextTokens:
    """Token ids of texts or pairs of texts, without padding."""

    def __init__(self, folder: Path, spec: ModelSpec) -> None:
        path = folder / TOKENIZER
        if not path.is_file():
            raise DamagedGenerationError(path, "is missing")
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the package raises bare Exception
            raise DamagedGenerationError(path, f"is not a tokeniser ({error})") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(spec.max_tokens)

    def texts(self, texts: Sequence[str]) -> list[Encoding]:
        return self._encode(texts)

    def pairs(self, queries: Sequence[str], texts: Sequence[str]) -> list[Encoding]:
        return self._encode(list(zip(queries, texts, strict=True)))

    def _encode(self, inputs: Sequence[str] | Sequence[tuple[str, str]]) -> list[Encoding]:
        if len(inputs) == 1:  # one call is quicker without the package's thread pool
            only = inputs[0]
            return [self._tokenizer.encode(only) if isinstance(only, str) else self._tokenizer.encode(*only)]
        return list(self._tokenizer.encode_batch(list(inputs)))


@dataclass(frozen=True, slots=True)
class Batch:
    """`places` says where in the input the rows belong; `inputs` are int64 (n, longest of the batch)."""

    places: IdArray
    inputs: Mapping[str, IdArray]


def batches(encodings: Sequence[Encoding], spec: ModelSpec, *, token_budget: int) -> Iterator[Batch]:
    """Texts of similar length together, so that little is padded; at most `token_budget` tokens in one."""
    lengths = np.fromiter((len(encoding) for encoding in encodings), np.int64, len(encodings))
    order = np.argsort(lengths, kind="stable")
    for start, end in pairwise(_cuts(lengths[order], token_budget)):
        places = order[start:end]
        yield Batch(places, _padded([encodings[place] for place in places], spec))


def _cuts(ascending: IdArray, token_budget: int) -> list[int]:
    """Where one batch ends and the next begins: n rows cost n times the longest of them."""
    cuts, start = [0], 0
    for place, length in enumerate(ascending.tolist()):
        if place > start and (place - start + 1) * length > token_budget:
            cuts.append(place)
            start = place
    return [*cuts, len(ascending)] if len(ascending) else [0]


def _padded(encodings: Sequence[Encoding], spec: ModelSpec) -> dict[str, IdArray]:
    shape = (len(encodings), max(len(encoding) for encoding in encodings))
    arrays = {
        "input_ids": np.full(shape, spec.pad_id, np.int64),
        "attention_mask": np.zeros(shape, np.int64),
        "token_type_ids": np.zeros(shape, np.int64),
    }
    for row, encoding in enumerate(encodings):
        length = len(encoding)
        arrays["input_ids"][row, :length] = encoding.ids
        arrays["attention_mask"][row, :length] = 1
        arrays["token_type_ids"][row, :length] = encoding.type_ids
    return {name: arrays[name] for name in spec.inputs}
