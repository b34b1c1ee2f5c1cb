"""Stage 1, last step: the words that the models read, which are not always those that the shopper wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.stages.understand import Understanding
from engine.text import has_cjk


@dataclass(frozen=True, slots=True)
class Phrase:
    """`reads_chinese` was found out when the generation was built, by asking its encoder.

    A model of English alone gives noise for Chinese text, and noise with a high weight spoils a ranking. It
    is given the query's other words and what the knowledge graph calls the Chinese ones ("黑色" is "black").
    """

    reads_chinese: bool

    def __call__(self, understanding: Understanding, other_words: Sequence[str]) -> str:
        """The query's text, or as much of it as the models can read; empty when that is nothing."""
        if self.reads_chinese or not understanding.cjk:
            return understanding.text
        return " ".join(word for word in (*understanding.tokens, *other_words) if not has_cjk(word))
