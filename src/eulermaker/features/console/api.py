"""The page at `/`."""

import base64
import hashlib
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

# One page without scripts: nothing may run, nothing may be loaded from anywhere.
POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def router() -> APIRouter:
    """The route of the page."""
    page = files(__package__).joinpath("welcome.html").read_text(encoding="utf-8")
    headers = {
        "Content-Security-Policy": POLICY.format(style=_style_hash(page)),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    routes = APIRouter()

    @routes.get("/", include_in_schema=False)
    async def welcome() -> Response:
        """How to begin, in Chinese and English."""
        return HTMLResponse(page, headers=headers)

    return routes


def _style_hash(page: str) -> str:
    """The hash by which the policy allows the page's own style (CSP level 3, §6.7)."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
