"""A generation is written once, checked whole, pointed at atomically and rolled back."""

import json
from pathlib import Path

import pytest

from engine.errors import (
    ConfigError,
    DamagedGenerationError,
    FailedPreconditionError,
    LockHeldError,
    NotFoundError,
)
from engine.files import held
from engine.generation import MANIFEST, PARTS, POINTER, DataFolder, Generation
from engine.manifest import folded_parameters
from engine.types import FoldedChanges
from index_builder.publish import Summary, publish, seal


def write_parts(folder: Path, content: str = "x") -> Path:
    for part in PARTS:
        (folder / part).mkdir(parents=True)
        (folder / part / "file.bin").write_text(content)
    return folder


def summary(**build: object) -> Summary:
    return Summary("0.1", 4, 3, 2, 10, 0.97, build, {}, {"ndcg@10": 0.5})


def published(data: Path, content: str, *, activate: bool = True) -> Generation:
    work = write_parts(data / "building" / content, content)
    seal(work, summary())
    return publish(work, data, activate=activate)


def test_a_published_generation_is_active_and_whole(tmp_path: Path) -> None:
    generation = published(tmp_path, "first")

    data = DataFolder.open(tmp_path)
    assert data.open_active().id == generation.id
    assert [info.active for info in data.list()] == [True]
    assert data.list()[0].evaluation == {"ndcg@10": 0.5}
    assert not (tmp_path / "building" / "first").exists()


def test_the_same_content_gives_the_same_id_and_other_content_another(tmp_path: Path) -> None:
    first, again = published(tmp_path / "a", "same"), published(tmp_path / "b", "same")

    assert first.id == again.id
    assert published(tmp_path / "a", "other").id != first.id


def test_publishing_the_same_content_twice_keeps_one(tmp_path: Path) -> None:
    published(tmp_path, "same")
    published(tmp_path, "same")

    assert len(DataFolder(tmp_path).list()) == 1


def test_roll_back_returns_to_the_one_before_and_then_there_is_none(tmp_path: Path) -> None:
    first, second = published(tmp_path, "first"), published(tmp_path, "second")
    data = DataFolder(tmp_path)
    assert data.open_active().id == second.id

    assert data.roll_back().active == first.id
    with pytest.raises(FailedPreconditionError, match="no earlier generation"):
        data.roll_back()


def test_rolling_back_to_a_generation_that_was_pruned_says_so(tmp_path: Path) -> None:
    first, _ = published(tmp_path, "first"), published(tmp_path, "second")
    (first.folder / MANIFEST).unlink()

    with pytest.raises(FailedPreconditionError, match=f"{first.id}, which was active before, .* pruned"):
        DataFolder(tmp_path).roll_back()


def test_who_uses_a_generation_keeps_it_from_being_removed_and_the_other_way_round(tmp_path: Path) -> None:
    generation = published(tmp_path, "first")
    manifest = generation.folder / MANIFEST

    with generation.in_use(), generation.in_use(), held(manifest, alone=True) as removable:
        assert not removable
    with (
        held(manifest, alone=True) as removable,
        pytest.raises(DamagedGenerationError, match="is being removed"),
        generation.in_use(),
    ):
        pass
    assert removable
    manifest.unlink()
    with pytest.raises(DamagedGenerationError, match="is missing"), generation.in_use():
        pass


def test_one_at_a_time_builds(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)

    with (
        data.building(),
        pytest.raises(LockHeldError, match=r"build\.lock is held"),
        DataFolder(tmp_path).building(wait=0.05),
    ):
        pass
    with data.building():
        pass


def test_every_generation_says_which_live_changes_it_holds(tmp_path: Path) -> None:
    published(tmp_path, "first")
    folded = FoldedChanges(7, "log", "lineage")
    work = write_parts(tmp_path / "building" / "second", "second")
    seal(work, summary(**folded_parameters(folded)))
    generation = publish(work, tmp_path, activate=True)

    data = DataFolder(tmp_path)
    assert generation.manifest.folded == folded
    assert set(data.folded()) == {folded, FoldedChanges()}
    assert {info.live_sequence for info in data.list()} == {7, 0}


def test_a_manifest_that_cannot_be_read_does_not_count_as_one_without_changes(tmp_path: Path) -> None:
    generation = published(tmp_path, "first")
    (generation.folder / MANIFEST).write_text("{")

    with pytest.raises(DamagedGenerationError):
        DataFolder(tmp_path).folded()


def test_the_changes_that_are_folded_in_are_part_of_the_id(tmp_path: Path) -> None:
    ids = set()
    for sequence in (0, 3, 4):
        work = write_parts(tmp_path / str(sequence), "same")
        folded = FoldedChanges(sequence, "log", "lineage") if sequence else FoldedChanges()
        ids.add(seal(work, summary(**folded_parameters(folded))).id)

    assert len(ids) == 3


def test_a_generation_can_be_published_without_being_activated(tmp_path: Path) -> None:
    first = published(tmp_path, "first")
    published(tmp_path, "second", activate=False)

    assert DataFolder(tmp_path).open_active().id == first.id


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_file_is_named(tmp_path: Path, part: str) -> None:
    generation = published(tmp_path, "first")
    (generation.folder / part / "file.bin").unlink()

    with pytest.raises(DamagedGenerationError, match=f"{part}/file.bin is missing"):
        Generation.open(generation.folder)


def test_a_flipped_bit_is_found_by_its_checksum_only_when_asked(tmp_path: Path) -> None:
    generation = published(tmp_path, "abc")
    (generation.folder / "vectors" / "file.bin").write_text("abd")

    Generation.open(generation.folder, verify=False)
    with pytest.raises(DamagedGenerationError, match=r"vectors/file.bin does not match its SHA-256"):
        Generation.open(generation.folder)


def test_a_cut_file_is_found_even_without_checksums(tmp_path: Path) -> None:
    generation = published(tmp_path, "abc")
    (generation.folder / "vectors" / "file.bin").write_text("ab")

    with pytest.raises(DamagedGenerationError, match="2 bytes instead of 3"):
        Generation.open(generation.folder, verify=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format_version": 99}', '{"format_version": 1}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    generation = published(tmp_path, "first")
    (generation.folder / MANIFEST).write_text(content)

    with pytest.raises(DamagedGenerationError, match=r"manifest\.json"):
        Generation.open(generation.folder)


@pytest.mark.parametrize("name", ["nope", "../..", "", "/etc"])
def test_an_unknown_generation_is_not_found_and_never_a_path(tmp_path: Path, name: str) -> None:
    published(tmp_path, "first")

    with pytest.raises(NotFoundError):
        DataFolder(tmp_path).open_generation(name)


def test_a_folder_without_a_build_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"index_builder build --out"):
        DataFolder.open(tmp_path)
    with pytest.raises(ConfigError, match="no data folder"):
        DataFolder.open(tmp_path / "absent")


def test_an_unfinished_build_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "file.bin").write_text("x")

    with pytest.raises(RuntimeError, match="encoder"):
        seal(tmp_path, summary())
    assert not (tmp_path / MANIFEST).exists()


def test_the_pointer_survives_a_writer_that_died_before_its_rename(tmp_path: Path) -> None:
    generation = published(tmp_path, "first")
    (tmp_path / f".{POINTER}.999.tmp").write_text("half")

    assert DataFolder(tmp_path).open_active().id == generation.id
    assert json.loads((tmp_path / POINTER).read_text())["active"] == generation.id
