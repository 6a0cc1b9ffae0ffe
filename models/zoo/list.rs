// The files of this folder by name. Written by `gcnn zoo add`.
&[
]
