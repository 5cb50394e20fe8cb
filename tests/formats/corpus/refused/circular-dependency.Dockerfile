FROM scratch AS work
COPY --from=work a /b

FROM scratch
LABEL corpus=end
