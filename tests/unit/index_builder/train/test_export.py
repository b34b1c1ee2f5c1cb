from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from engine.backends.onnx_encoder import OnnxEncoder
from engine.backends.torch_encoder import TorchEncoder
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from engine.files import files_below, sha256_of
from index_builder.train.export import export_encoder
from index_builder.train.parity import CHECK_PRODUCTS, CHECK_QUERIES
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


def test_an_embedding_is_cut_to_its_first_components_in_both_forms(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    """Matryoshka: the first 8 of 32, of length 1 again."""
    exported = export_encoder(models[0], tmp_path, base_model="small", dimension=8)
    full = TorchEncoder.open(models[1], device="cpu").encode_products(TEXTS)
    wanted = full[:, :8] / np.linalg.norm(full[:, :8], axis=1, keepdims=True)

    int8, reference = OnnxEncoder.open(tmp_path, threads=1), TorchEncoder.open(tmp_path, device="cpu")

    assert exported.spec.dimension == int8.dimension == reference.dimension == 8
    np.testing.assert_allclose(reference.encode_products(TEXTS), wanted, atol=1e-6)
    assert (int8.encode_products(TEXTS) * wanted).sum(axis=1).min() > 0.98
    assert exported.spec.fingerprint != OnnxEncoder.open(models[1], threads=1).spec.fingerprint


def test_a_cut_encoder_keeps_its_weights_so_that_it_can_be_cut_anew(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    export_encoder(models[0], tmp_path / "cut", base_model="small", dimension=8)

    export_encoder(tmp_path / "cut" / "torch", tmp_path / "whole", base_model="small", dimension=32)

    assert hashes(tmp_path / "whole") == hashes(models[1])


@pytest.mark.parametrize("dimension", [0, 33])
def test_more_components_than_there_are_cannot_be_kept(
    models: tuple[Path, Path], tmp_path: Path, dimension: int
) -> None:
    with pytest.raises(ConfigError, match=f"gives 32 components, so {dimension} of them cannot be kept"):
        export_encoder(models[0], tmp_path, base_model="small", dimension=dimension)


def test_int8_is_compared_with_full_precision_over_shipped_and_given_texts(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    parity = export_encoder(models[0], tmp_path, base_model="small", check_texts=["a", "b"]).parity

    assert parity.texts == len(CHECK_QUERIES) + len(CHECK_PRODUCTS) + 2
    assert 0.95 < parity.worst_cosine <= parity.mean_cosine <= 1 + 1e-6
    assert parity.worst_text in (*CHECK_QUERIES, *CHECK_PRODUCTS, "a", "b")


def spoilt(model: Path, into: Path, change: Callable[[str, torch.Tensor], None]) -> Path:
    """A copy of a sentence-transformers folder whose weights were changed, each told by its name."""
    with quiet():
        encoder = SentenceTransformer(str(model), device="cpu", local_files_only=True)
        with torch.no_grad():
            for name, weight in encoder.named_parameters():
                change(name, weight)
        encoder.save(str(into), create_model_card=False)
    return into


def test_a_model_that_eight_bits_ruin_is_refused_and_leaves_no_model_folder(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    """Weights of a million stand where activations are 0: they change nothing, but on the scale of eight
    bits all other weights become 0 beside them.
    """

    def add_giants(name: str, weight: torch.Tensor) -> None:
        if "LayerNorm" in name:
            weight[0] = 0
        elif name.endswith(("query.weight", "key.weight", "value.weight", "intermediate.dense.weight")):
            weight[:, 0] = 1_000_000

    model = spoilt(models[0], tmp_path / "model", add_giants)

    with pytest.raises(ConfigError, match=r"In 8 bits this encoder does not say .* at worst .*, for '"):
        export_encoder(model, tmp_path / "out", base_model="small")
    assert not (tmp_path / "out" / "spec.json").exists()


def test_a_model_whose_training_ended_in_nan_is_refused(models: tuple[Path, Path], tmp_path: Path) -> None:
    def lose(_name: str, weight: torch.Tensor) -> None:
        weight.fill_(float("nan"))

    model = spoilt(models[0], tmp_path / "model", lose)

    with pytest.raises(ConfigError, match="cosines of nan on average"):
        export_encoder(model, tmp_path / "out", base_model="small")


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files_below(folder)}
