FROM scratch AS 1st
LABEL a=b
