FROM scratch
ONBUILD RUN true
ONBUILD COPY . /src
onbuild user nobody
LABEL corpus=onbuild
