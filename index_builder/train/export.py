"""Writes a trained model as a folder that engine.backends reads (layout: engine/backends/model_files.py)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from sentence_transformers import SentenceTransformer

from engine.backends.model_files import ONNX_MODEL, SPEC, TOKENIZER, TORCH_FOLDER, ModelSpec, fingerprint_of
from engine.backends.tokens import (
    ATTENTION_MASK,
    INPUT_IDS,
    SEGMENTS,
    TOKEN_TYPE_IDS,
    TextTokens,
    padded,
)
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from engine.files import write_atomically
from index_builder.train.parity import CHECK_PRODUCTS, CHECK_QUERIES, EncoderParity, check_encoder
from index_builder.train.quantise import QUANTISATION, quantise
from index_builder.train.safe_weights import check_safetensors
from index_builder.train.smoothing import Samples

DEFAULT_MAX_TOKENS = 128
"""Product titles and short descriptions are shorter; the cost of a text grows with its length."""
_INPUTS = (INPUT_IDS, ATTENTION_MASK)
_OPSET = 20
"""The first with an operator for GELU, by which quantise.py knows it."""
_QUERY_PROMPTS, _PRODUCT_PROMPTS = ("query",), ("document", "passage")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, how true int8 is to full precision, and how many components there would be."""

    spec: ModelSpec
    parity: EncoderParity
    full_dimension: int


def export_encoder(
    model: Path,
    out: Path,
    *,
    base_model: str,
    max_tokens: int = DEFAULT_MAX_TOKENS,
    query_prompt: str | None = None,
    product_prompt: str | None = None,
    dimension: int | None = None,
    check_texts: Sequence[str] = (),
) -> Exported:
    """Write the dual encoder of a sentence-transformers folder into `out`, in int8 ONNX and in torch.

    Any BERT-like model with any pooling works. Prompts default to those that the model was published with;
    texts are cut at `max_tokens` or at what the model can read. The same model gives the same bytes.

    `dimension` keeps the first so many components of an embedding (Matryoshka, Kusupati et al., NeurIPS
    2022); `torch/` holds all weights even then, so that another one can be exported from it. Both forms are
    compared over a few shipped texts and `check_texts`. Raises ConfigError for weights in pickles, for more
    components than there are, and for a model that int8 changes too much; `out` is no model folder then.
    """
    check_safetensors(model)
    (out / SPEC).unlink(missing_ok=True)
    with quiet():
        # Eager attention is plain matrix algebra, which the exporter writes for every length and batch.
        encoder = SentenceTransformer(
            str(model),
            device="cpu",
            local_files_only=True,
            model_kwargs={"attn_implementation": "eager", "use_safetensors": True},
        ).eval()
    full = encoder.get_embedding_dimension()
    if full is None:
        raise ConfigError(f"The model in {model} does not say its dimension; it is no sentence encoder.")
    if dimension is not None and not 1 <= dimension <= full:
        raise ConfigError(
            f"The encoder in {model} gives {full} components, so {dimension} of them cannot be kept.",
            dimension=dimension,
        )
    out.mkdir(parents=True, exist_ok=True)
    pad_id = save_tokenizer(encoder.tokenizer, out)
    with quiet():
        encoder.save(str(out / TORCH_FOLDER), create_model_card=False)
    make_readable(out)
    kept = dimension or full
    spec = ModelSpec(
        dimension=kept,
        max_tokens=min(max_tokens, encoder.max_seq_length or max_tokens),
        pad_id=pad_id,
        inputs=_INPUTS,
        base_model=base_model,
        quantisation=QUANTISATION,
        query_prompt=_prompt(query_prompt, encoder.prompts, _QUERY_PROMPTS),
        product_prompt=_prompt(product_prompt, encoder.prompts, _PRODUCT_PROMPTS),
    )
    texts = [spec.query_prompt + text for text in CHECK_QUERIES]
    texts += [spec.product_prompt + text for text in CHECK_PRODUCTS]
    samples = [padded([tokens], spec) for tokens in TextTokens(out, spec).texts(texts)]
    write_onnx(_Embedding(encoder, kept if kept < full else None), _INPUTS, out, samples)
    spec = write_spec(spec, out)
    try:
        parity = check_encoder(out, products=(*CHECK_PRODUCTS, *check_texts))
    except ConfigError:
        (out / SPEC).unlink()
        raise
    return Exported(spec, parity, full)


def write_onnx(
    module: torch.nn.Module,
    inputs: Sequence[str],
    out: Path,
    samples: Samples,
) -> None:
    """Trace a module that takes `inputs` in that order, int64 (n, tokens), and gives (n, dimension), and
    write it in int8; `samples` are typical inputs (see quantise.py).
    """
    # Any sample does: both axes are exported as variable. Its second half is a product, for pairs.
    first, second = torch.tensor([[1, 1, 1, 0, 0, 0]] * 2), torch.tensor([[0, 0, 0, 1, 1, 1]] * 2)
    sample = {
        INPUT_IDS: 7 + first,
        ATTENTION_MASK: first + second,
        TOKEN_TYPE_IDS: second,
        SEGMENTS: first + 2 * second,
    }
    with warnings.catch_warnings(), torch.no_grad(), TemporaryDirectory() as folder:
        path = Path(folder) / ONNX_MODEL
        # The tracer warns of shape checks it follows; the contract tests compare every shape with torch.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(sample[name] for name in inputs),
            path,
            input_names=list(inputs),
            output_names=["output"],
            dynamic_axes={**{name: {0: "n", 1: "tokens"} for name in inputs}, "output": {0: "n"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        model = quantise(onnx.load(path), samples)
    write_atomically(out / ONNX_MODEL, model.SerializeToString(deterministic=True))


def write_spec(spec: ModelSpec, out: Path) -> ModelSpec:
    """Write the spec, the folder's last file, with the fingerprint of all that decides what a text gives."""
    complete = replace(spec, fingerprint=fingerprint_of(out, spec))
    write_atomically(out / SPEC, complete.to_json().encode())
    return complete


def save_tokenizer(tokenizer: Any, out: Path) -> int:
    """Write tokenizer.json, without padding and truncation (the server decides those); gives the pad id."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or tokenizer.pad_token_id is None:
        raise ConfigError("The base model has no fast tokeniser with a pad token; choose a BERT-like model.")
    backend.no_padding()
    backend.no_truncation()
    write_atomically(out / TOKENIZER, (backend.to_str(pretty=True) + "\n").encode())
    return int(tokenizer.pad_token_id)


def make_readable(out: Path) -> None:
    """The package safetensors writes for the owner alone; a server may run as somebody else."""
    for path in (out / TORCH_FOLDER).rglob("*.safetensors"):
        path.chmod(0o644)


def _prompt(given: str | None, known: Mapping[str, str | None], names: Sequence[str]) -> str:
    return given if given is not None else next((text for name in names if (text := known.get(name))), "")


class _Embedding(torch.nn.Module):
    """With `dimension`, the first components alone."""

    def __init__(self, encoder: SentenceTransformer, dimension: int | None) -> None:
        super().__init__()
        self._encoder = encoder
        self._dimension = dimension

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        features = self._encoder({"input_ids": input_ids, "attention_mask": attention_mask})
        embedding = features["sentence_embedding"]
        if self._dimension is not None:
            embedding = embedding[:, : self._dimension]
        return torch.nn.functional.normalize(embedding, dim=-1)
