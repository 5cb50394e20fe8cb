"""The analysis of a definition, before anything of it is built."""

from collections.abc import Mapping, Sequence

from anyio import to_thread

from eulermaker.features.builds.definition import checked_dockerfile
from eulermaker.features.builds.schemas import AnalysisRequest
from eulermaker.features.builds.spec_build import dockerfile_for, parsed_spec, spec_file
from eulermaker.features.images.service import Images
from eulermaker.features.optimizer.effect import effect_of
from eulermaker.features.optimizer.findings import Finding
from eulermaker.features.optimizer.schemas import Cost, PredictedEffect, ShownAnalysis, ShownFinding
from eulermaker.features.optimizer.service import Analysis, analyze, facts_of, spec_findings
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile, parse
from eulermaker.formats.image_reference import names_image
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.faults import Fault, InvalidFields, Language
from eulermaker.kernel.settings import Build as BuildSettings


class Analyses:
    """Says what would make a build cheaper."""

    def __init__(self, images: Images, *, settings: BuildSettings) -> None:
        self._images = images
        self._settings = settings

    async def analyze(self, call: Call, wanted: AnalysisRequest) -> ShownAnalysis:
        """What the rules find; raises InvalidFields where no build could be made of the definition."""
        call.require(Permission.BUILDS_READ)
        context, errors = wanted.decoded_files()
        if errors:
            raise InvalidFields(errors)
        spec = None if wanted.spec_content is None else parsed_spec(wanted.spec_content)
        if spec is not None and wanted.spec_content is not None:
            text = dockerfile_for(spec, base=wanted.base_image or self._settings.base_image)
            context[spec_file(spec)] = wanted.spec_content.encode()
        else:
            text = wanted.dockerfile_content or ""
        dockerfile = checked_dockerfile(text, target=None, build_args={})
        surroundings = Surroundings(
            # A request without files says nothing of the context: it may be uploaded later.
            files=context if wanted.context_files else None,
            users=await self._users(call, dockerfile),
        )
        analysis = await to_thread.run_sync(analyze, text, surroundings)
        if spec is None or wanted.spec_content is None:
            return _shown(analysis, analysis.findings, call.language)
        # The Dockerfile is ours: what there is to say is of the spec, in the spec's lines.
        found = spec_findings(wanted.spec_content, spec, surroundings.files)
        return _shown(analysis, found, call.language)

    async def _users(self, call: Call, dockerfile: Dockerfile) -> Mapping[str, str]:
        """The users of those base images that are on the engine."""
        users: dict[str, str] = {}
        for base in {stage.base for stage in dockerfile.stages}:
            if names_image(base):
                try:
                    users[base] = (await self._images.get(call, base)).user
                except Fault as fault:
                    # What cannot be known is not assumed; the analysis itself needs no engine.
                    if fault.entry.slug not in ("image-not-found", "engine-unavailable", "engine-refused"):
                        raise
        return users


def _shown(analysis: Analysis, found: Sequence[Finding], language: Language) -> ShownAnalysis:
    return ShownAnalysis(
        findings=[
            ShownFinding(
                rule=finding.rule.slug,
                line=finding.line,
                severity=finding.rule.severity,
                message=finding.rule.sentence(language, finding.facts),
                safe=finding.rule.safe,
                diff=analysis.proposal(finding),
                facts=dict(facts_of(finding)),
            )
            for finding in found
        ],
        dockerfile=analysis.text,
        optimized_dockerfile=analysis.optimized,
        diff=analysis.diff,
        applied=sorted({finding.rule.slug for finding in analysis.applied}),
        predicted=PredictedEffect(as_written=_cost(analysis.text), optimized=_cost(analysis.optimized)),
    )


def _cost(text: str) -> Cost:
    effect = effect_of(parse(text))
    return Cost(fetching_runs=effect.fetching_runs, runs_after_sources=effect.runs_after_sources)
