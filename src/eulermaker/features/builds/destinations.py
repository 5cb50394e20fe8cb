"""Where builds can be sent once they have succeeded; who publishes them is beyond this feature."""

from typing import Protocol

from eulermaker.features.builds.schemas import PublicationInfo
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import Language


class Destinations(Protocol):
    """Repositories, as builds know them."""

    async def require(self, call: Call, repository: str) -> None:
        """Raise the fault that publishing there would end in, as far as it is known before the build."""
        ...

    async def promise(self, call: Call, build: str, repository: str) -> None:
        """Record that the build is to be published there once it has succeeded."""
        ...

    async def of_build(self, build: str, language: Language) -> list[PublicationInfo]:
        """Where the build is, or will be."""
        ...
