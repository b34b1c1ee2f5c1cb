"""A generation that takes changes: they are read from the log when it opens, and follow one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from engine.live.overlay import Overlay
from engine.live.state import LiveState
from engine.product_texts import embedding_text
from engine.types import FloatArray, Product
from engine.written_changes import WrittenChange

_TEXTS_AT_A_TIME = 32
"""Embedded at a time, so that searches, which share the processor, come in between."""
_CHANGES_AT_A_TIME = 1_000


class LiveGeneration:
    """`apply` and `replay` are for one thread at a time. `publish` is called with every new overlay."""

    def __init__(
        self,
        state: LiveState,
        *,
        generation_id: str,
        fingerprint: str,
        encode: Callable[[Sequence[str]], FloatArray],
        publish: Callable[[Overlay], None],
        warnings: Callable[[Product], tuple[str, ...]],
    ) -> None:
        """`encode` embeds texts of products: float32 (n, d), rows of length 1; `fingerprint` is of what does.
        `warnings` says what of a product cannot be searched.
        """
        self.state = state
        self.generation_id = generation_id
        self.warnings = warnings
        self.fingerprint = fingerprint
        self.sequence = 0
        self._encode = encode
        self._publish = publish

    def embed(self, products: Sequence[Product]) -> list[FloatArray]:
        """One after the other, a few at a time."""
        texts = [embedding_text(product) for product in products]
        found: list[FloatArray] = []
        for start in range(0, len(texts), _TEXTS_AT_A_TIME):
            found.extend(self._encode(texts[start : start + _TEXTS_AT_A_TIME]))
        return found

    def replay(self, changes: Iterable[WrittenChange]) -> None:
        """As `apply`; without any, all stays as it is."""
        waiting = iter(changes)
        first = next(waiting, None)
        if first is not None:
            self.apply(chain([first], waiting))

    def close(self) -> None:
        self.state.close()

    def apply(self, changes: Iterable[WrittenChange]) -> None:
        """Changes in the order of the log, after `sequence`. Searches see all of them, or none when it fails:
        then `sequence` stays as it was, and the same may be done again.
        """
        waiting, sequence = iter(changes), self.sequence
        while some := list(islice(waiting, _CHANGES_AT_A_TIME)):
            for change, vector in self._with_vectors(some):
                if change.product is not None:
                    self.state.put(change.product, vector)
                elif self.state.row_of(change.product_id) is not None:
                    self.state.delete(change.product_id)
                sequence = max(sequence, change.sequence)
        self._publish(self.state.overlay(sequence))
        self.sequence = sequence

    def _with_vectors(
        self, changes: Sequence[WrittenChange]
    ) -> Iterator[tuple[WrittenChange, FloatArray | None]]:
        """Embeddings that the log does not have, or has of another encoder, are made."""
        known = {
            place: change.vector
            for place, change in enumerate(changes)
            if change.vector is not None and change.encoder == self.fingerprint
        }
        lacking = [
            (place, change.product)
            for place, change in enumerate(changes)
            if place not in known and change.product is not None and self.state.lacks_vector(change.product)
        ]
        made = self.embed([product for _, product in lacking])
        known |= {place: vector for (place, _), vector in zip(lacking, made, strict=True)}
        for place, change in enumerate(changes):
            yield change, known.get(place)
