"""What all tests share: an environment without the user's choices, how hard property tests look, and a garbage
collector that does not look at the libraries."""

import gc
import os

import pytest
from hypothesis import settings

for name in [name for name in os.environ if name.startswith("BUDGET_TUI_")]:
    del os.environ[name]

# Judged by what they find, not by how busy the machine is. Where an example is dear, the test asks for fewer.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is imported by now stays: to go through it again and again takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure() -> None:
    """So that what is left can be cleared away at the end."""
    gc.unfreeze()
