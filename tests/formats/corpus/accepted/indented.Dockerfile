   FROM scratch
	 LABEL corpus=indented
