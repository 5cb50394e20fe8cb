FROM scratch AS work
COPY --chown a /b

FROM scratch
LABEL corpus=end
