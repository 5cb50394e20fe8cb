FROM scratch AS context
LABEL a=1
FROM scratch AS a-b_c.9
LABEL corpus=reserved
