"""The engine itself, asked past the product."""

import json
from typing import Any

from scripts import engine_api


def ask(host: str, method: str, path: str, body: object = None) -> Any:
    """What the engine at that DOCKER_HOST answers to a JSON body; None when it answers nothing."""
    sent = b"" if body is None else json.dumps(body).encode()
    with engine_api.exchange(host, method, path, sent, content_type="application/json") as answer:
        told = answer.response.read()
    return json.loads(told) if told else None
