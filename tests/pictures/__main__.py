"""The pictures of the README: ``python -m tests.pictures`` draws them by driving the dashboard on the demonstration."""

import asyncio
import tempfile
from pathlib import Path

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.services.demo import SHOWN_ON, load_demo
from tests.pictures.tour import FOLDER, drawn

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        services = open_services(str(Path(folder) / "demo.db"), as_of=SHOWN_ON, settings=Settings(time_zone="UTC"))
        load_demo(services.context)
        for name, picture in asyncio.run(drawn(services)).items():
            (FOLDER / name).write_text(picture, "utf-8")
            print(f"{FOLDER / name}: {len(picture):,} bytes")  # noqa: T201
