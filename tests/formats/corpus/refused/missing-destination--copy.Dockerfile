FROM scratch
COPY alone
