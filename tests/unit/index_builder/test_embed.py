from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from index_builder.embed import CHUNK_TEXTS, embed_products, embed_queries
from tests.unit.index_builder.hashing_encoder import HashingEncoder, many_texts

MANY = 3 * CHUNK_TEXTS + 7


@pytest.fixture
def encoder(tmp_path: Path) -> HashingEncoder:
    return HashingEncoder(tmp_path / "log")


def test_each_row_is_the_embedding_of_its_text(tmp_path: Path, encoder: HashingEncoder) -> None:
    texts = ["b", "a", "b", "", "c"]

    vectors = embed_products(texts, encoder, cache=tmp_path / "cache")

    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, HashingEncoder(tmp_path / "other").encode_products(texts))


def test_embeddings_can_lie_in_a_file_that_nobody_has_to_remove(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    texts, scratch = ["b", "a", "b", "", "c"], tmp_path / "scratch"
    scratch.mkdir()

    mapped = embed_products(texts, encoder, cache=tmp_path / "cache", scratch=scratch)

    assert isinstance(mapped, np.memmap)
    assert not any(scratch.iterdir())
    np.testing.assert_array_equal(mapped, embed_products(texts, encoder, cache=tmp_path / "cache"))
    assert embed_products([], encoder, cache=tmp_path / "cache", scratch=scratch).shape == (
        0,
        mapped.shape[1],
    )


def test_no_room_for_the_embeddings_is_told_before_any_is_made(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    """A limit on the size of files stands in for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        with pytest.raises(ConfigError, match=r"no room for 5 embeddings .*: File too large"):
            embed_products(list("abcde"), encoder, cache=tmp_path / "cache", scratch=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not encoder.seen


def test_the_same_text_twice_is_embedded_once(tmp_path: Path, encoder: HashingEncoder) -> None:
    embed_products(["b", "a", "b"], encoder, cache=tmp_path / "cache")

    assert sorted(encoder.seen) == ["a", "b"]


def test_a_second_build_embeds_only_what_is_new(tmp_path: Path, encoder: HashingEncoder) -> None:
    first = embed_products(["a", "b"], encoder, cache=tmp_path / "cache")
    second = embed_products(["b", "new", "a"], encoder, cache=tmp_path / "cache")

    assert encoder.seen == ["a", "b", "new"]
    np.testing.assert_array_equal(second[[2, 0]], first)


def test_another_encoder_and_the_query_side_have_vectors_of_their_own(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    cache = tmp_path / "cache"
    other = HashingEncoder(tmp_path / "log", name="other", dimension=4)
    as_product = embed_products(["a"], encoder, cache=cache)

    assert embed_products(["a"], other, cache=cache).shape == (1, 4)
    np.testing.assert_array_equal(embed_queries(["a"], encoder, cache=cache), -as_product)
    assert encoder.seen == ["a", "a", "a"]


def test_progress_starts_with_what_is_known_and_ends_with_everything(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    known = many_texts(10)
    embed_products(known, encoder, cache=tmp_path / "cache")
    told: list[tuple[int, int]] = []

    embed_products(
        many_texts(CHUNK_TEXTS + 11),
        encoder,
        cache=tmp_path / "cache",
        progress=lambda *so_far: told.append(so_far),
    )

    total = CHUNK_TEXTS + 11
    assert told == [(10, total), (10 + CHUNK_TEXTS, total), (total, total)]


def test_no_texts_give_no_rows(tmp_path: Path, encoder: HashingEncoder) -> None:
    assert embed_products([], encoder, cache=tmp_path / "cache").shape == (0, 8)
    embed_products(["a"], encoder, cache=tmp_path / "cache")
    assert embed_products([], encoder, cache=tmp_path / "cache").shape == (0, 8)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", None])
def test_a_damaged_chunk_is_embedded_again(
    tmp_path: Path, encoder: HashingEncoder, damage: bytes | None
) -> None:
    vectors = embed_products(["a", "b"], encoder, cache=tmp_path / "cache")
    [chunk] = (tmp_path / "cache").rglob("*.npz")
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[: len(whole) // 2] if damage is None else damage)

    np.testing.assert_array_equal(embed_products(["a", "b"], encoder, cache=tmp_path / "cache"), vectors)
    assert encoder.seen == ["a", "b", "a", "b"]


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.unit.index_builder.hashing_encoder", str(tmp_path), str(MANY)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for wanted in (0, CHUNK_TEXTS, 2 * CHUNK_TEXTS):
            assert int(process.stdout.readline()) == wanted
            if wanted < 2 * CHUNK_TEXTS:
                process.stdin.write("\n")
                process.stdin.flush()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    encoder = HashingEncoder(tmp_path / "log")
    assert len(encoder.seen) == 2 * CHUNK_TEXTS

    told: list[int] = []
    vectors = embed_products(
        many_texts(MANY), encoder, cache=tmp_path / "cache", progress=lambda done, _: told.append(done)
    )

    assert told == [2 * CHUNK_TEXTS, 3 * CHUNK_TEXTS, MANY]
    assert sorted(encoder.seen) == sorted(many_texts(MANY)), "no text was embedded twice"
    never_killed = embed_products(
        many_texts(MANY), HashingEncoder(tmp_path / "log 2"), cache=tmp_path / "cache 2"
    )
    np.testing.assert_array_equal(vectors, never_killed)
    assert names(tmp_path / "cache") == names(tmp_path / "cache 2")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.npz"))


@settings(max_examples=25, deadline=None)
@given(
    runs=st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=3)), max_size=5)
)
def test_whatever_was_embedded_before_the_rows_are_right(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    encoder, fresh = HashingEncoder(folder / "log"), HashingEncoder(folder / "fresh")
    for texts in runs:
        vectors = embed_products(texts, encoder, cache=folder / "cache")
        np.testing.assert_array_equal(vectors, fresh.encode_products(texts))
    assert len(encoder.seen) == len({text for texts in runs for text in texts})
