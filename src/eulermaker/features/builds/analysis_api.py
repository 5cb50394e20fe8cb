"""`POST /api/v1/builds/analyze`."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from eulermaker.dialects.success import Success, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.builds.analysis import Analyses
from eulermaker.features.builds.schemas import AnalysisRequest
from eulermaker.features.optimizer.schemas import ShownAnalysis
from eulermaker.kernel.call import Call


def router(analyses: Analyses, callers: Callers) -> APIRouter:
    """The route of the analysis."""
    routes = APIRouter(prefix="/api/v1/builds", tags=["builds"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.post("/analyze", response_model=Success[ShownAnalysis])
    async def analyze(call: Caller, body: AnalysisRequest) -> Response:
        """What would make a Dockerfile or a spec cheaper to build; nothing is stored or built."""
        return success(await analyses.analyze(call, body))

    return routes
