"""The console's page and assets; where it was not built, a page that says how to begin."""

import base64
import hashlib
import secrets
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from eulermaker.features.console.bundle import Bundle, built

BUILT = Path(__file__).with_name("static")
#: Stands in the built page where each answer has a nonce of its own.
NONCE = "__NONCE__"
# Scripts are files of ours. Styles are files, or elements that our scripts make and mark with the
# nonce; attributes are allowed, as a terminal colours its text with them.
CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# One page without scripts: nothing may run, nothing may be loaded from anywhere.
WELCOME_POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: A new build has new names.
FOR_EVER = "public, max-age=31536000, immutable"


def router(directory: Path = BUILT) -> APIRouter:
    """The routes of the console built in that directory."""
    bundle = built(directory)
    return _welcome() if bundle is None else _console(bundle)


def _console(bundle: Bundle) -> APIRouter:
    routes = APIRouter()

    async def page(_: Request) -> Response:
        """The one page, with a nonce that nobody can know beforehand."""
        nonce = secrets.token_urlsafe(16)
        headers = {
            "Content-Security-Policy": CONSOLE_POLICY.format(nonce=nonce),
            "Cache-Control": "no-store",
            **SECURITY,
        }
        return HTMLResponse(bundle.page.replace(NONCE, nonce), headers=headers)

    async def asset(request: Request) -> Response:
        """One asset, compressed as the browser takes it."""
        found = bundle.assets.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        encoding, path = found.acceptable(request.headers.get("accept-encoding", ""))
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding", **SECURITY}
        if encoding is not None:
            headers["Content-Encoding"] = encoding
        return FileResponse(path, media_type=found.media_type, headers=headers)

    routes.add_route("/", page)
    routes.add_route("/assets/{name}", asset)
    # Named one by one, so that what lies elsewhere is still answered as the API does.
    for section in bundle.sections:
        routes.add_route(f"/{section}", page)
        routes.add_route(f"/{section}/{{rest:path}}", page)
    return routes


def _welcome() -> APIRouter:
    text = files(__package__).joinpath("welcome.html").read_text(encoding="utf-8")
    headers = {"Content-Security-Policy": WELCOME_POLICY.format(style=_style_hash(text)), **SECURITY}
    routes = APIRouter()

    async def welcome(_: Request) -> Response:
        """How to begin, in Chinese and English."""
        return HTMLResponse(text, headers=headers)

    routes.add_route("/", welcome)
    return routes


def _style_hash(page: str) -> str:
    """The hash by which the policy allows the page's own style (CSP level 3, §6.7)."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
