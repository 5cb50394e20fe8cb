FROM --platform=linux/amd64 scratch
LABEL corpus=platform
