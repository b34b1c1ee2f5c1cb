"""Weights are read from safetensors alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import ConfigError
from index_builder.train.export import export_encoder
from index_builder.train.safe_weights import check_safetensors


def test_weights_in_nothing_but_a_pickle_are_refused_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")

    with pytest.raises(ConfigError, match=r"pytorch_model\.bin is a pickle, .* give a copy"):
        check_safetensors(tmp_path)


def test_a_pickle_beside_safetensors_is_not_read_and_so_no_danger(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"weights")

    check_safetensors(tmp_path)


def test_every_module_of_a_sentence_encoder_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "2_Dense" / "pytorch_model.bin").write_bytes(b"a pickle")
    (tmp_path / "modules.json").write_text(json.dumps([{"path": ""}, {"path": "2_Dense"}]))

    with pytest.raises(ConfigError, match=r"2_Dense/pytorch_model\.bin is a pickle"):
        check_safetensors(tmp_path)


@pytest.mark.parametrize("content", ["", "{", '["Transformer"]', "7"])
def test_modules_that_are_no_list_of_modules_are_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "modules.json").write_text(content)

    with pytest.raises(ConfigError, match=r"modules\.json is no list of modules"):
        check_safetensors(tmp_path)


def test_an_export_does_not_open_pickles(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")

    with pytest.raises(ConfigError, match="is a pickle"):
        export_encoder(tmp_path, tmp_path / "out", base_model="pickled")
    assert not (tmp_path / "out").exists()
