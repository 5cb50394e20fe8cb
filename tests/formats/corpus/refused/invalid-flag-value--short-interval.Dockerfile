FROM scratch
HEALTHCHECK --timeout=5us CMD x
