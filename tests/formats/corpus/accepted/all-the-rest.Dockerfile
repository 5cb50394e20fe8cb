FROM scratch
MAINTAINER somebody <x@example.invalid>
EXPOSE 80 443/tcp 8000-8010/udp
STOPSIGNAL SIGTERM
USER 1000:1000
WORKDIR /srv/app
VOLUME /one /two
