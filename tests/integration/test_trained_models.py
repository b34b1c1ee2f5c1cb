"""Builds that are given trained models: what they take over, what they embed again, what never serves."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.backends.fusion_weights import FUSION, FusionWeights
from engine.backends.model_files import ModelSpec
from engine.backends.vector_index import FaissVectorIndex
from engine.bootstrap import open_generation
from engine.config import ServeSettings
from engine.deadline import Deadline
from engine.errors import EncoderMismatchError
from engine.files import files_below, sha256_of
from engine.generation import Generation
from engine.request import SearchRequest
from index_builder.build import CACHE, build
from index_builder.config import BuildSettings
from index_builder.progress import SilentProgress
from index_builder.train.export import write_spec
from tests.small_shop import PRODUCTS, SmallShop, link_generation

CUT = 128
"""Components of the second generation's embeddings."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Folders as `train` writes them, and a shop to build with them."""

    shop: SmallShop
    encoder: Path
    reranker: Path
    fusion: Path

    def settings(self, out: Path) -> BuildSettings:
        """Nothing is trained in such a build, so it needs no base model."""
        return BuildSettings(
            catalog=(self.shop.catalog,),
            out=out,
            base_model="none is needed",
            encoder=self.encoder,
            reranker=self.reranker,
            fusion=self.fusion,
            graph_models=False,
            threads=1,
        )


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    small_shop: SmallShop,
    encoder_folder: Path,
    cross_encoder_folder: Path,
) -> Trained:
    fusion = tmp_path_factory.mktemp("fusion")
    weighed = ModelSpec.read(encoder_folder).fingerprint
    FusionWeights(True, "", 20, {"lexical": 1.0, "dense": 4.0}, encoder=weighed).write(fusion)
    return Trained(small_shop, encoder_folder, cross_encoder_folder, fusion)


@dataclass(frozen=True, slots=True)
class Builds:
    """Two generations in one data folder: with whole embeddings, and with embeddings that were cut."""

    data: Path
    whole: Generation
    steps: frozenset[str]
    cut: Generation
    warnings: tuple[str, ...]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Builds:
    data, progress = tmp_path_factory.mktemp("trained") / "data", SilentProgress()
    settings = trained.settings(data)
    whole = build(settings, progress)
    shorter = settings.model_copy(update={"dimension": CUT, "fusion": None})
    cut = build(shorter, SilentProgress())
    warnings = (*whole.warnings, *cut.warnings)
    return Builds(data, whole.generation, frozenset(progress.seconds), cut.generation, warnings)


def hashes(folder: Path) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files_below(folder)}


def test_trained_models_are_taken_as_they_are_and_nothing_is_trained(
    builds: Builds, trained: Trained
) -> None:
    assert hashes(builds.whole.part("encoder")) == hashes(trained.encoder)
    assert hashes(builds.whole.part("reranker")) == hashes(trained.reranker)
    assert {"copy encoder", "copy reranker"} < builds.steps
    assert not {"export encoder", "train reranker", "graph: train tagger"} & builds.steps


def test_the_manifest_names_the_models(builds: Builds, trained: Trained) -> None:
    parts = builds.whole.manifest.parts

    for name, folder in (("encoder", trained.encoder), ("reranker", trained.reranker)):
        spec = ModelSpec.read(folder)
        named = (parts[name]["base_model"], parts[name]["fingerprint"], parts[name]["trained"])
        assert named == (spec.base_model, spec.fingerprint, True)
    assert parts["fusion"]["weights"] == {"lexical": 1.0, "dense": 4.0}
    assert (builds.whole.part("fusion") / FUSION).is_file()
    assert "fusion" not in builds.cut.manifest.parts


def test_the_same_models_and_catalogue_give_the_same_generation(
    builds: Builds, trained: Trained, tmp_path: Path
) -> None:
    again = build(trained.settings(tmp_path / "data"), SilentProgress()).generation

    assert again.id == builds.whole.id != builds.cut.id


def test_another_encoder_embeds_everything_again(builds: Builds) -> None:
    """The cache keeps each encoder's embeddings by its id, and both generations hold their own."""
    embedded = {path.parent.parent.name for path in (builds.data / CACHE).glob("*/products/*.npz")}
    specs = [ModelSpec.read(each.part("encoder")) for each in (builds.whole, builds.cut)]

    assert embedded == {f"{spec.fingerprint}-{spec.quantisation}" for spec in specs}
    for generation, spec, dimension in zip((builds.whole, builds.cut), specs, (384, CUT), strict=True):
        for folder in ("vectors", "queries/vectors"):
            layout = FaissVectorIndex.open(generation.part(folder), device="cpu").layout
            assert (layout.encoder, layout.dimension) == (spec.fingerprint, dimension)
        assert generation.manifest.dimension == dimension


def test_a_generation_with_cut_embeddings_answers(builds: Builds) -> None:
    opened = open_generation(builds.cut, ServeSettings(data=builds.data, threads=1, device="cpu"))
    try:
        response = opened.pipeline.search(SearchRequest("ink"), Deadline.none())
    finally:
        opened.close()

    assert len(response.hits) > 0
    (warning,) = builds.warnings
    assert warning.startswith("the encoder was not trained to be cut to 128 of 384 components")
    assert builds.cut.manifest.product_count == PRODUCTS


@pytest.mark.parametrize("folder", ["vectors", "queries/vectors"])
def test_vectors_are_never_searched_with_another_encoder_of_the_same_size(
    builds: Builds, tmp_path: Path, folder: str
) -> None:
    """An encoder with another prompt gives embeddings of 384 numbers, too, which mean something else."""
    generation = link_generation(builds.whole, tmp_path)
    other = tmp_path / "other"
    shutil.copytree(generation.part("encoder"), other)
    written = write_spec(replace(ModelSpec.read(other), query_prompt="find: "), other)
    layout = FaissVectorIndex.open(generation.part(folder), device="cpu").layout
    file = generation.part(folder) / "index.json"
    file.unlink()  # a hard link
    replace(layout, encoder=written.fingerprint).save(file.parent)

    with pytest.raises(EncoderMismatchError, match=rf"but the index was made by {written.fingerprint}"):
        open_generation(generation, ServeSettings(data=tmp_path, threads=1, device="cpu"))


def test_a_wrong_folder_is_one_sentence_before_anything_is_written(
    trained: Trained, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from index_builder.__main__ import main

    data = tmp_path / "data"
    flags = ("--catalog", str(trained.shop.catalog), "--out", str(data))

    code = main(["build", *flags, "--encoder", str(trained.reranker)])

    expected = f"error: {trained.reranker} holds a cross-encoder, not an encoder: give it as --reranker.\n"
    assert (code, capfd.readouterr().err) == (1, expected)
    assert not data.exists()
