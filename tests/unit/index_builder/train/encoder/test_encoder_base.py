from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from transformers import BertConfig, GPT2Config, T5Config

from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from index_builder.train.encoder.encoder_base import open_base_encoder, precision_flags, prompts_of
from index_builder.train.encoder.encoder_plan import EncoderPlan, Precision
from tests.unit.index_builder.train.small_model import write_small_model


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    with quiet():
        write_small_model(folder, pooling="cls")
    return folder


def test_a_sentence_encoder_is_cut_at_the_shorter_of_both_lengths(base: Path) -> None:
    assert open_base_encoder(base / "model", max_tokens=16, device="cpu").max_seq_length == 16
    # The model itself reads 24.
    assert open_base_encoder(base / "model", max_tokens=99, device="cpu").max_seq_length == 24


def test_a_bert_like_body_is_averaged(base: Path) -> None:
    model = open_base_encoder(base / "body", max_tokens=16, device="cpu")

    assert model.encode(["a red shoe", "ink"]).shape == (2, 32)
    assert model[1].pooling_mode == "mean"


def test_prompts_are_the_models_unless_chosen(base: Path) -> None:
    model = open_base_encoder(base / "model", max_tokens=16, device="cpu")

    assert prompts_of(model, EncoderPlan()) == ("query: ", "passage: ")
    assert prompts_of(model, EncoderPlan(query_prompt="", product_prompt="p: ")) == ("", "p: ")


@pytest.mark.parametrize(
    ("config", "head", "problem"),
    [
        (GPT2Config(), "GPT2LMHeadModel", "a language model that writes text"),
        (T5Config(), "T5ForConditionalGeneration", "a model that writes text"),
        (T5Config(), None, "an encoder with a decoder, without pooling"),
        (BertConfig(), "BertForSequenceClassification", "a classifier or cross-encoder"),
        (BertConfig(is_decoder=True), None, "a decoder"),
    ],
)
def test_other_kinds_of_models_are_refused_before_they_are_opened(
    tmp_path: Path, config: BertConfig | GPT2Config | T5Config, head: str | None, problem: str
) -> None:
    config.architectures = [head] if head else None
    config.save_pretrained(tmp_path)

    with pytest.raises(ConfigError, match=f"is {problem} .* not a sentence encoder"):
        open_base_encoder(tmp_path, max_tokens=16, device="cpu")


def test_a_model_without_its_tokeniser_is_refused(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base / "body", tmp_path / "body")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "body" / name).unlink()

    with pytest.raises(ConfigError, match="has a tokeniser of 5 words only"):
        open_base_encoder(tmp_path / "body", max_tokens=16, device="cpu")


def test_a_folder_that_no_library_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "perpetuum mobile"}')

    with pytest.raises(ConfigError, match="holds no model that transformers knows"):
        open_base_encoder(tmp_path, max_tokens=16, device="cpu")


def test_precision_is_full_or_half_when_asked_for() -> None:
    assert precision_flags(Precision.FULL, "cpu") == {"bf16": False, "fp16": False}
    assert precision_flags(Precision.HALF, "cpu") == {"bf16": True, "fp16": False}
    assert precision_flags(Precision.AUTO, "cpu")["fp16"] is False
