FROM scratch
HEALTHCHECK --interval=1m30s --timeout=10s --start-period=1.5s --retries=3 CMD curl -f http://localhost/
HEALTHCHECK none
LABEL corpus=healthcheck
