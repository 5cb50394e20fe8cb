FROM scratch AS work
LABEL a=1
FROM scratch AS WORK
LABEL corpus=twice
