"""Opens the base model of a dual encoder, and refuses what is none before hours are spent on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoConfig

from engine.backends.device import CUDA
from engine.backends.torch_model import quiet
from engine.errors import ConfigError
from index_builder.train.base_model import transformer_folder
from index_builder.train.encoder.adapters import body_of
from index_builder.train.encoder.encoder_plan import EncoderPlan, Precision

_WRONG_HEADS = {
    "ForCausalLM": "a language model that writes text",
    "ForConditionalGeneration": "a model that writes text",
    "LMHeadModel": "a language model that writes text",
    "ForSequenceClassification": "a classifier or cross-encoder",
    "ForTokenClassification": "a tagger",
    "ForQuestionAnswering": "a reader of answers",
}
_KNOWN_SHARE = 0.5
_ADVICE = "Choose a sentence encoder or a BERT-like body."


def open_base_encoder(base: Path, *, max_tokens: int, device: str) -> SentenceTransformer:
    """A sentence-transformers folder, or a BERT-like body whose token embeddings are then averaged.

    Texts are cut at `max_tokens`, or at what the model can read. Raises ConfigError for anything else:
    decoders, T5 without pooling, classifiers, models without a fast tokeniser or without one vector for a
    text.
    """
    if not (base / "modules.json").is_file():
        _check_body(base)
    with quiet():
        try:
            model = SentenceTransformer(str(base), device=device, local_files_only=True)
        except Exception as error:  # transformers, tokenizers and safetensors share no base class
            raise ConfigError(
                f"{base} cannot be opened as a sentence encoder ({_first_line(error)}). {_ADVICE}", path=base
            ) from error
    _check_opened(base, model)
    model.max_seq_length = min(max_tokens, model.max_seq_length or max_tokens)
    return model


def prompts_of(model: SentenceTransformer, plan: EncoderPlan) -> tuple[str, str]:
    """What is put before queries and before products: the plan's words, or else the model's own."""
    query = _prompt(plan.query_prompt, model.prompts, ("query",))
    return query, _prompt(plan.product_prompt, model.prompts, ("document", "passage"))


def precision_flags(precision: Precision, device: str) -> dict[str, Any]:
    """`bf16` and `fp16` of the trainer. Weights stay in full precision, whatever their products are
    computed in.

    bfloat16 on a CPU that has the instructions (AVX512_BF16, AMX) takes half the time; others emulate it.
    """
    if precision is Precision.FULL:
        return {"bf16": False, "fp16": False}
    if device == CUDA:
        bf16 = torch.cuda.is_bf16_supported()
        return {"bf16": bf16, "fp16": not bf16}
    # Older versions of torch cannot tell.
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    native = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))
    return {"bf16": native or precision is Precision.HALF, "fp16": False}


def _check_body(base: Path) -> None:
    try:
        with quiet():
            config = AutoConfig.from_pretrained(transformer_folder(base), local_files_only=True)
    except Exception as error:  # ValueError, OSError, KeyError, by what is wrong
        raise ConfigError(f"{base} holds no model that transformers knows. {_ADVICE}", path=base) from error
    heads = [name for name in (config.architectures or []) if isinstance(name, str)]
    what = next((what for end, what in _WRONG_HEADS.items() if any(name.endswith(end) for name in heads)), "")
    if not what and getattr(config, "is_encoder_decoder", False):
        what = "an encoder with a decoder, without pooling"
    if not what and getattr(config, "is_decoder", False):
        what = "a decoder"
    if what:
        raise ConfigError(
            f"The base model in {base} is {what} ({config.model_type}), not a sentence encoder. {_ADVICE}",
            path=base,
        )


def _check_opened(base: Path, model: SentenceTransformer) -> None:
    if not hasattr(model[0], "auto_model"):
        problem = f"starts with {type(model[0]).__name__}, not with a transformer"
    elif getattr(model.tokenizer, "backend_tokenizer", None) is None or model.tokenizer.pad_token_id is None:
        problem = "has no fast tokeniser with a pad token"
    elif len(model.tokenizer) < _KNOWN_SHARE * body_of(model).config.vocab_size:
        # Where its files are missing, transformers makes a tokeniser that knows no words.
        problem = f"has a tokeniser of {len(model.tokenizer)} words only; tokenizer.json may be missing"
    elif not model.get_embedding_dimension():
        problem = "gives no single vector for a text"
    else:
        return
    raise ConfigError(f"The base model in {base} {problem}. {_ADVICE}", path=base)


def _prompt(given: str | None, known: Mapping[str, str | None], names: Sequence[str]) -> str:
    return given if given is not None else next((text for name in names if (text := known.get(name))), "")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
