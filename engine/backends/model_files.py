"""The layout of a model's folder, and what is read from it before the model itself.

spec.json       what the model is: see `ModelSpec`
tokenizer.json  the tokeniser, in the format of the `tokenizers` package
model.onnx      int8 weights, for CPUs
torch/          the weights as trained, for CUDA and as the reference
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import DamagedGenerationError
from engine.files import sha256_of

SPEC, TOKENIZER, ONNX_MODEL, TORCH_FOLDER = "spec.json", "tokenizer.json", "model.onnx", "torch"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """`dimension` is the size of an embedding, 1 for a cross-encoder. Longer texts are cut at `max_tokens`,
    special tokens counted. `inputs` are what the model takes, in order, of the names in `tokens.INPUTS`;
    `pad_id` fills the first. Prompts are put before texts. `fingerprint` tells this model from any other.
    """

    dimension: int
    max_tokens: int
    pad_id: int
    inputs: tuple[str, ...]
    base_model: str
    quantisation: str
    query_prompt: str = ""
    product_prompt: str = ""
    fingerprint: str = ""

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


def fingerprint_of(folder: Path, spec: ModelSpec) -> str:
    """24 hexadecimal digits that stand for all that decides what a text gives: both forms of the weights, the
    tokeniser, and what the spec says of lengths, inputs and prompts. Raises OSError for a missing file.
    """
    weights = sorted((folder / TORCH_FOLDER).rglob("*.safetensors"))
    parts = [sha256_of(path) for path in (folder / ONNX_MODEL, folder / TOKENIZER, *weights)]
    parts += [str(spec.dimension), str(spec.max_tokens), str(spec.pad_id), *spec.inputs]
    parts += [spec.query_prompt, spec.product_prompt]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
