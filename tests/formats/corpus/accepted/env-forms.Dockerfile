FROM scratch
ENV one=1 two="a b" three=a\ b
ENV legacy some words here
ENV empty=
LABEL "quoted key"='single $one' plain="${two}"
