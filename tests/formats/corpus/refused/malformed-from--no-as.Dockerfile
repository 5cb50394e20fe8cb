FROM scratch is work
