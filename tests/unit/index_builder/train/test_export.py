from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.torch_model import quiet
from engine.files import files_below, sha256_of
from index_builder.train.export import export_encoder
from tests.unit.index_builder.train.small_model import PROMPTS, write_small_model

TEXTS = ["ink", "a black cartridge for an inkjet printer", "kettle, 1.5 l", "shoe " * 100]


@pytest.fixture(scope="module", params=["mean", "cls"])
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A sentence-transformers folder and its export."""
    folder = tmp_path_factory.mktemp("small")
    with quiet():
        write_small_model(folder, pooling=request.param)
    export_encoder(folder / "model", folder / "exported", base_model="small")
    return folder / "model", folder / "exported"


def test_the_export_embeds_as_sentence_transformers_does(models: tuple[Path, Path]) -> None:
    """With the prompts of the model, cut where the model cuts; whatever its pooling, of length 1."""
    with quiet():
        original = SentenceTransformer(str(models[0]), device="cpu", local_files_only=True)
    encoder = OnnxEncoder.open(models[1], threads=1)

    wanted = original.encode([PROMPTS["query"] + text for text in TEXTS], normalize_embeddings=True)
    assert (encoder.encode_queries(TEXTS) * wanted).sum(axis=1).min() > 0.99
    wanted = original.encode([PROMPTS["passage"] + text for text in TEXTS], normalize_embeddings=True)
    assert (encoder.encode_products(TEXTS) * wanted).sum(axis=1).min() > 0.99


def test_the_folder_says_what_the_model_is(models: tuple[Path, Path]) -> None:
    spec = OnnxEncoder.open(models[1], threads=1).spec

    assert (spec.dimension, spec.max_tokens, spec.base_model) == (32, 24, "small")
    assert (spec.query_prompt, spec.product_prompt) == ("query: ", "passage: ")


def test_the_same_model_gives_the_same_bytes(models: tuple[Path, Path], tmp_path: Path) -> None:
    export_encoder(models[0], tmp_path, base_model="small")

    assert hashes(tmp_path) == hashes(models[1])


def test_prompts_and_lengths_can_be_chosen(models: tuple[Path, Path], tmp_path: Path) -> None:
    spec = export_encoder(models[0], tmp_path, base_model="small", query_prompt="", max_tokens=8).spec

    assert (spec.query_prompt, spec.product_prompt, spec.max_tokens) == ("", "passage: ", 8)
    encoder = OnnxEncoder.open(tmp_path, threads=1)
    # [CLS] + 6 words + [SEP] are 8 tokens
    np.testing.assert_allclose(
        encoder.encode_queries(["ink " * 6]), encoder.encode_queries(["ink " * 9]), atol=1e-6
    )
    assert encoder.id != OnnxEncoder.open(models[1], threads=1).id


def test_other_users_may_read_the_weights(models: tuple[Path, Path]) -> None:
    for _, path in files_below(models[1]):
        assert path.stat().st_mode & 0o044 == 0o044, path


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files_below(folder)}
