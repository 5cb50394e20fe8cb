FROM scratch AS work
COPY --from=9 a /b

FROM scratch
LABEL corpus=end
