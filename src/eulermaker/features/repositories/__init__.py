"""RPM repositories: what builds made, published so that dnf installs it."""
