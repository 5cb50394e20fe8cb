FROM scratch AS one
LABEL a=b
FROM one AS two
COPY --from=0 a /b
COPY --from=ONE a /b
COPY --from=three a /b
FROM scratch AS three
LABEL c=d
FROM scratch
LABEL corpus=stages
