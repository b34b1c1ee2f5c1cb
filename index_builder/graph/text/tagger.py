"""The third layer: a small transformer that tags the tokens of titles, as trained by `tagger_train`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.backends.model_files import ModelSpec
from engine.backends.onnx_model import OnnxModel
from engine.backends.tokens import TextTokens
from engine.errors import DamagedGenerationError
from engine.files import write_atomically
from index_builder.graph.evidence import Extractor
from index_builder.graph.text.calibration import Calibration, softmax
from index_builder.graph.text.span import Span
from index_builder.graph.text.tagger_labels import TAGS, spans_of

READING = "tagger.json"
_AT_ONCE = 4096
"""Titles whose logits are held in memory at one time (about 20 MB)."""


@dataclass(frozen=True, slots=True)
class TaggerReading:
    """How logits are read: divided by `temperature`, then spans' scores calibrated. `tags` guards against a
    change of the labels.
    """

    temperature: float
    calibration: Calibration
    tags: tuple[str, ...] = TAGS

    def save(self, folder: Path) -> None:
        write_atomically(folder / READING, (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> TaggerReading:
        """Raises DamagedGenerationError."""
        path = folder / READING
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            bins = {key: tuple(values) for key, values in data["calibration"].items()}
            reading = cls(float(data["temperature"]), Calibration(**bins), tuple(data["tags"]))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedGenerationError(path, f"does not say how to read the tagger ({error})") from error
        if reading.tags != TAGS:
            raise DamagedGenerationError(path, "belongs to a tagger with other labels")
        return reading


class Tagger:
    """Finds spans in folded titles. Opened from the folder that `train_tagger` writes."""

    def __init__(self, folder: Path, spec: ModelSpec, reading: TaggerReading, *, threads: int) -> None:
        self._spec = spec
        self._tokens = TextTokens(folder, spec)
        self._model = OnnxModel(folder, spec, threads=threads)
        self._reading = reading

    @classmethod
    def open(cls, folder: Path, *, threads: int = 2) -> Tagger:
        """Raises DamagedGenerationError for a folder that holds no tagger."""
        return cls(folder, ModelSpec.read(folder), TaggerReading.read(folder), threads=threads)

    def read(self, texts: Sequence[str]) -> list[list[Span]]:
        """Spans of each folded text with calibrated confidences, in order of place. Words past the model's
        last token are not read.
        """
        found: list[list[Span]] = []
        for first in range(0, len(texts), _AT_ONCE):
            part = texts[first : first + _AT_ONCE]
            encodings = self._tokens.texts(part)
            logits = self._model.run(encodings).reshape(len(part), self._spec.max_tokens, len(TAGS))
            for text, encoding, rows in zip(part, encodings, logits, strict=True):
                probabilities = softmax(rows[: len(encoding)] / self._reading.temperature)
                spans = spans_of(text, encoding.offsets, probabilities)
                found.append([self._calibrated(span) for span in spans])
        return found

    def _calibrated(self, span: Span) -> Span:
        sure = self._reading.calibration(span.confidence)
        return Span(span.start, span.end, span.label, sure, Extractor.TAGGER)
