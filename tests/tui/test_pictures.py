"""The pictures of the README are what the tour draws, and show everywhere: they load nothing and fit a page."""

from budget_tui.bootstrap import Services
from tests.pictures.tour import FOLDER, drawn

BYTES_AT_MOST = 150_000


async def test_the_pictures_of_the_readme_are_what_the_tour_draws(services: Services, in_utc: None) -> None:
    for name, picture in (await drawn(services)).items():
        assert (FOLDER / name).read_text("utf-8") == picture, "python -m tests.pictures draws it; look at it"
        assert len(picture.encode()) < BYTES_AT_MOST
        assert picture.count("http") == 1, "the name space, and nothing to load"
