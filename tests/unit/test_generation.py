"""A generation is written once, checked whole, pointed at atomically and rolled back."""

import json
from pathlib import Path

import pytest

from engine.errors import ConfigError, DamagedGenerationError, FailedPreconditionError, NotFoundError
from engine.generation import MANIFEST, PARTS, POINTER, DataFolder, Generation
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
