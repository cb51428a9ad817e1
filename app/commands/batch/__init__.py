"""``groundwork batch``: files of rows in, files of rows out."""
