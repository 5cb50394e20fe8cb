#!/usr/bin/env bash
# Print the Debian mirror that apt is configured with here, if any.
set -euo pipefail

command -v apt-get >/dev/null || exit 0
apt-get indextargets --format '$(COMPONENT) $(RELEASE) $(REPO_URI)' "Created-By: Packages" |
    awk '$1 == "main" && $2 !~ /[-\/]/ && $3 ~ /^https?:/ && $3 ~ /debian\/?$/ { print $3; exit }'
