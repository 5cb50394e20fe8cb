FROM scratch AS work
COPY --form=x a /b

FROM scratch
LABEL corpus=end
