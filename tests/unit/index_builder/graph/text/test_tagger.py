import json
from pathlib import Path

import pytest

from engine.backends.model_files import ONNX_MODEL
from engine.errors import ConfigError, DamagedGenerationError
from index_builder.graph.evidence import Extractor, Label
from index_builder.graph.facts import extract
from index_builder.graph.text.knowledge import Knowledge, learn
from index_builder.graph.text.read import read_texts, sure_spans
from index_builder.graph.text.tagger import READING, Tagger
from index_builder.graph.text.tagger_train import TaggerPlan, TaggerReport, train_tagger
from tests.unit.index_builder.graph.text.shop import shop
from tests.unit.index_builder.train.small_model import write_small_model

pytestmark = pytest.mark.usefixtures("one_torch_thread")

PLAN = TaggerPlan(
    layers=2, titles=60, held_out=4, epochs=40, max_tokens=24, batch_tokens=96, learning_rate=5e-3
)
PRODUCTS = shop()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_small_model(folder, pooling="mean")
    return folder / "body"


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return learn(PRODUCTS, extract(PRODUCTS))


Trained = tuple[Path, Tagger, TaggerReport]


@pytest.fixture(scope="module")
def trained(base: Path, knowledge: Knowledge, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    out = tmp_path_factory.mktemp("tagger")
    tagger, report = train_tagger(
        knowledge.titles, sure_spans(knowledge), base=base, out=out, base_model="small", plan=PLAN
    )
    return out, tagger, report


def test_it_learns_what_the_catalogue_taught(trained: Trained) -> None:
    _, tagger, report = trained

    (spans,) = tagger.read(["acme desk lamp red 3 m"])

    assert report.last_loss < report.first_loss / 4
    assert [(span.start, span.end, span.label) for span in spans] == [
        (0, 4, Label.BRAND),
        (5, 14, Label.TYPE),
        (15, 18, Label.COLOR),
        (19, 22, Label.SIZE),
    ]
    assert all(span.extractor is Extractor.TAGGER and 0 < span.confidence <= 1 for span in spans)


def test_a_saved_tagger_reads_the_same(trained: Trained) -> None:
    folder, tagger, _ = trained
    texts = ["acme desk lamp red 3 m", "", "nordlys water filter"]

    assert Tagger.open(folder, threads=1).read(texts) == tagger.read(texts)


def test_what_stands_beside_a_text_does_not_change_how_it_is_read(trained: Trained) -> None:
    _, tagger, _ = trained
    text = "nordlys water filter white"

    assert tagger.read([text]) == tagger.read([text, "acme desk lamp red 3 m " * 3])[:1]


def test_training_again_gives_the_same_bytes(
    base: Path, knowledge: Knowledge, trained: Trained, tmp_path: Path
) -> None:
    train_tagger(
        knowledge.titles, sure_spans(knowledge), base=base, out=tmp_path, base_model="small", plan=PLAN
    )

    for name in (ONNX_MODEL, READING):
        assert (tmp_path / name).read_bytes() == (trained[0] / name).read_bytes()


def test_the_tagger_alone_and_beside_the_other_layers(trained: Trained, knowledge: Knowledge) -> None:
    draft = extract(PRODUCTS)
    _, tagger, _ = trained

    alone = read_texts(PRODUCTS, draft, tagger=tagger, layers={Extractor.TAGGER}, knowledge=knowledge)
    without = read_texts(PRODUCTS, draft, knowledge=knowledge)
    beside = read_texts(PRODUCTS, draft, tagger=tagger, knowledge=knowledge)

    assert {mention.extractor for mention in alone} == {Extractor.TAGGER}
    assert set(without) <= set(beside)


def test_without_anything_to_learn_from_it_is_not_trained(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to train on"):
        train_tagger([], [], base=base, out=tmp_path, base_model="small", plan=PLAN)


def test_a_folder_that_is_no_tagger_is_named(trained: Trained, tmp_path: Path) -> None:
    folder, _, _ = trained
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    reading = json.loads((tmp_path / READING).read_text())
    (tmp_path / READING).write_text(json.dumps({**reading, "tags": ["O"]}))

    with pytest.raises(DamagedGenerationError, match="other labels"):
        Tagger.open(tmp_path)
    (tmp_path / READING).write_text("{")
    with pytest.raises(DamagedGenerationError, match="how to read the tagger"):
        Tagger.open(tmp_path)
