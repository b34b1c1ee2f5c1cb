"""Texts cut into tokens, and tokens put into batches of similar length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from engine.backends.model_files import TOKENIZER, ModelSpec
from engine.errors import DamagedGenerationError

IdArray = NDArray[np.int64]

INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS = "input_ids", "attention_mask", "token_type_ids"
SEGMENTS = "segments"
"""0 for padding and special tokens, 1 for the query's, 2 for the product text's."""

INPUTS: Mapping[str, Callable[[Encoding], Sequence[int]]] = {
    INPUT_IDS: lambda encoding: encoding.ids,
    ATTENTION_MASK: lambda encoding: encoding.attention_mask,
    TOKEN_TYPE_IDS: lambda encoding: encoding.type_ids,
    SEGMENTS: lambda encoding: [0 if part is None else part + 1 for part in encoding.sequence_ids],
}
"""What a model can ask for, and how it is read from a tokenised text. Padding is 0 but for input_ids."""


_MOST_CHARACTERS = 16
"""In a token, on average over a text; English has about 5."""


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
        self._most_characters = spec.max_tokens * _MOST_CHARACTERS

    def texts(self, texts: Sequence[str]) -> list[Encoding]:
        return self._encode([self._readable(text) for text in texts])

    def pairs(self, queries: Sequence[str], texts: Sequence[str]) -> list[Encoding]:
        return self._encode(
            [
                (self._readable(query), self._readable(text))
                for query, text in zip(queries, texts, strict=True)
            ]
        )

    def _readable(self, text: str) -> str:
        """The package refuses lone surrogates, and takes seconds to cut two very long texts to size."""
        return text[: self._most_characters].encode("utf-8", "replace").decode()

    def _encode(self, inputs: list[str] | list[tuple[str, str]]) -> list[Encoding]:
        if len(inputs) == 1:  # one call is quicker without the package's thread pool
            only = inputs[0]
            return [self._tokenizer.encode(only) if isinstance(only, str) else self._tokenizer.encode(*only)]
        return list(self._tokenizer.encode_batch(inputs))


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
        yield Batch(places, padded([encodings[place] for place in places], spec))


def _cuts(ascending: IdArray, token_budget: int) -> list[int]:
    """Where one batch ends and the next begins: n rows cost n times the longest of them."""
    cuts, start = [0], 0
    for place, length in enumerate(ascending.tolist()):
        if place > start and (place - start + 1) * length > token_budget:
            cuts.append(place)
            start = place
    return [*cuts, len(ascending)] if len(ascending) else [0]


def padded(encodings: Sequence[Encoding], spec: ModelSpec) -> dict[str, IdArray]:
    """The model's inputs for one batch, int64 (n, longest)."""
    shape = (len(encodings), max(len(encoding) for encoding in encodings))
    arrays = {}
    for name in spec.inputs:
        array = np.full(shape, spec.pad_id if name == INPUT_IDS else 0, np.int64)
        for row, encoding in enumerate(encodings):
            array[row, : len(encoding)] = INPUTS[name](encoding)
        arrays[name] = array
    return arrays
