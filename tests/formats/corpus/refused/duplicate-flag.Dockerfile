FROM scratch AS work
COPY --from=scratch --from=scratch a /b

FROM scratch
LABEL corpus=end
