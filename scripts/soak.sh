#!/usr/bin/env bash
# The tests in their long form: many more kills, races and fuzzed inputs. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export EULERMAKER_SOAK=1
exec scripts/test.sh "$@"
