FROM scratch work
