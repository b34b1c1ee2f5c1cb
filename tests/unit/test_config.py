from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from pydantic import Field

from engine.commands.flags import add_flags, flag_name, given_flags
from engine.commands.settings import read_settings
from engine.config import (
    BackupSettings,
    CheckSettings,
    DoctorSettings,
    KeySettings,
    Names,
    RestoreSettings,
    SearchSettings,
    ServeSettings,
    Settings,
)
from engine.errors import ConfigError

ALL: list[type[Settings]] = [
    *(ServeSettings, SearchSettings, KeySettings, DoctorSettings),
    *(BackupSettings, RestoreSettings, CheckSettings),
]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("CARTOGRAPH_"):
            monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "cartograph.toml"


def test_defaults_serve_a_data_folder_on_this_machine_only() -> None:
    settings = read_settings(ServeSettings, {"data": "shop"})

    assert (settings.data, settings.host, settings.port) == (Path("shop"), "127.0.0.1", 50051)
    assert (settings.max_inflight, settings.rerank_depth, settings.candidates_per_source) == (64, 20, 200)


def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text('[serve]\ndata = "file"\nport = 1\nworkers = 1\nthreads = 1\n')
    monkeypatch.setenv("CARTOGRAPH_PORT", "2")
    monkeypatch.setenv("CARTOGRAPH_WORKERS", "2")

    settings = read_settings(ServeSettings, {"port": "3"}, toml)

    assert (settings.port, settings.workers, settings.threads) == (3, 2, 1)
    assert settings.max_inflight == 64


def test_the_file_may_be_named_by_the_environment_and_a_flag_wins(
    toml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text('[serve]\ndata = "by variable"\n')
    other = tmp_path / "other.toml"
    other.write_text('[serve]\ndata = "by flag"\n')
    monkeypatch.setenv("CARTOGRAPH_CONFIG", str(toml))

    assert read_settings(ServeSettings, {}).data == Path("by variable")
    assert read_settings(ServeSettings, {}, other).data == Path("by flag")


def test_a_command_reads_its_own_table_and_leaves_the_others(toml: Path) -> None:
    toml.write_text('[serve]\ndata = "shop"\nport = 7\n[search]\ntarget = "host:7"\n[build]\nseed = 3\n')

    assert read_settings(ServeSettings, {}, toml).port == 7
    assert read_settings(SearchSettings, {}, toml).target == "host:7"


def test_building_settings_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTOGRAPH_PORT", "2")

    assert ServeSettings(data=Path("shop")).port == 50051


def test_a_list_is_repeated_flags_a_toml_array_or_text_with_commas(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text('[search]\nfacet = ["brand", "price"]\n')

    assert read_settings(SearchSettings, {}, toml).facet == ("brand", "price")
    monkeypatch.setenv("CARTOGRAPH_FACET", "brand, category")
    assert read_settings(SearchSettings, {}, toml).facet == ("brand", "category")
    assert read_settings(SearchSettings, {"facet": ["price"]}, toml).facet == ("price",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[serve]\nprt = 1\n", "'prt' in [serve] is no setting. Did you mean port?"),
        ("[srve]\nport = 1\n", "[srve] is no command. Did you mean serve?"),
        ("port = 1\n", "'port' stands alone; put it into a table, such as [serve]."),
    ],
)
def test_what_the_file_should_not_hold_is_named_with_the_file(toml: Path, text: str, sentence: str) -> None:
    toml.write_text(text)

    with pytest.raises(ConfigError) as raised:
        read_settings(ServeSettings, {"data": "shop"}, toml)

    assert raised.value.message == f"{toml}: {sentence}"


def test_a_broken_or_missing_file_is_named(toml: Path) -> None:
    with pytest.raises(ConfigError, match=r"cartograph\.toml cannot be read: No such file"):
        read_settings(ServeSettings, {"data": "shop"}, toml)
    toml.write_text("[serve\n")
    with pytest.raises(ConfigError, match=r"cartograph\.toml is not TOML: .*line 1"):
        read_settings(ServeSettings, {"data": "shop"}, toml)


def test_a_wrong_value_is_one_sentence_naming_where_it_stands(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def problem(flags: dict[str, str], config: Path | None = None) -> str:
        with pytest.raises(ConfigError) as raised:
            read_settings(ServeSettings, {"data": "shop", **flags}, config)
        return raised.value.message

    toml.write_text('[serve]\ndevice = "tpu"\n')
    assert problem({"port": "70000"}).startswith("--port is '70000': input should be less than")
    assert problem({}, toml) == (
        f"device in [serve] of {toml} is 'tpu': input should be 'auto', 'cpu' or 'cuda'."
    )
    monkeypatch.setenv("CARTOGRAPH_DRAIN_GRACE", "soon")
    assert problem({}).startswith("CARTOGRAPH_DRAIN_GRACE is 'soon': input should be a valid number")


def test_a_missing_data_folder_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"--data or --collection is missing; give one of them"):
        read_settings(ServeSettings, {})


def test_a_flag_for_a_server_silences_a_data_folder_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARTOGRAPH_DATA", "shop")

    assert read_settings(SearchSettings, {}).data == Path("shop")
    assert read_settings(SearchSettings, {"target": "host:1"}).data is None
    with pytest.raises(ConfigError, match="--target and --data exclude each other"):
        read_settings(SearchSettings, {"target": "host:1", "data": "shop"})


@pytest.mark.parametrize("model", ALL)
def test_help_describes_every_setting_with_default_and_variable(model: type[Settings]) -> None:
    parser = argparse.ArgumentParser(formatter_class=lambda prog: argparse.HelpFormatter(prog, width=10_000))
    add_flags(parser, model)
    text = parser.format_help()

    for field, info in model.model_fields.items():
        assert flag_name(field, model) in text
        assert info.description is not None
        assert info.description.replace("%%", "%") in text
        assert f"CARTOGRAPH_{field.upper()}]" in text


def test_a_list_whose_values_belong_together_takes_them_behind_one_flag() -> None:
    class Compared(Settings):
        table = "compared"
        pair: Names = Field((), description="Two.", json_schema_extra={"nargs": 2})
        others: Names = Field((), description="Any number.")

    parser = argparse.ArgumentParser()
    add_flags(parser, Compared)
    given = parser.parse_args(["--pair", "a", "b", "--others", "c", "--others", "d"])

    settings = read_settings(Compared, given_flags(given, Compared))
    assert (settings.pair, settings.others) == (("a", "b"), ("c", "d"))


def test_flags_not_given_stay_out_so_that_lower_sources_count() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, ServeSettings)

    assert given_flags(parser.parse_args([]), ServeSettings) == {}
    given = given_flags(parser.parse_args(["--no-metrics", "--max-inflight", "5"]), ServeSettings)
    assert given == {"metrics": False, "max_inflight": "5"}
    assert read_settings(ServeSettings, {"data": "shop", **given}).max_inflight == 5


@pytest.mark.parametrize("endpoint", ["localhost:4317", "http://", "ftp://traces:4317", "http://a/b c"])
def test_a_collector_that_is_no_url_is_one_sentence(endpoint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_settings(ServeSettings, {"data": "shop", "otlp_endpoint": endpoint})

    assert raised.value.message == (
        f"--otlp-endpoint is {endpoint!r}: give scheme, host and port, as http://localhost:4317."
    )


@pytest.mark.parametrize("endpoint", ["", "http://localhost:4317", "https://traces.shop.example:4317/"])
def test_a_collector_is_a_url_or_none(endpoint: str) -> None:
    settings = read_settings(ServeSettings, {"data": "shop", "otlp_endpoint": endpoint})

    assert settings.otlp_endpoint == endpoint


def test_only_the_level_debug_tells_what_shoppers_typed() -> None:
    levels = ("debug", "info", "warning", "error")
    given = [read_settings(ServeSettings, {"data": "shop", "log_level": level}) for level in levels]

    assert [settings.tells_words for settings in given] == [True, False, False, False]


class NeedsOne(Settings):
    table = "needs"
    alternatives = ("left", "right")
    needs_one = True

    left: tuple[Path, ...] = Field((), description="A.")
    right: bool = Field(False, description="B.")


@pytest.mark.parametrize("given", [{}, {"right": False}, {"left": ()}])
def test_of_alternatives_that_are_needed_all_are_named_when_none_is_given(given: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"^--left or --right is missing; give one of them\.$"):
        read_settings(NeedsOne, given)


def test_one_of_the_alternatives_that_are_needed_is_enough_and_two_are_too_many() -> None:
    assert read_settings(NeedsOne, {"right": True}).right
    with pytest.raises(ConfigError, match="exclude each other"):
        read_settings(NeedsOne, {"left": ("a",), "right": True})


TWO = (("garden", Path("data/garden")), ("fashion", Path("data/fashion")))


def test_collections_are_repeated_flags_a_table_or_text_with_commas(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text('[serve.collections]\ngarden = "data/garden"\nfashion = "data/fashion"\n')
    given = ["garden=data/garden", "fashion=data/fashion"]

    assert read_settings(ServeSettings, {"collections": given}).collections == TWO
    assert read_settings(ServeSettings, {}, toml).collections == TWO
    monkeypatch.setenv("CARTOGRAPH_COLLECTIONS", ", ".join(given))
    settings = read_settings(ServeSettings, {})
    assert settings.collections == TWO
    assert dict(settings.catalogues) == dict(TWO)


def test_collections_reach_the_processes_of_a_server_as_they_are() -> None:
    settings = read_settings(ServeSettings, {"collections": ["garden=data/garden", "fashion=data/fashion"]})

    assert ServeSettings.model_validate_json(settings.model_dump_json(exclude_unset=True)) == settings


def test_each_of_several_collections_hides_shoppers_by_a_key_of_its_own() -> None:
    flags = {
        "collections": ["garden=data/garden", "fashion=data/fashion"],
        "shopper_key_file": "keys/shopper",
    }
    two = read_settings(ServeSettings, flags)
    one = read_settings(ServeSettings, {"data": "shop", "shopper_key_file": "keys/shopper"})

    assert two.shopper_key_of(Path("data/garden")) == Path("keys/shopper.garden")
    assert two.shopper_key_of(Path("data/fashion")) == Path("keys/shopper.fashion")
    assert one.shopper_key_of(Path("shop")) == Path("keys/shopper")
    assert read_settings(ServeSettings, {"data": "shop"}).shopper_key_of(Path("shop")) is None


def test_a_data_folder_by_itself_needs_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dict(read_settings(ServeSettings, {"data": "shop"}).catalogues) == {"": Path("shop")}
    monkeypatch.setenv("CARTOGRAPH_DATA", "shop")

    settings = read_settings(ServeSettings, {"collections": ["garden=data/garden"]})

    assert dict(settings.catalogues) == {"garden": Path("data/garden")}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["garden"], "give a name and a data folder, as garden=data/garden."),
        (["garden="], "give a name and a data folder, as garden=data/garden."),
        (
            ["Garden=a"],
            "a collection's name is 1 to 63 lower-case letters, digits and hyphens, and begins with",
        ),
        (["=a"], "a collection's name is 1 to 63 lower-case"),
        ([f"{'a' * 64}=a"], "a collection's name is 1 to 63 lower-case"),
        (["a=x", "a=y"], "two collections have the same name; each needs one of its own."),
        (["a=x", "b=x/../x"], "two collections have the same data folder; each needs one of its own."),
    ],
)
def test_collections_that_could_not_be_told_apart_are_one_sentence(given: list[str], problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_settings(ServeSettings, {"collections": given})

    assert raised.value.message.startswith("--collection is ")
    assert problem in raised.value.message


def test_a_data_folder_and_collections_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="--data and --collection exclude each other"):
        read_settings(ServeSettings, {"data": "shop", "collections": ["garden=data/garden"]})
