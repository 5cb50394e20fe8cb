FROM scratch AS work
COPY --link a /b
ADD --link=false --chmod=755 a /b

FROM scratch
LABEL corpus=end
