FROM scratch
WORKDIR --x /a
