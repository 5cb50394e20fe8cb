"""Write what is generated from the code and committed; with `--check`, tell what is out of date."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from eulermaker.assembly import assemble
from eulermaker.features.errors.client_source import client_source
from eulermaker.features.errors.reference import reference
from eulermaker.features.optimizer.reference import reference as rules
from eulermaker.kernel.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
#: What scripts/node_packages.sh exits with.
NO_NODE = 3


def generated() -> dict[Path, str]:
    """The text of each generated file."""
    with tempfile.TemporaryDirectory() as data_dir:
        server = assemble(Settings(data_dir=Path(data_dir)))
    document = json.dumps(server.api.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return {
        ROOT / "docs/reference/openapi.json": document,
        **_console_types(document),
        ROOT / "docs/reference/errors.md": reference(server.catalogue),
        ROOT / "docs/reference/optimizer-rules.md": rules(),
        ROOT / "src/eulermaker/client/slugs.py": client_source(server.catalogue),
    }


def _console_types(document: str) -> dict[Path, str]:
    """The console's types of the API; nothing where there is no Node.js to make them with."""
    if subprocess.run([ROOT / "scripts/node_packages.sh"], check=False).returncode == NO_NODE:
        print("without Node.js web/src/api/schema.ts is neither written nor compared", file=sys.stderr)
        return {}
    command = ["npm", "--prefix", str(ROOT / "web"), "run", "--silent", "schema"]
    types = subprocess.run(command, check=True, input=document, stdout=subprocess.PIPE, text=True).stdout
    return {ROOT / "web/src/api/schema.ts": types}


def main() -> int:
    """Write or check; tells how many files were out of date when checking."""
    texts = generated()
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        shown = path.relative_to(ROOT)
        if "--check" in sys.argv[1:]:
            print(f"out of date: {shown} (run .venv/bin/python scripts/generate.py)", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path])
            print(f"written: {shown}")
    return len(stale) if "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    raise SystemExit(main())
