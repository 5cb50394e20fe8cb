ARG base=scratch
FROM scratch AS work
COPY --from=${base} a /b

FROM scratch
LABEL corpus=end
