/*
 * fuzz_delimited.c
 *	  Any bytes into the delimited parser.  Besides memory safety: what comes
 *	  out does not depend on how the bytes were pushed.
 */
#include "fuzz.h"

#include "parse/delimited.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64
mix(uint64 hash, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) bytes[i]) * UINT64CONST(1099511628211);
	return (hash ^ 0x100) * UINT64CONST(1099511628211);
}

/* Reads all records; returns a hash of all that they say */
static uint64
read_all(const DelimitedOptions *options, const char *bytes, size_t size, size_t chunk)
{
	DelimitedReader *reader = delimited_create(NULL, options);
	uint64		hash = 0;
	size_t		done = 0;
	size_t		raw_bytes = 0;
	int			nnames;
	Record		record;

	do
	{
		size_t		n = Min(chunk, size - done);

		delimited_push(reader, bytes + done, n, done + n == size);
		done += n;
		while (delimited_next(reader, &record))
		{
			fuzz_check_record(&record);
			raw_bytes += record.raw_len;
			if (record.error_code == NULL)
				PROMISE(delimited_names(reader, &nnames) && record.nfields == nnames);
			hash = mix(hash, record.raw, record.raw_len);
			hash = mix(hash, record.error_code ? record.error_code : "", record.error_code ? strlen(record.error_code) : 0);
			for (int i = 0; i < record.nfields; i++)
				hash = mix(hash, record.fields[i].value, record.fields[i].len);
		}
	} while (done < size);
	PROMISE(raw_bytes <= size * 3);
	PROMISE(delimited_names(reader, &nnames) || delimited_error(reader));
	if (delimited_error(reader))
		hash = mix(hash, delimited_error(reader), strlen(delimited_error(reader)));
	return hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const encodings[] = {NULL, "latin1", "win1252", "latin9"};
	static const char delimiters[] = {0, ',', '|', '\t'};
	DelimitedOptions options = {0};
	size_t		chunk;
	uint64		hash;

	if (size < 2)
		return 0;
	options.encoding = encodings[data[0] & 3];
	options.delimiter = delimiters[(data[0] >> 2) & 3];
	options.no_header = (data[0] & 16) != 0;
	options.no_quote = (data[0] & 32) != 0;
	options.strict = (data[0] & 64) != 0;
	if (data[0] & 128)
		options.encoding = data[0] & 1 ? "utf16le" : "utf16be";
	chunk = 1 + data[1];
	data += 2;
	size -= 2;

	hash = read_all(&options, (const char *) data, size, Max(size, 1));
	PROMISE(read_all(&options, (const char *) data, size, chunk) == hash);
	fuzz_free_all();
	return 0;
}
