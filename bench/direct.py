"""What one writes by hand instead of a batch: asks the mock for many rows, so many at once.

A process of its own: reads the port, the body with its mark, the rows and the places as JSON from
stdin; prints the seconds that it took. httpx on aiohttp's engine, as the service has it.
"""

import asyncio
import json
import sys
from itertools import count
from time import perf_counter

import httpx

from app.gateway.transport import open_http
from bench.cases import DIGITS, MARK, NONE


async def _run(port: int, body: str, rows: int, places: int) -> float:
    before, mark, after = body.encode().rpartition(MARK + NONE)
    numbers = count(1)
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    headers = {"content-type": "application/json", "authorization": "Bearer anything"}

    async def work(client: httpx.AsyncClient) -> None:
        while (number := next(numbers)) <= rows:
            own = mark[:-DIGITS] + b"%0*d" % (DIGITS, number)
            response = await client.post(url, content=before + own + after, headers=headers)
            said = json.loads(response.content)["choices"][0]["message"]["content"]
            json.loads(said)

    async with httpx.AsyncClient(transport=open_http(), trust_env=False) as client:
        begun = perf_counter()
        await asyncio.gather(*(work(client) for _ in range(places)))
        return perf_counter() - begun


if __name__ == "__main__":
    print(asyncio.run(_run(**json.loads(sys.stdin.read()))))
