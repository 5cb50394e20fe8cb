FROM scratch
ENV one=1 two
