FROM scratch AS work
COPY --chown=1:1 a b /c/
ADD --chown=2:2 https://example.invalid/x /y
COPY --from=scratch a /b

FROM scratch
LABEL corpus=end
