# makes each line of SQL a C string
s/\\/\\\\/g
s/"/\\"/g
s/^/"/
s/$/\\n"/
