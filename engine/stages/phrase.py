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

    def __call__(self, understanding: Understanding, other_words: Sequence[str]) -> tuple[str, ...]:
        """The query, then, where the graph knows other words for it, the query with them; none when the
        models cannot read any of it.
        """
        if self.reads_chinese or not understanding.cjk:
            written = understanding.text
            return (written, f"{written} {' '.join(other_words)}") if other_words else (written,)
        readable = [word for word in (*understanding.tokens, *other_words) if not has_cjk(word)]
        return (" ".join(readable),) if readable else ()
