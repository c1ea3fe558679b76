"""The floor: a FastAPI route that does one conditional update through bare sqlite3. ``bare_http.py DATABASE``."""

import sqlite3
import sys

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

connection = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA synchronous = FULL")
connection.execute("CREATE TABLE budget (agent TEXT PRIMARY KEY, allocated INTEGER, used INTEGER)")
connection.execute("INSERT INTO budget VALUES ('scout', 1000000000, 0)")

app = FastAPI()


class Tokens(BaseModel):
    tokens: int


@app.post("/agents/{agent}/budget/consume")
async def consume(agent: str, body: Tokens) -> dict[str, int]:
    row = connection.execute(
        "UPDATE budget SET used = used + ?1 WHERE agent = ?2 AND used + ?1 <= allocated RETURNING allocated, used",
        (body.tokens, agent),
    ).fetchone()
    if row is None:
        raise HTTPException(409)
    return {"allocated": row[0], "used": row[1]}


class Server(uvicorn.Server):
    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        [listening] = self.servers
        port = listening.sockets[0].getsockname()[1]
        print(f"http://127.0.0.1:{port}", file=sys.stderr, flush=True)


Server(uvicorn.Config(app, port=0, log_config=None, access_log=False)).run()
