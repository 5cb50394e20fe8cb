from scratch as Work
label corpus=lower-case
