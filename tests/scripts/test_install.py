from pathlib import Path

from tests.scripts.conftest import Tree


def test_an_interrupted_set_up_is_repaired_and_a_complete_one_is_kept(tree: Tree, tmp_path: Path) -> None:
    half = tree.root / ".venv" / "lib" / "python3.11" / "site-packages" / "httpx"
    half.mkdir(parents=True)
    (half / "__init__.py").write_text("raise ImportError('half a package')")
    home = tmp_path / "empty-home"
    home.mkdir()

    first = tree.run("scripts/install.sh", timeout=600, environment={"HOME": str(home)})
    assert first.returncode == 0, first.stderr
    imported = tree.run(".venv/bin/python", "-c", "import httpx, eulermaker; print(eulermaker.__file__)")
    assert imported.stdout.strip() == str(tree.root / "src/eulermaker/__init__.py")

    marker = tree.root / ".venv" / "kept"
    marker.touch()
    second = tree.run("scripts/install.sh", environment={"HOME": str(home)})
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert marker.exists()


def test_an_old_python_is_refused_in_one_line(tree: Tree) -> None:
    old = tree.root / "python-of-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    refused = tree.run("scripts/install.sh", environment={"PYTHON": str(old)})

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: Python 3.11 or newer is needed")
    assert refused.stderr.count("\n") == 1
