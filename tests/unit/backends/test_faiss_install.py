from __future__ import annotations

import pytest

from engine.backends.faiss_install import check_faiss_install
from engine.errors import ConfigError


def test_one_package_is_named() -> None:
    assert check_faiss_install(["numpy", "faiss-gpu"]) == "faiss-gpu"
    assert check_faiss_install().startswith("faiss-")


def test_both_packages_at_once_are_explained() -> None:
    with pytest.raises(ConfigError, match="faiss-cpu and faiss-gpu are both installed") as caught:
        check_faiss_install(["faiss-gpu", "faiss-cpu"])

    assert "pip uninstall -y faiss-cpu faiss-gpu" in caught.value.message


def test_no_package_names_the_extra_to_install() -> None:
    with pytest.raises(ConfigError, match=r"\[cpu\]"):
        check_faiss_install(["numpy"])
