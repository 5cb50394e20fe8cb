FROM scratch AS work
RUN [ -f /x ]
CMD ['single', 'quotes']
ENTRYPOINT ["open

FROM scratch
LABEL corpus=end
