FROM scratch AS work
RUN -- true
COPY -- a b

FROM scratch
LABEL corpus=end
